// The alarm banner: what to do, the readings, both limits. Only the sign flashes. An answer never closes an alarm:
// it stays for as long as its cause, with who did what about it.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { clock, countdown } from '../../format';
import { Glyph, Icon, Problem, type Priority } from '../../parts';
import type { Actions, Alarm, Session } from './model';
import { soundOffUntil, useAlarmSound, type SoundOff } from './sound';

const level: Record<Alarm['priority'], Priority> = { high: 'hi', medium: 'med', low: 'low' };
const word: Record<Alarm['priority'], string> = { high: 'High', medium: 'Medium', low: 'Low' };

/* What the primary button does, by the rule that alarms. */
const remedy: Record<string, { label: string; opens: string }> = {
  'EU-I-001': { label: 'Recheck now', opens: 'systolic' },
  'EU-I-002': { label: 'Enter BP', opens: 'systolic' },
  'EU-I-003': { label: 'Enter', opens: 'heart-rate' },
  'EU-I-004': { label: 'Ask now', opens: 'scales' },
  'EU-I-005': { label: 'Pump read', opens: 'pump' },
  'EU-I-006': { label: 'Enter volume left', opens: 'volume-left' },
};

export function Banner({ session, now, actions, open }: { session: Session; now: Date; actions: Actions; open: (what: string) => void }): JSX.Element {
  const [asking, setAsking] = useState<Alarm | undefined>();
  const worst = session.alarms[0];
  const [off, setOff] = useState<SoundOff>(undefined);
  useAlarmSound(worst?.priority, off, now);
  const left = off && worst && off.alarm === worst.id ? off.until - now.getTime() : 0;
  if (!worst) return <Calm session={session} />;
  const act = remedy[worst.rule];
  const more = session.alarms.slice(1);
  const answer = worst.acknowledgements.at(-1);
  return <section class={`al ${level[worst.priority]}`} aria-label={`${word[worst.priority]} priority alarm`}>
    <Glyph level={level[worst.priority]} />
    <div class="what">
      <p role="alert" key={`${worst.id} ${worst.priority}`}><span class="w">{word[worst.priority]}</span><b>{worst.title}</b></p>
      <p>{worst.acknowledged && answer ? <><strong>{answer.text}, {answer.by} {clock(answer.at)}.</strong> The alarm stands while its cause does. </> : null}{worst.detail}
        {more.length > 0 && <span class="more-alarms" title={more.map((a) => a.title).join('. ')}> And {more.length} more: {more[0]!.title}.</span>}</p>
    </div>
    <div class="bt">
      {worst.priority !== 'low' && <button type="button" class="btn" onClick={() => setOff(soundOffUntil(worst.id, now))} aria-label="Sound off for two minutes">
        <Icon name={left > 0 ? 'bellx' : 'bell'} />{left > 0 ? `Sound off, ${countdown(left)} left` : 'Sound off 2:00'}</button>}
      <button type="button" class="btn two" aria-haspopup="dialog" onClick={() => setAsking(worst)}>Acknowledge…{worst.rule === 'EU-I-001' ? <small>slowed, paused,<br />treated, or why not</small> : <small>why not yet</small>}</button>
      {act && <button type="button" class="btn pri" onClick={() => open(act.opens)}><Icon name="heart" />{act.label}</button>}
    </div>
    {asking && <Answer alarm={asking} actions={actions} close={() => setAsking(undefined)} />}
  </section>;
}

const phases: Record<Session['phase'], string> = {
  prepare: 'Before the start', infuse: 'Infusing, by the record', recover: 'Recovering', home: 'This session is closed',
};

/** No alarm: quiet, and it says what was looked at. */
function Calm({ session }: { session: Session }): JSX.Element {
  const p = session.measures.pressure;
  const said = session.phase === 'home' ? `Closed ${clock(session.closed)}, ${session.givenMg} mg given.`
    : p.state === 'none' ? 'No pressure has been entered in this visit.' : `Last pressure ${p.value}/${p.diastolic} at ${clock(p.at)}.`;
  const limit = session.limits.find((l) => l.code === 'amber');
  return <section class="al calm" aria-label="No alarm">
    <Glyph level={session.phase === 'home' ? 'void' : 'ok'} />
    <div class="what"><p><b>{phases[session.phase]}{session.pumpState === 'paused' ? ', pump recorded paused' : ''}. No alarm here.</b></p>
      <p>{said} {limit && <>Alarm at {limit.systolic} or {limit.diastolic}. </>}The bedside monitor stays the primary alarm.</p></div>
  </section>;
}

const answers = [
  { action: 'slowed', label: 'Pump slowed', why: '' },
  { action: 'paused', label: 'Pump paused', why: '' },
  { action: 'stopped', label: 'Pump stopped', why: '' },
  { action: 'treated', label: 'Treated', why: 'With what' },
  { action: 'continued', label: 'Continued', why: 'Continued, because' },
];

function Answer({ alarm, actions, close }: { alarm: Alarm; actions: Actions; close: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [asks, setAsks] = useState(alarm.rule === 'EU-I-001' ? '' : 'continued');
  const [typed, setTyped] = useState('');
  useEffect(() => { dialog.current?.showModal(); }, []);
  const send = async (action: string, text: string): Promise<void> => {
    if (await actions.record('$alarm', { alarm: alarm.id, action, text: text || undefined }, 'Answer recorded. The alarm stays while its cause does.')) close();
  };
  const chosen = answers.find((a) => a.action === asks);
  return <dialog ref={dialog} class="sheet answer" aria-label="What was done about the alarm" onClose={close}>
    <header><h2>{alarm.rule === 'EU-I-001' ? 'What was done?' : 'Why not yet?'}</h2><span class="sp" /><button type="button" class="btn icon" aria-label="Close, record nothing" onClick={() => dialog.current?.close()}><Icon name="x" /></button></header>
    <p class="sub">{alarm.title}. {alarm.detail}</p>
    <div class="choices">{answers.filter((a) => alarm.rule === 'EU-I-001' || a.action === 'continued').map((a) => <button type="button" class="btn tall" aria-pressed={a.why ? asks === a.action : undefined} disabled={actions.busy}
      onClick={() => (a.why ? setAsks(a.action) : void send(a.action, ''))}>{a.label}{a.why && '…'}</button>)}</div>
    {chosen && <form onSubmit={(e) => { e.preventDefault(); void send(chosen.action, typed); }}>
      <label class="field"><span class="lab">{chosen.why}</span><input class="in" value={typed} onInput={(e) => setTyped(e.currentTarget.value)} autofocus required /></label>
      <button class="btn pri block tall" disabled={actions.busy || !typed.trim()}>Record the answer</button></form>}
    <Problem error={actions.error} />
    <p class="dim sm">First act at the pump. This records what you did; a change at the pump is also recorded under the pump.</p>
  </dialog>;
}
