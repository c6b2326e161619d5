// The numbers with their age, and what is due. A value past its interval is hatched and its age comes first.
import type { JSX } from 'preact';
import { clock, countdown, span } from '../../format';
import { Glyph } from '../../parts';
import { dueOf, type Due, type Measure, type Session } from './model';

const age = (m: Measure, now: Date): string => (m.at ? `${span(now.getTime() - m.at.getTime())} ${stale(m, now) ? 'old' : 'ago'}` : 'not read yet');
const stale = (m: Measure, now: Date): boolean => m.at !== undefined && now.getTime() - m.at.getTime() > m.validMs;
const stateClass = (m: Measure, now: Date, home: boolean): string => (m.state === 'none' ? 'none' : !home && stale(m, now) ? 'stale' : '');

export function Pressure({ session, now, open }: { session: Session; now: Date; open: (field: string) => void }): JSX.Element {
  const m = session.measures.pressure;
  const alarm = session.alarms.find((a) => a.rule === 'EU-I-001');
  const level = alarm && (alarm.priority === 'high' ? 'hi' : alarm.priority === 'medium' ? 'med' : 'low');
  const old = stateClass(m, now, session.phase === 'home');
  return <button type="button" class={`pn bp ${old} ${level ? `al2 ${level}` : ''}`} onClick={() => open('systolic')} disabled={session.phase === 'home'}
    aria-label={`Blood pressure ${m.at ? `${m.value} over ${m.diastolic}, ${age(m, now)}` : 'not read yet'}. Enter a new one`}>
    <span class="lb">{level && <Glyph level={level} />}{!level && old && <Glyph level="void" />}BP, mmHg<span class="sp" />
      <span class="age">{m.at ? `${clock(m.at)}, ` : ''}{age(m, now)}{m.late ? ', entered late' : ''}</span></span>
    <span class="v">{m.at ? <>{m.value}<i>/</i>{m.diastolic}</> : <>–<i>/</i>–</>}</span>
    <span class="m"><b>{m.at ? m.mean : '–'}</b><small>mean</small></span>
  </button>;
}

export function Small({ session, now, open }: { session: Session; now: Date; open: (field: string) => void }): JSX.Element {
  const tile = (name: 'heart-rate' | 'spo2' | 'breaths', label: JSX.Element | string, spoken: string, css: string): JSX.Element => {
    const m = session.measures[name];
    return <button type="button" class={`pn ${css} ${stateClass(m, now, session.phase === 'home')}`} onClick={() => open(name)} disabled={session.phase === 'home'}
      aria-label={`${spoken} ${m.at ? `${m.value}, ${age(m, now)}` : 'not read yet'}. Enter a new one`}>
      <small>{label}</small><b>{m.at ? m.value : '–'}</b><small class="ago">{age(m, now)}</small></button>;
  };
  return <div class="tri3">
    {tile('heart-rate', 'HR', 'Heart rate', 'hr')}
    {tile('spo2', <>SpO<sub>2</sub>, %</>, 'Oxygen saturation', 'spo')}
    {tile('breaths', 'Breaths', 'Breaths a minute', 'br')}
  </div>;
}

function every(due: Due, alarm: boolean): string {
  return due.everyMs ? `every ${alarm ? countdown(due.everyMs) : `${Math.round(due.everyMs / 60_000)} min`}${alarm ? ' in this alarm' : due.last ? `, last ${clock(due.last)}` : ''}` : '';
}

function Timer({ due, now, label, note, open }: { due: Due; now: Date; label: string; note: string; open?: () => void }): JSX.Element {
  const left = due.due.getTime() - now.getTime();
  return <li class={left < 0 ? 'over' : left < 60_000 ? 'soon' : ''}>
    <div><b>{label}</b><small>{left < 0 ? `late since ${clock(due.due)}` : note}</small></div>
    <span class="t" aria-hidden="true">{left < -600_000 ? `-${Math.floor(-left / 60_000)} min` : countdown(left)}</span>
    {/* said at a minute and at zero, not each second */}
    <span class="vh" role="timer" aria-live="polite">{left < 0 ? `${label} is late` : left < 60_000 ? `${label} in less than a minute` : ''}</span>
    {open ? <button type="button" class="btn" onClick={open} aria-label={`${label}, now`}>Now</button> : <span class="r dim">{clock(due.due)}</span>}
  </li>;
}

export function DueList({ session, now, open }: { session: Session; now: Date; open: (what: string) => void }): JSX.Element {
  const pressure = dueOf(session, 'pressure');
  const vitals = dueOf(session, 'vitals');
  const scales = dueOf(session, 'scales');
  const end = dueOf(session, 'end');
  const inAlarm = session.alarms.some((a) => a.rule === 'EU-I-001');
  if (session.phase === 'prepare' || session.phase === 'home')
    return <ul class="pn duel" aria-label="Due"><li class="note"><div><b>{session.phase === 'home' ? 'Nothing is due' : 'Nothing is timed before the start'}</b>
      <small>{session.phase === 'home' ? 'The session is closed.' : 'Two resting pressures, 5 min apart, open the start.'}</small></div></li></ul>;
  return <ul class="pn duel" aria-label="Due">
    {pressure && <Timer due={pressure} now={now} label={inAlarm ? 'BP recheck' : 'Blood pressure'} note={every(pressure, inAlarm)} open={() => open('systolic')} />}
    {session.phase === 'recover' && vitals && <Timer due={vitals} now={now} label="HR, SpO₂, breaths" note={every(vitals, false)} open={() => open('heart-rate')} />}
    {scales && <Timer due={scales} now={now} label="Scales" note={every(scales, false)} open={() => open('scales')} />}
    {end && <Timer due={end} now={now} label="End of infusion" note="by the rate recorded" />}
    {!end && session.pumpState === 'paused' && <li class="note"><div><b>Pump recorded paused</b><small>No end while it stands</small></div></li>}
  </ul>;
}
