// Times and numbers as the screens write them: "24 Nov", 24 h, digits with unit, a dash for what is not known.
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const two = (n: number): string => String(n).padStart(2, '0');

function valid(at: string | Date | undefined): Date | undefined {
  if (!at) return undefined;
  const date = at instanceof Date ? at : new Date(at);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** "10:42" */
export function clock(at: string | Date | undefined): string {
  const d = valid(at);
  return d ? `${two(d.getHours())}:${two(d.getMinutes())}` : '–';
}
/** "10:42:16" */
export function clockSeconds(at: string | Date | undefined): string {
  const d = valid(at);
  return d ? `${clock(d)}:${two(d.getSeconds())}` : '–';
}
/** "24 Nov", with the year where it is not this one: "24 Nov 2025" */
export function day(at: string | Date | undefined, now = new Date()): string {
  const d = valid(at);
  if (!d) return '–';
  return `${d.getDate()} ${months[d.getMonth()]}${d.getFullYear() === now.getFullYear() ? '' : ` ${d.getFullYear()}`}`;
}
/** "Tuesday 24 November"-like: "Tuesday 24 Nov" */
export function weekday(at: string | Date | undefined): string {
  const d = valid(at);
  return d ? `${days[d.getDay()]} ${day(d)}` : '–';
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
