// Times and numbers as the screens write them: "24 Nov", 24 h, digits with unit, a dash for what is not known.
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const two = (n: number): string => String(n).padStart(2, '0');

/** Wall time in the clinic's zone, wherever this browser thinks it is: the server's sentences use the same. */
export interface Local { year: number; month: number; day: number; weekday: number; hour: number; minute: number; second: number }

let clinicParts = new Intl.DateTimeFormat('en-US');
/** Called once, after sign-in, with an IANA name. */
export function setClinicZone(zone: string): void {
  clinicParts = new Intl.DateTimeFormat('en-US', { timeZone: zone || undefined, hourCycle: 'h23', year: 'numeric', month: 'numeric',
    day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
}
setClinicZone('');

export function local(at: Date): Local {
  const part = Object.fromEntries(clinicParts.formatToParts(at).map((p) => [p.type, Number(p.value)])) as
    { year: number; month: number; day: number; hour: number; minute: number; second: number };
  return { ...part, weekday: new Date(Date.UTC(part.year, part.month - 1, part.day)).getUTCDay() };
}
/** The instant of a wall time in the clinic's zone; month 1 to 12, and what is past an end rolls over (day 32, hour 25). */
export function fromLocal(year: number, month: number, day: number, hour = 0, minute = 0): Date {
  const wanted = Date.UTC(year, month - 1, day, hour, minute);
  /* Twice: the first guess may stand on the other side of a change of the clock. */
  let at = wanted;
  for (let i = 0; i < 2; i++) {
    const l = local(new Date(at));
    at += wanted - Date.UTC(l.year, l.month - 1, l.day, l.hour, l.minute, l.second);
  }
  return new Date(at);
}

/** What an <input type="date"> holds: "2026-11-17", the day in the clinic's zone. */
export function dateField(at: Date): string {
  const l = local(at);
  return `${l.year}-${two(l.month)}-${two(l.day)}`;
}

function valid(at: string | Date | undefined): Date | undefined {
  if (!at) return undefined;
  const date = at instanceof Date ? at : new Date(at);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** "10:42" */
export function clock(at: string | Date | undefined): string {
  const d = valid(at);
  if (!d) return '–';
  const l = local(d);
  return `${two(l.hour)}:${two(l.minute)}`;
}
/** "10:42:16" */
export function clockSeconds(at: string | Date | undefined): string {
  const d = valid(at);
  return d ? `${clock(d)}:${two(local(d).second)}` : '–';
}
/** "24 Nov", with the year where it is not this one: "24 Nov 2025" */
export function day(at: string | Date | undefined, now = new Date()): string {
  const d = valid(at);
  if (!d) return '–';
  const l = local(d);
  return `${l.day} ${months[l.month - 1]}${l.year === local(now).year ? '' : ` ${l.year}`}`;
}
/** "Tuesday 24 Nov" */
export function weekday(at: string | Date | undefined): string {
  const d = valid(at);
  return d ? `${days[local(d).weekday]} ${day(d)}` : '–';
}
export function dayClock(at: string | Date | undefined): string {
  const d = valid(at);
  return d ? `${day(d)} ${clock(d)}` : '–';
}
/** A birth date "1988-03-12" without any zone: "12 Mar 1988" */
export function birthDate(text: string): string {
  const [y, m, d] = text.split('-').map(Number);
  if (!y) return '–';
  return [d, m ? months[m - 1] : undefined, y].filter((part) => part !== undefined && !Number.isNaN(part)).join(' ');
}
/** "2 s ago", "6 min ago", "2 h ago", "3 days ago" */
export function ago(at: string | Date | undefined, now: Date): string {
  const d = valid(at);
  if (!d) return 'not known';
  return `${span(now.getTime() - d.getTime())} ago`;
}
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 90) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 90) return `${min} min`;
  const h = Math.floor(min / 60);
  return h < 36 ? `${h} h` : `${Math.floor(h / 24)} days`;
}
/** "11:44": minutes and seconds left; "-0:30" when it is past. */
export function countdown(ms: number): string {
  const s = Math.round(Math.abs(ms) / 1000);
  return `${ms < 0 ? '-' : ''}${Math.floor(s / 60)}:${two(s % 60)}`;
}
/** No trailing zeros, leading zero kept: 0.5, 40. */
export function plain(value: number, places = 1): string {
  return Number.isFinite(value) ? String(Number(value.toFixed(places))) : '–';
}
