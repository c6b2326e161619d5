// The answer of $infuse as typed values. Every time is a Date or absent; an absent number is NaN, never zero.
import { list, number, text, type Group, type Value } from '../../client';

export type Phase = 'prepare' | 'infuse' | 'recover' | 'home';
export type PumpState = 'not-started' | 'running' | 'paused' | 'stopped';
export type MeasureName = 'pressure' | 'heart-rate' | 'spo2' | 'breaths' | 'dissociation' | 'distress' | 'nausea' | 'moaas';

export interface Measure { state: 'none' | 'current' | 'stale'; value: number; diastolic: number; mean: number; at?: Date; late: boolean; validMs: number }
export interface Reading {
  id: string; measure: MeasureName; value: number; diastolic: number; at: Date; entered?: Date; late: boolean; corrected: boolean;
  by: string; quarantined: boolean; why: string; level: number;
}
export interface Segment { from: Date; to?: Date; rateMlPerH: number; mg: number }
export interface PumpEvent { id: string; code: string; title: string; at: Date; entered?: Date; late: boolean; corrected: boolean; by: string; rateMlPerH: number; volumeLeftMl: number }
export interface SessionEvent { id: string; code: string; title: string; note: string; at: Date; late: boolean; by: string }
export interface Due { code: string; title: string; everyMs: number; last?: Date; due: Date; alarm?: Date }
export interface Acknowledgement { action: string; text: string; by: string; at?: Date }
export interface Alarm {
  id: string; rule: string; priority: 'low' | 'medium' | 'high'; title: string; detail: string; onset?: Date; confirmed: boolean; acknowledged: boolean;
  acknowledgements: Acknowledgement[];
}
export interface Limit { code: string; systolic: number; diastolic: number; title: string; cites: string; seen: string }
export interface Curve { model: string; title: string; cites: string; withheld: string; from?: Date; stepMs: number; values: number[]; now: number }
export interface GateItem { id: string; met: boolean; sentence: string }

export interface Session {
  encounter: string; patient: string; name: string; birthDate: string; mrn: string; sex: string; ageYears: number; weight: string; weightAt?: Date; allergies: string;
  chair: string; number: number; planned: number; phase: Phase; pumpState: PumpState;
  opened?: Date; started?: Date; stopped?: Date; closed?: Date;
  plan: { doseMg: number; mgPerMl: number; volumeMl: number; rateMlPerH: number; minutes: number; signedBy: string; protocol: string };
  givenMg: number; givenByRateMg: number; givenByVolumeMg: number; differenceMg: number; rateMlPerH: number; rateMgPerMin: number; endsAt?: Date;
  segments: Segment[]; pumpEvents: PumpEvent[]; measures: Record<MeasureName, Measure>; readings: Reading[]; events: SessionEvent[];
  dues: Due[]; alarms: Alarm[]; limits: Limit[]; curves: Curve[]; curvesArePlan: boolean; gate: GateItem[]; gateOpen: boolean;
}

export function date(value: Value | undefined): Date | undefined {
  const d = new Date(text(value));
  return value === undefined || Number.isNaN(d.getTime()) ? undefined : d;
}
/** For what the server always sends: a missing one would be a fault of the server, shown as the oldest time. */
const sureDate = (value: Value | undefined): Date => date(value) ?? new Date(0);
const ms = (value: Value | undefined): number => number(value) * 1000;
const yes = (value: Value | undefined): boolean => value === true;

const none: Measure = { state: 'none', value: NaN, diastolic: NaN, mean: NaN, late: false, validMs: NaN };

function measures(session: Group): Record<MeasureName, Measure> {
  const result: Record<MeasureName, Measure> = { pressure: none, 'heart-rate': none, spo2: none, breaths: none, dissociation: none, distress: none, nausea: none, moaas: none };
  for (const m of list(session['measure']))
    result[text(m['measure']) as MeasureName] = { state: text(m['state']) as Measure['state'], value: number(m['value']), diastolic: number(m['diastolic']),
      mean: number(m['mean']), at: date(m['at']), late: yes(m['late']), validMs: ms(m['valid-s']) };
  return result;
}

function reading(r: Group): Reading {
  return { id: text(r['id']), measure: text(r['measure']) as MeasureName, value: number(r['value']), diastolic: number(r['diastolic']), at: sureDate(r['at']),
    entered: date(r['entered']), late: yes(r['late']), corrected: yes(r['corrected']), by: text(r['by']), quarantined: text(r['state']) !== 'accepted', why: text(r['why']),
    level: number(r['level']) || 0 };
}

