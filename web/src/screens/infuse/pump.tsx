// The record of the pump. The program never moves it: first the act at the pump, then the record.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { clock, countdown, plain } from '../../format';
import { Icon } from '../../parts';
import { dueOf, givenNow, type Actions, type PumpEvent, type Session } from './model';

export function Pump({ session, loadedAt, now, actions, open }: { session: Session; loadedAt: number; now: Date; actions: Actions; open: (what: string) => void }): JSX.Element {
  const given = givenNow(session, loadedAt, now);
  const share = Math.min(100, given / session.plan.doseMg * 100);
  const left = session.endsAt ? Math.max(0, session.endsAt.getTime() - now.getTime()) : undefined;
  return <section class="pn ctl" aria-label="Infusion">
    <p class="amt"><b>{plain(given)}</b><span>of {plain(session.plan.doseMg)} mg</span>
      <span class="l">{left !== undefined ? <><b>{countdown(left)}</b>left</> : session.stopped ? <><b>{clock(session.stopped)}</b>stopped</> : session.pumpState === 'paused' ? <><b>held</b>no end</> : <><b>{plain(session.plan.minutes, 0)} min</b>planned</>}</span></p>
    <div class="bar" role="progressbar" aria-valuenow={Math.round(share)} aria-valuemin={0} aria-valuemax={100} aria-label="Dose given"><i style={{ width: `${share}%` }} /></div>
    <div class="rt"><RateLines session={session} />
      {session.pumpState === 'running' && <span class="acts"><button type="button" class="btn" aria-haspopup="dialog" onClick={() => open('pump')}>Pump read</button>
        <button type="button" class="btn" aria-haspopup="dialog" onClick={() => open('rate')}>Rate now…</button></span>}</div>
    <span />
    {session.pumpState === 'stopped' ? <Stopped session={session} now={now} open={open} /> : <Records session={session} actions={actions} open={open} />}
  </section>;
}

function lastLook(session: Session): PumpEvent | undefined {
  return session.pumpEvents.at(-1);
}

function RateLines({ session }: { session: Session }): JSX.Element {
  const look = lastLook(session);
  const values = session.curves.filter((c) => Number.isFinite(c.now)).map((c) => Math.round(c.now)).sort((a, b) => a - b);
  const runs = session.pumpState === 'running';
  return <span>
    <b class="b">{runs ? `${plain(session.rateMlPerH * session.plan.mgPerMl)} mg/h` : session.pumpState === 'not-started' ? `Plan ${plain(session.plan.rateMlPerH)} mL/h` : '0 mg/h'}</b>{runs && `, ${plain(session.rateMlPerH)} mL/h`}<br />
    {look ? `${look.code === 'pump-reading' ? 'Read' : look.title} ${clock(look.at)}${Number.isFinite(look.volumeLeftMl) ? `: ${plain(look.volumeLeftMl)} mL left` : ''}` : `${plain(session.plan.doseMg)} mg in ${plain(session.plan.volumeMl)} mL`}<br />
    {session.curvesArePlan ? `signed by ${session.plan.signedBy || 'nobody'}` : values.length === 2 ? `Models ${values[0]} to ${values[1]} ng/mL` : 'no model curve'}
  </span>;
}

function initials(name: string): string {
  return name.replace(/^(Dr|Prof)\.? /, '').split(' ').map((w) => w[0] ?? '').join('.') + '.';
}

