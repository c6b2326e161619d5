// Every record of the session as a table: the strip's twin, and the place of late entries and corrections. Nothing is
// erased: a correction is a new version with its reason.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { clockSeconds, fromLocal, local, plain } from '../../format';
import { Sheet } from './dialogs';
import type { Actions, MeasureName, Session } from './model';

interface Row { id: string; at: Date; what: string; value: string; marks: string[]; by: string; kind: 'reading' | 'event' | 'pump' }

const names: Record<MeasureName, string> = { pressure: 'BP, mmHg', 'heart-rate': 'Heart rate, /min', spo2: 'SpO₂, %', breaths: 'Breaths, /min', dissociation: 'Dissociation 0–10', distress: 'Distress 0–10', nausea: 'Nausea 0–10', moaas: 'MOAA/S 5–0' };

const mark = (on: boolean, word: string): string[] => (on ? [word] : []);

function rowsOf(session: Session): Row[] {
  const rows: Row[] = [
    ...session.readings.map((r): Row => ({ id: r.id, at: r.at, what: names[r.measure], value: r.measure === 'pressure' ? `${r.value}/${r.diastolic}` : String(r.value), by: r.by, kind: 'reading',
      marks: [...mark(r.quarantined, `not used: ${r.why}`), ...mark(r.late, `late, entered ${clockSeconds(r.entered)}`), ...mark(r.corrected, 'corrected'), ...mark(r.level === 1, 'over the alarm limit'), ...mark(r.level > 1, 'over the pause limit')] })),
    ...session.pumpEvents.map((e): Row => ({ id: e.id, at: e.at, what: e.title, value: Number.isFinite(e.rateMlPerH) ? `${plain(e.rateMlPerH, 3)} mL/h` : Number.isFinite(e.volumeLeftMl) ? `${plain(e.volumeLeftMl, 3)} mL left` : '', by: e.by, kind: 'pump',
      marks: [...mark(e.late, `late, entered ${clockSeconds(e.entered)}`), ...mark(e.corrected, 'corrected')] })),
    ...session.events.map((e): Row => ({ id: e.id, at: e.at, what: e.title, value: e.note, by: e.by, kind: 'event', marks: mark(e.late, 'late') })),
  ];
  return rows.sort((a, b) => b.at.getTime() - a.at.getTime());
}

export function Records({ session, actions, close }: { session: Session; actions: Actions; close: () => void }): JSX.Element {
  const [chosen, setChosen] = useState<Row | undefined>();
  const [late, setLate] = useState(false);
  const rows = rowsOf(session);
  return <Sheet title="Records of this session" close={close} error={actions.error} css="records">
    {chosen ? <Correct row={chosen} actions={actions} back={() => setChosen(undefined)} /> : late ? <Late actions={actions} day={session.opened ?? new Date()} back={() => setLate(false)} /> : <>
      <div class="scroll" tabIndex={0}><table class="tbl"><caption class="vh">Every reading, event and pump record, newest first</caption>
        <thead><tr><th scope="col">Time</th><th scope="col">What</th><th scope="col">Value</th><th scope="col">By</th><th scope="col">Marks</th><th scope="col"><span class="vh">Correct</span></th></tr></thead>
        <tbody>{rows.map((row) => <tr><th scope="row">{clockSeconds(row.at)}</th><td>{row.what}</td><td class={row.marks.some((m) => m.startsWith('not used')) ? 'void' : ''}>{row.value}</td><td>{row.by}</td><td>{row.marks.join(', ')}</td>
          <td><button type="button" class="btn quiet" onClick={() => setChosen(row)} aria-label={`Correct ${row.what} of ${clockSeconds(row.at)}`}>Correct</button></td></tr>)}
          {!rows.length && <tr><td colSpan={6}>Nothing is recorded yet.</td></tr>}</tbody></table></div>
      {session.phase !== 'home' && <button type="button" class="btn" onClick={() => setLate(true)}>Late pump record…</button>}
      <h3>Models</h3>
      <ul class="sources">{session.curves.map((c) => <li>{c.title}: {c.withheld || (Number.isFinite(c.now) ? `${plain(c.now)} ng/mL now` : '')} <span class="dim">{c.cites}</span></li>)}</ul>
      <h3>Limits</h3>
      <ul class="sources">{session.limits.map((l) => <li>{l.title.replace('; systolic', '')}: {l.systolic} or {l.diastolic} mmHg. <span class="dim">{l.cites}{l.seen !== 'paper' && l.seen !== 'label' && '; not verified at source'}</span></li>)}</ul>
    </>}
  </Sheet>;
}

