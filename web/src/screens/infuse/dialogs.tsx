// What opens over the session: pads, the emergency card, a note, the end.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { clock, countdown, plain } from '../../format';
import { Icon, Problem } from '../../parts';
import { Pad, vitalFields } from './pad';
import type { Actions, Session } from './model';

/** A modal over the session: what was refused is said in it, because it hides what lies behind. */
export function Sheet({ title, close, css = '', error, children }: { title: string; close: () => void; css?: string; error?: unknown; children: ComponentChildren }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => { dialog.current?.showModal(); }, []);
  return <dialog ref={dialog} class={`sheet ${css}`} aria-label={title} onClose={close}>
    <header><h2>{title}</h2><span class="sp" /><button type="button" class="btn icon" aria-label="Close" onClick={() => dialog.current?.close()}><Icon name="x" /></button></header>
    {children}
    <Problem error={error} />
  </dialog>;
}

/* ---- pads ---- */

const rateField = [{ name: 'rate-ml-per-h', label: 'Rate', unit: 'mL/h', decimals: true }];
const volumeField = [{ name: 'volume-left-ml', label: 'Volume left', unit: 'mL', decimals: true }];

export function VitalsPad({ first, actions, close }: { first: string; actions: Actions; close: () => void }): JSX.Element {
  const check = (v: Record<string, string>): string | undefined =>
    Boolean(v['systolic']) !== Boolean(v['diastolic']) ? 'A pressure needs both numbers.' : Number(v['systolic']) <= Number(v['diastolic']) ? 'Systolic is not above diastolic: look again.' : undefined;
  return <Pad title="What was read" fields={vitalFields} first={first} action="Record" allowEarlier check={check} close={close} busy={actions.busy} error={actions.error}
    send={(values, at) => actions.record('$vitals', { ...given(values), at }, said(values))} />;
}

function given(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, v]) => v !== ''));
}
function said(v: Record<string, string>): string {
  const parts = [v['systolic'] && `BP ${v['systolic']}/${v['diastolic']}`, v['heart-rate'] && `HR ${v['heart-rate']}`, v['spo2'] && `SpO₂ ${v['spo2']}`, v['breaths'] && `breaths ${v['breaths']}`];
  return `${parts.filter(Boolean).join(', ')} recorded`;
}

const perMin = (session: Session, rate: string | undefined): string =>
  rate ? `${plain(Number(rate) * session.plan.mgPerMl / 60, 2)} mg/min. Ordered: ${plain(session.plan.rateMlPerH)} mL/h.` : '';

export function StartPad({ session, actions, close }: { session: Session; actions: Actions; close: () => void }): JSX.Element {
  const ordered = String(session.plan.rateMlPerH);
  const send = (values: Record<string, string>, at?: Date): Promise<boolean> =>
    actions.record('$pump', { action: 'started', 'rate-ml-per-h': values['rate-ml-per-h'], at }, 'Pump started, recorded');
  const differs = (v: Record<string, string>): string | undefined =>
    Number(v['rate-ml-per-h']) !== session.plan.rateMlPerH ? `The order says ${ordered} mL/h. ${perMin(session, v['rate-ml-per-h'])}` : perMin(session, v['rate-ml-per-h']);
  return <Pad title={`Start the pump at ${ordered} mL/h, then enter the rate it shows`} fields={rateField} action="Record: pump started" hint={differs} allowEarlier send={send} close={close} busy={actions.busy} error={actions.error} />;
}

export function RatePad({ session, actions, close }: { session: Session; actions: Actions; close: () => void }): JSX.Element {
  return <Pad title="Rate now: set it at the pump, then enter what it shows" fields={rateField} action="Record: rate now" hint={(v) => perMin(session, v['rate-ml-per-h'])} allowEarlier close={close} busy={actions.busy} error={actions.error}
    send={(values, at) => actions.record('$pump', { action: 'rate', 'rate-ml-per-h': values['rate-ml-per-h'], at }, `Rate ${values['rate-ml-per-h']} mL/h recorded`)} />;
}

export function VolumePad({ session, actions, close }: { session: Session; actions: Actions; close: () => void }): JSX.Element {
  const hint = (v: Record<string, string>): string | undefined =>
    v['volume-left-ml'] ? `${plain((session.plan.volumeMl - Number(v['volume-left-ml'])) * session.plan.mgPerMl)} mg given by this volume, ${plain(session.givenByRateMg)} mg by rate and time.` : undefined;
  return <Pad title="Pump volume left" fields={volumeField} action="Record the volume left" hint={hint} allowEarlier close={close} busy={actions.busy} error={actions.error}
    send={(values, at) => actions.record('$pump', { action: 'volume-left', 'volume-left-ml': values['volume-left-ml'], at }, `Volume left ${values['volume-left-ml']} mL recorded`)} />;
}