function Records({ session, actions, open }: { session: Session; actions: Actions; open: (what: string) => void }): JSX.Element {
  const started = session.pumpEvents.find((e) => e.code === 'pump-started');
  const lastRate = [...session.pumpEvents].reverse().find((e) => Number.isFinite(e.rateMlPerH))?.rateMlPerH;
  const idle = session.pumpState === 'not-started';
  const record = (action: string, said: string, rate?: number): void => {
    void actions.record('$pump', { action, 'rate-ml-per-h': rate === undefined ? undefined : String(rate) }, said);
  };
  return <div class="big3" role="group" aria-label="Record what was done at the pump">
    {started ? <button type="button" class="bb run" disabled><Icon name="check" /><span><small>{clock(started.at)}, {initials(started.by)}</small><b>Pump<br />started</b></span></button>
      : <button type="button" class="bb" aria-haspopup="dialog" disabled={!session.gateOpen || actions.busy} onClick={() => open('start')}><Icon name={session.gateOpen ? 'play' : 'lock'} />
        <span><small>{session.gateOpen ? <>Start it,<br />then tap</> : <>not open<br />yet</>}</small><b>Pump<br />started</b></span></button>}
    {session.pumpState === 'paused'
      ? <button type="button" class="bb" disabled={actions.busy || lastRate === undefined} onClick={() => record('resumed', 'Pump resumed, recorded', lastRate)}><Icon name="play" />
        <span><small>Resume pump at<br />{lastRate === undefined ? '' : `${plain(lastRate)} mL/h, tap`}</small><b>Pump resumed</b></span></button>
      : <button type="button" class="bb" disabled={idle || actions.busy} onClick={() => record('paused', 'Pump paused, recorded')}><Icon name="pause" /><span><small>Pause pump,<br />then tap</small><b>Pump paused</b></span></button>}
    <HoldButton disabled={idle || actions.busy} held={() => void actions.record('$pump', { action: 'stopped' }, 'Pump stopped, recorded').then((done) => { if (done) open('volume-left'); })} />
  </div>;
}

const HOLD_MS = 1000;

/** Held for one second by finger, mouse, Space or Enter; a ring shows how far. Releasing earlier records nothing. */
function HoldButton({ disabled, held }: { disabled: boolean; held: () => void }): JSX.Element {
  const [from, setFrom] = useState<number | undefined>();
  const [part, setPart] = useState(0);
  const done = useRef(held);
  done.current = held;
  useEffect(() => {
    if (from === undefined) { setPart(0); return; }
    const timer = setInterval(() => {
      const passed = (performance.now() - from) / HOLD_MS;
      setPart(Math.min(1, passed));
      if (passed >= 1) { setFrom(undefined); done.current(); }
    }, 50);
    return () => clearInterval(timer);
  }, [from]);
  const press = (): void => { if (!disabled && from === undefined) setFrom(performance.now()); };
  const release = (): void => setFrom(undefined);
  const key = (e: KeyboardEvent): boolean => e.key === ' ' || e.key === 'Enter';
  return <button type="button" class="bb stop" disabled={disabled} onPointerDown={press} onPointerUp={release} onPointerLeave={release} onPointerCancel={release} onContextMenu={(e) => e.preventDefault()}
    onKeyDown={(e) => { if (key(e)) { e.preventDefault(); press(); } }} onKeyUp={(e) => { if (key(e)) release(); }} onBlur={release} aria-label="Pump stopped: stop the pump, then hold for one second">
    {from !== undefined && <svg class="rg" viewBox="0 0 88 88" preserveAspectRatio="none" aria-hidden="true"><rect x="3" y="3" width="82" height="82" rx="10" pathLength={100} stroke-dasharray={`${part * 100} 100`} /></svg>}
    <Icon name="stop" /><span><small>{from !== undefined ? `Hold: ${((1 - part) * HOLD_MS / 1000).toFixed(1)} s` : <>Stop pump,<br />then hold 1 s</>}</small><b>Pump stopped</b></span></button>;
}

/** After the stop: the volume left, against a clock; then both ways to the milligrams. */
function Stopped({ session, now, open }: { session: Session; now: Date; open: (what: string) => void }): JSX.Element {
  const due = dueOf(session, 'volume-left');
  if (due) {
    const left = (due.alarm ?? due.due).getTime() - now.getTime();
    return <div class={`ask ${left < 0 ? 'over' : ''}`} role="group" aria-label="Pump volume left">
      <div><b>Pump volume left?</b><small>{left < 0 ? `not answered since ${clock(session.stopped)}: an alarm` : 'read it at the pump and enter it'}</small></div>
      <span class="t" role="timer">{countdown(left)}</span>
      <button type="button" class="btn pri block tall" onClick={() => open('volume-left')}>Enter the volume left</button>
    </div>;
  }
  const differs = Math.abs(session.differenceMg) >= 0.5;
  return <dl class="both"><div><dt>By the volume left</dt><dd>{plain(session.givenByVolumeMg)} mg</dd></div><div><dt>By rate and time</dt><dd>{plain(session.givenByRateMg)} mg</dd></div>
    <div class={differs ? 'differs' : ''}><dt>Difference</dt><dd>{session.differenceMg > 0 ? '+' : ''}{plain(session.differenceMg)} mg</dd></div>
    <p class="dim xs">Given means: left the pump. What stays in the line is not subtracted.</p></dl>;
}