function Correct({ row, actions, back }: { row: Row; actions: Actions; back: () => void }): JSX.Element {
  const [reason, setReason] = useState('');
  const [value, setValue] = useState('');
  const pressure = row.what.startsWith('BP');
  const field = Object.entries(names).find(([, title]) => title === row.what)?.[0];
  const corrected = (): Record<string, unknown> | undefined => {
    if (row.kind === 'pump' && row.value.includes('mL/h')) return { 'rate-ml-per-h': value };
    if (row.kind === 'pump' && row.value) return { 'volume-left-ml': value };
    if (!field) return undefined;
    if (!pressure) return { [field]: value };
    const [systolic, diastolic] = value.split('/');
    return { systolic, diastolic };
  };
  const canChange = row.kind === 'reading' || (row.kind === 'pump' && row.value !== '');
  const send = async (body: Record<string, unknown>): Promise<void> => {
    if (await actions.record('$correct', { id: row.id, reason, ...body }, 'Corrected. The earlier version is kept.')) back();
  };
  return <form class="correct" onSubmit={(e) => { e.preventDefault(); const body = corrected(); if (body) void send(body); }}>
    <p><b>{row.what} {row.value}</b>, {clockSeconds(row.at)}, {row.by}</p>
    <label class="field"><span class="lab">Why (needed)</span><input class="in" value={reason} onInput={(e) => setReason(e.currentTarget.value)} required autofocus /></label>
    {canChange && <label class="field"><span class="lab">Right value{pressure ? ', as 128/82' : ''}</span><input class="in" inputMode={pressure ? 'text' : 'decimal'} pattern={pressure ? '[0-9]{2,3}/[0-9]{2,3}' : '[0-9]+([.][0-9]{1,3})?'} value={value} onInput={(e) => setValue(e.currentTarget.value)} /></label>}
    <div class="row wrap">
      {canChange && <button class="btn pri" disabled={!reason.trim() || !value || actions.busy}>Record the right value</button>}
      <button type="button" class="btn danger" disabled={!reason.trim() || actions.busy} onClick={() => void send({ withdrawn: true })}>It did not happen: withdraw</button>
      <button type="button" class="btn quiet" onClick={back}>Back</button></div>
    <p class="dim sm">Both versions are kept, with who and when.</p>
  </form>;
}

const lateActions = [['paused', 'Pump paused'], ['resumed', 'Pump resumed'], ['rate', 'Rate changed'], ['stopped', 'Pump stopped'], ['reading', 'Pump read']] as const;

/** A pump record for an earlier minute: it keeps the stated time and the time of entry. */
function Late({ actions, day, back }: { actions: Actions; day: Date; back: () => void }): JSX.Element {
  const [action, setAction] = useState('');
  const [time, setTime] = useState('');
  const [rate, setRate] = useState('');
  const needsRate = action === 'rate' || action === 'resumed';
  const send = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    const [h, m] = time.split(':').map(Number);
    const on = local(day);
    const at = fromLocal(on.year, on.month, on.day, h, m);
    const said = `${lateActions.find(([a]) => a === action)?.[1]} at ${time}, recorded late`;
    if (await actions.record('$pump', { action, at, 'rate-ml-per-h': needsRate ? rate : undefined }, said)) back();
  };
  return <form class="correct" onSubmit={(e) => void send(e)}>
    <fieldset><legend class="lab">What was done at the pump</legend><div class="row wrap">
      {lateActions.map(([a, title]) => <button type="button" class="btn" aria-pressed={action === a} onClick={() => setAction(a)}>{title}</button>)}</div></fieldset>
    <label class="field"><span class="lab">At</span><input class="in" type="time" value={time} onInput={(e) => setTime(e.currentTarget.value)} required /></label>
    {needsRate && <label class="field"><span class="lab">Rate, mL/h</span><input class="in" inputMode="decimal" value={rate} onInput={(e) => setRate(e.currentTarget.value)} required /></label>}
    <div class="row"><button class="btn pri" disabled={!action || !time || (needsRate && !rate) || actions.busy}>Record as late</button><button type="button" class="btn quiet" onClick={back}>Back</button></div>
    <p class="dim sm">The stated time and the time of entry are both kept, and the screen marks it L.</p>
  </form>;
}