function pumpEvent(e: Group): PumpEvent {
  return { id: text(e['id']), code: text(e['code']), title: text(e['title']), at: sureDate(e['at']), entered: date(e['entered']), late: yes(e['late']),
    corrected: yes(e['corrected']), by: text(e['by']), rateMlPerH: number(e['rate-ml-per-h']), volumeLeftMl: number(e['volume-left-ml']) };
}

function alarm(a: Group): Alarm {
  return { id: text(a['id']), rule: text(a['rule']), priority: text(a['priority']) as Alarm['priority'], title: text(a['title']), detail: text(a['detail']), onset: date(a['onset']),
    confirmed: yes(a['confirmed']), acknowledged: yes(a['acknowledged']),
    acknowledgements: list(a['acknowledgement']).map((k) => ({ action: text(k['action']), text: text(k['text']), by: text(k['by']), at: date(k['at']) })) };
}

function curve(c: Group): Curve {
  return { model: text(c['model']), title: text(c['title']), cites: text(c['cites']), withheld: text(c['withheld']), from: date(c['from']), stepMs: ms(c['step-s']),
    values: text(c['ng-per-ml']).split(' ').filter(Boolean).map(Number), now: number(c['now-ng-per-ml']) };
}

export function sessionOf(s: Group): Session {
  const plan = (s['plan'] ?? {}) as Group;
  return {
    encounter: text(s['encounter']), patient: text(s['patient']), name: text(s['name']), birthDate: text(s['birth-date']), mrn: text(s['mrn']), sex: text(s['sex']),
    ageYears: number(s['age-years']), weight: text(s['weight']), weightAt: date(s['weight-at']), allergies: text(s['allergies']), chair: text(s['chair']),
    number: number(s['number']), planned: number(s['planned-infusions']), phase: text(s['phase']) as Phase, pumpState: text(s['pump-state']) as PumpState,
    opened: date(s['opened']), started: date(s['started']), stopped: date(s['stopped']), closed: date(s['closed']),
    plan: { doseMg: number(plan['dose-mg']), mgPerMl: number(plan['concentration-mg-per-ml']), volumeMl: number(plan['volume-ml']), rateMlPerH: number(plan['rate-ml-per-h']),
      minutes: number(plan['minutes']), signedBy: text(plan['signed-by']), protocol: text(plan['protocol']) },
    givenMg: number(s['given-mg']), givenByRateMg: number(s['given-by-rate-mg']), givenByVolumeMg: number(s['given-by-volume-mg']), differenceMg: number(s['difference-mg']),
    rateMlPerH: number(s['rate-ml-per-h']), rateMgPerMin: number(s['rate-mg-per-min']), endsAt: date(s['ends-at']),
    segments: list(s['segment']).map((g) => ({ from: sureDate(g['from']), to: date(g['to']), rateMlPerH: number(g['rate-ml-per-h']), mg: number(g['mg']) })),
    pumpEvents: list(s['pump-event']).map(pumpEvent), measures: measures(s), readings: list(s['reading']).map(reading),
    events: list(s['event']).map((e) => ({ id: text(e['id']), code: text(e['code']), title: text(e['title']), note: text(e['note']), at: sureDate(e['at']), late: yes(e['late']), by: text(e['by']) })),
    dues: list(s['due']).map((d) => ({ code: text(d['code']), title: text(d['title']), everyMs: ms(d['every-s']), last: date(d['last']), due: sureDate(d['due']), alarm: date(d['alarm']) })),
    alarms: list(s['alarm']).map(alarm),
    limits: list(s['limit']).map((l) => ({ code: text(l['code']), systolic: number(l['systolic']), diastolic: number(l['diastolic']), title: text(l['title']), cites: text(l['cites']), seen: text(l['seen']) })),
    curves: list(s['curve']).map(curve), curvesArePlan: yes(s['curves-are-plan']),
    gate: list(s['gate']).map((g) => ({ id: text(g['id']), met: yes(g['met']), sentence: text(g['sentence']) })), gateOpen: yes(s['gate-open']),
  };
}

/** mg given at this second: what the server said, and since then at the running rate, until the bag is empty. */
export function givenNow(session: Session, loadedAt: number, now: Date): number {
  if (session.pumpState !== 'running') return session.givenMg;
  const since = session.rateMgPerMin * Math.max(0, now.getTime() - loadedAt) / 60_000;
  return Math.max(session.givenMg, Math.min(session.givenMg + since, session.plan.doseMg));
}

export const dueOf = (session: Session, code: string): Due | undefined => session.dues.find((d) => d.code === code);
export const pressureText = (m: { value: number; diastolic: number }): string => `${m.value}/${m.diastolic}`;

/** What is sent, to this session; the screen reloads by the event that it makes. */
export interface Actions {
  record(operation: string, body: Record<string, unknown>, said: string): Promise<boolean>;
  busy: boolean;
  error: unknown; /* of the last one, until the next */
}
