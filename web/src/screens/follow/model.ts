// What $follow tells, as plain objects with times in milliseconds. An absent number stays absent: it is never zero.
import { list, number, text, type Group, type Value } from '../../client';

export interface Report {
  atMs: number; reference: string; total?: number; band: string; answered: number; prorated: boolean; nearDose: boolean;
  suicideItem?: number; suicideItemMissing: boolean;
}
export interface InfusionMark { number: number; atMs: number; daysSinceLast?: number; givenMg?: number; status: string }
export interface Note { text: string; by: string; atMs: number }
export interface Worry {
  id: string; response: string; patientId: string; patient: string; kind: string; title: string; description: string;
  priority: 'high' | 'medium' | 'low'; raisedByAge: boolean; open: boolean; owner: string; ownerId: string;
  raisedMs: number; ownerDueMs: number; contactDueMs: number; notes: Note[];
}
export interface Rule { title: string; value: string; unit: string; cites: string; seen: string }
export interface LinkMade { state: string; madeMs: number; expiresMs: number; usedMs: number }
export interface FollowFacts {
  instrument: string; maxTotal: number; deceased: boolean; headline: string; verdict: string; judged: boolean;
  response: boolean; partial: boolean; remission: boolean; worse: boolean;
  baseline?: Point; latest?: Point; best?: Point; remissionMax: number; responseMax?: number; gapDays: number;
  reports: Report[]; infusions: InfusionMark[]; worries: Worry[]; rules: Rule[]; links: LinkMade[];
}
export interface Point { total: number; atMs: number }

const ms = (value: Value | undefined): number => (value === undefined ? NaN : Date.parse(text(value)));
const maybe = (value: Value | undefined): number | undefined => (Number.isNaN(number(value)) ? undefined : number(value));
const yes = (value: Value | undefined): boolean => value === true;

function point(value: Value | undefined): Point | undefined {
  const group = list(value)[0];
  return group && { total: number(group['total']), atMs: ms(group['at']) };
}

function report(group: Group): Report {
  return {
    atMs: ms(group['at']), reference: text(group['reference']), total: maybe(group['total']), band: text(group['band']), answered: number(group['answered']),
    prorated: yes(group['prorated']), nearDose: yes(group['near-dose']), suicideItem: maybe(group['suicide-item']),
    suicideItemMissing: yes(group['suicide-item-missing']),
  };
}

export function worry(group: Group): Worry {
  return {
    id: text(group['id']), response: text(group['response']), patientId: text(group['patient-id']), patient: text(group['patient']), kind: text(group['kind']),
    title: text(group['title']), description: text(group['description']),
    priority: text(group['priority']) as Worry['priority'], raisedByAge: yes(group['raised-by-age']), open: yes(group['open']),
    owner: text(group['owner']), ownerId: text(group['owner-id']), raisedMs: ms(group['raised']),
    ownerDueMs: ms(group['owner-due']), contactDueMs: ms(group['contact-due']),
    notes: list(group['note']).map((n) => ({ text: text(n['text']), by: text(n['by']), atMs: ms(n['at']) })),
  };
}

export function rule(group: Group): Rule {
  return { title: text(group['title']), value: text(group['value']), unit: text(group['unit']), cites: text(group['cites']), seen: text(group['seen']) };
}

export function followFacts(data: Group): FollowFacts {
  return {
    instrument: text(data['instrument']), maxTotal: number(data['max-total']), deceased: yes(data['deceased']),
    headline: text(data['headline']), verdict: text(data['verdict']), judged: yes(data['judged']),
    response: yes(data['response']), partial: yes(data['partial']), remission: yes(data['remission']), worse: yes(data['worse']),
    baseline: point(data['baseline']), latest: point(data['latest']), best: point(data['best']),
    remissionMax: number(data['remission-max']), responseMax: maybe(data['response-max']), gapDays: number(data['gap-days']),
    reports: list(data['score']).map(report),
    infusions: list(data['infusion']).map((i) => ({
      number: number(i['number']), atMs: ms(i['at']), daysSinceLast: maybe(i['days-since-last']),
      givenMg: maybe(i['given-mg']), status: text(i['status']),
    })),
    worries: list(data['task']).map(worry),
    rules: list(data['rule']).map(rule),
    links: list(data['link']).map((l) => ({ state: text(l['state']), madeMs: ms(l['made']), expiresMs: ms(l['expires']), usedMs: ms(l['used']) })),
  };
}

/** Endorsements that no task was ever made for: they came from outside a link, by import or another program. */
export function withoutTask(facts: FollowFacts): Report[] {
  const known = new Set(facts.worries.map((w) => w.response));
  return facts.reports.filter((r) => (r.suicideItem ?? 0) > 0 && !known.has(r.reference));
}