/** One tap where the pump shows what the record says; else the rate or the volume is entered. */
export function PumpRead({ session, actions, close, open }: { session: Session; actions: Actions; close: () => void; open: (what: string) => void }): JSX.Element {
  const [volume, setVolume] = useState('');
  const record = async (body: Record<string, unknown>): Promise<void> => {
    if (await actions.record('$pump', { action: 'reading', ...body }, 'Pump read, recorded')) close();
  };
  return <Sheet title="Read the pump" close={close} error={actions.error} css="answer">
    <p class="sub">By the record it runs at <b>{plain(session.rateMlPerH)} mL/h</b>. Look at the pump.</p>
    <div class="choices">
      <button type="button" class="btn tall" disabled={actions.busy} onClick={() => void record({})}>It shows {plain(session.rateMlPerH)} mL/h, running</button>
      <button type="button" class="btn tall" onClick={() => open('rate')}>It shows another rate…</button>
    </div>
    <form onSubmit={(e) => { e.preventDefault(); void record({ 'volume-left-ml': volume }); }}>
      <label class="field"><span class="lab">Volume left, mL (if the pump shows it)</span><input class="in" inputMode="decimal" pattern="[0-9]+([.][0-9]{1,3})?" value={volume} onInput={(e) => setVolume(e.currentTarget.value)} required /></label>
      <button class="btn pri block tall" disabled={actions.busy || !volume}>It runs at {plain(session.rateMlPerH)} mL/h; record with the volume</button></form>
  </Sheet>;
}

/* ---- words ---- */

export function NoteSheet({ actions, close }: { actions: Actions; close: () => void }): JSX.Element {
  const [typed, setTyped] = useState('');
  const send = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    if (await actions.record('$event', { code: 'note', note: typed }, 'Note recorded')) close();
  };
  return <Sheet title="Note" close={close} error={actions.error} css="answer"><form onSubmit={(e) => void send(e)}>
    <label class="field"><span class="lab">What happened</span><textarea class="in" rows={4} value={typed} onInput={(e) => setTyped(e.currentTarget.value)} autofocus required /></label>
    <button class="btn pri block tall" disabled={actions.busy || !typed.trim()}>Record the note</button></form></Sheet>;
}

export function EndSheet({ session, actions, close }: { session: Session; actions: Actions; close: () => void }): JSX.Element {
  const send = async (): Promise<void> => { if (await actions.record('$session-end', {}, 'Session closed')) close(); };
  return <Sheet title="Close the session" close={close} error={actions.error} css="answer">
    <p class="big">{plain(session.givenMg)} mg given of {plain(session.plan.doseMg)} mg.</p>
    <p class="sub">By rate and time {plain(session.givenByRateMg)} mg; difference {plain(session.differenceMg)} mg.</p>
    <p class="callout">The discharge criteria are not computed in this release. Closing says only that this record ends here: whether {session.name} may go home is decided on the clinic's own form.</p>
    <button type="button" class="btn pri block tall" disabled={actions.busy} onClick={() => void send()}>Close the session</button>
  </Sheet>;
}

/** Opens without a question and without the server: a timer, what to do, what to say. */
export function Emergency({ session, now, actions, close }: { session: Session; now: Date; actions: Actions; close: () => void }): JSX.Element {
  const [opened] = useState(now);
  const [noted, setNoted] = useState(false);
  const m = session.measures;
  const value = (name: keyof typeof m, words: string): string => (m[name].at ? `${words} ${name === 'pressure' ? `${m.pressure.value} over ${m.pressure.diastolic}` : m[name].value} at ${clock(m[name].at)}` : `${words} not read`);
  return <Sheet title="Emergency" close={close} error={actions.error} css="emergency">
    <p class="timer" role="timer">{countdown(now.getTime() - opened.getTime())}</p>
    <ol><li><b>Stop the pump by hand;</b> clamp at the cannula if it runs free.</li><li><b>Airway, oxygen, suction.</b> Stay with the patient.</li><li><b>Call 911</b> and the prescriber. Someone fetches the cart and the AED.</li></ol>
    <h3>Say to 911</h3>
    <p class="say">{Number.isFinite(session.ageYears) ? `${session.ageYears} year old` : 'Age not known'} {session.sex || 'patient'}, ketamine infusion in a clinic. {plain(session.givenMg)} mg into a vein{session.started ? ` since ${clock(session.started)}` : ', not started'}{session.stopped ? `, pump recorded stopped ${clock(session.stopped)}` : ''}.
      {' '}{value('pressure', 'Blood pressure')}, {value('heart-rate', 'heart rate')}, {value('spo2', 'oxygen saturation')}, {value('breaths', 'breaths')}, {value('moaas', 'response, of 5,')}. Allergies: {session.allergies.replace(/ ?allergies ?/, '')}. {session.chair}.</p>
    <button type="button" class="btn danger block tall" disabled={noted || actions.busy}
      onClick={() => void actions.record('$event', { code: 'emergency', at: opened }, `Emergency at ${clock(opened)} recorded`).then(setNoted)}>
      {noted ? `Written into the record, ${clock(opened)}` : `Write into the record: emergency at ${clock(opened)}`}</button>
  </Sheet>;
}
