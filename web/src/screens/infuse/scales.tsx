// Scales and events. Nothing is preselected: the last value is outlined, and confirming it is a tap like any other.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { clock } from '../../format';
import type { Actions, MeasureName, Session } from './model';

interface Range { from: number; to: number; word: string }
const ranges = (words: [string, string, string, string]): Range[] =>
  [[0, 0], [1, 3], [4, 6], [7, 10]].map(([from, to], i) => ({ from: from!, to: to!, word: words[i]! }));
const scales: { name: MeasureName; title: string; ranges: Range[] }[] = [
  { name: 'dissociation', title: 'Dissociation', ranges: ranges(['none', 'slight', 'clear', 'strong']) },
  { name: 'distress', title: 'Distress', ranges: ranges(['none', 'mild', 'clear', 'severe']) },
  { name: 'nausea', title: 'Nausea', ranges: ranges(['none', 'mild', 'moderate', 'severe']) },
];
const moaas = [['5', 'readily', 'to name'], ['4', 'slow', 'to name'], ['3', 'only', 'loud'], ['2', 'only', 'shaking'], ['1', 'only', 'pain'], ['0', 'none', '']];

export const eventButtons = [
  ['anxious', 'Anxious'], ['headache', 'Headache'], ['dizzy', 'Dizzy'], ['vomited', 'Vomited'], ['restless', 'Restless'], ['low-mood', 'Low mood'],
  ['reassured', 'Reassured'], ['moved', 'Moved'], ['oxygen-on', 'O₂ on'], ['iv-site', 'IV site'], ['spoke', 'Spoke'], ['note', 'Note…'],
] as const;

export function Scales({ session, actions, note }: { session: Session; actions: Actions; note: () => void }): JSX.Element {
  const closed = session.phase === 'home';
  const [asking, setAsking] = useState<{ name: MeasureName; range: Range } | undefined>();
  const record = (name: MeasureName, title: string, value: number): void => {
    setAsking(undefined);
    void actions.record('$vitals', { [name]: value }, `${title} ${value} recorded`);
  };
  const head = (name: MeasureName, title: string): JSX.Element => {
    const m = session.measures[name];
    return <span><b>{title}</b><small>{m.at ? `${m.value} at ${clock(m.at)}` : 'not asked yet'}</small></span>;
  };
  return <section class="pn sc" id="scales" aria-label="Scales and events" tabIndex={-1}>
    {scales.map((scale) => {
      const last = session.measures[scale.name].value;
      const digits = asking?.name === scale.name ? asking.range : undefined;
      return <div class="scr-row">{head(scale.name, `${scale.title} 0–10`)}
        <div class="sg" role="group" aria-label={`${scale.title}, 0 to 10`}>
          {digits ? <Digits range={digits} last={last} choose={(v) => record(scale.name, scale.title, v)} back={() => setAsking(undefined)} disabled={actions.busy} />
            : scale.ranges.map((range) => {
              const isLast = last >= range.from && last <= range.to;
              return <button type="button" class={isLast ? 'last' : ''} disabled={actions.busy || closed}
                onClick={() => (range.from === range.to ? record(scale.name, scale.title, range.from) : setAsking({ name: scale.name, range }))}>
                <b>{range.from === range.to ? range.from : `${range.from}–${range.to}`}</b>{range.word}{isLast && <span class="vh">, last value</span>}</button>;
            })}
        </div></div>;
    })}
    <div class="scr-row">{head('moaas', 'MOAA/S 5–0')}
      <div class="sg w2" role="group" aria-label="Sedation, MOAA/S, 5 to 0">
        {moaas.map(([value, one, two]) => {
          const isLast = session.measures.moaas.value === Number(value);
          return <button type="button" class={isLast ? 'last' : ''} disabled={actions.busy || closed} onClick={() => record('moaas', 'MOAA/S', Number(value))}>
            <b>{value}</b>{one}{two && <><br />{two}</>}{isLast && <span class="vh">, last value</span>}</button>;
        })}
      </div></div>
    <div class="evs" role="group" aria-label="Events">
      {eventButtons.map(([code, title]) => {
        const count = session.events.filter((e) => e.code === code).length;
        return <button type="button" class="btn" disabled={actions.busy || closed}
          onClick={() => (code === 'note' ? note() : void actions.record('$event', { code }, `${title} recorded`))}>
          {title}{count > 0 && <span class="ct" aria-label={`, ${count} so far`}>{count}</span>}</button>;
      })}
    </div>
  </section>;
}

function Digits({ range, last, choose, back, disabled }: { range: Range; last: number; choose: (value: number) => void; back: () => void; disabled: boolean }): JSX.Element {
  const values = Array.from({ length: range.to - range.from + 1 }, (_, i) => range.from + i);
  return <>
    {values.map((v) => <button type="button" class={`digit ${v === last ? 'last' : ''}`} disabled={disabled} onClick={() => choose(v)}><b>{v}</b>{v === last && <span class="vh">, last value</span>}</button>)}
    <button type="button" class="digit back" onClick={back} aria-label="Back to the ranges">×</button>
  </>;
}
