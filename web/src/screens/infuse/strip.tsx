// The infusion strip: a paper record's conventions on one time axis. Laid out anew at each size, never scaled.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { clock } from '../../format';
import { dueOf, type Curve, type Reading, type Session } from './model';

const MINUTE = 60_000;

interface Frame { width: number; height: number; left: number; right: number; from: number; to: number; now: number }
type Y = (value: number) => number;

const xOf = (f: Frame, at: number | Date): number =>
  f.left + (Number(at) - f.from) / (f.to - f.from) * (f.right - f.left);
const inside = (f: Frame, at: Date): boolean => at.getTime() >= f.from && at.getTime() <= f.to;

function frameOf(session: Session, width: number, height: number, now: Date): Frame {
  const started = (session.started ?? now).getTime();
  const end = (session.stopped ?? session.endsAt ?? new Date(started + session.plan.minutes * MINUTE)).getTime();
  const firstSeen = Math.min(...session.readings.map((r) => r.at.getTime()), started - 10 * MINUTE);
  const from = Math.max(firstSeen - 2 * MINUTE, started - 30 * MINUTE);
  const to = Math.max(end + 55 * MINUTE, now.getTime() + 10 * MINUTE);
  return { width, height, left: 86, right: width - 8, from, to, now: now.getTime() };
}

/* Shares of the height, as on the paper form: two thin lanes, pressure, plasma, then the rails at fixed heights. */
interface Lanes { spo2: Y; hr: Y; bp: Y; plasma: Y; plasmaTop: number; base: number; rate: number; observe: number; events: number; axis: number; bpMax: number; bpMin: number; plasmaMax: number }

function lanesOf(session: Session, height: number): Lanes {
  const base = height - 90;
  const k = (base - 20) / 208;
  const y = (at: number): number => 20 + (at - 20) * k;
  const linear = (top: number, bottom: number, max: number, min: number): Y => (v) => y(bottom) - (v - min) / (max - min) * (y(bottom) - y(top));
  const pressures = session.readings.filter((r) => r.measure === 'pressure' && !r.quarantined);
  const bpMax = Math.max(200, ...pressures.map((r) => r.value + 10));
  const bpMin = Math.min(60, ...pressures.map((r) => r.diastolic - 5));
  const peak = Math.max(0, ...session.curves.flatMap((c) => c.values));
  const plasmaMax = peak <= 200 ? 200 : peak <= 300 ? 300 : Math.ceil(peak / 200) * 200;
  return { spo2: linear(20, 36, 100, 90), hr: linear(52, 68, 100, 60), bp: linear(84, 172, bpMax, bpMin), plasma: linear(182, 228, plasmaMax, 0), plasmaTop: y(182), base,
    rate: base + 9, observe: base + 41, events: base + 65, axis: base + 85, bpMax, bpMin, plasmaMax };
}

export function Strip({ session, now, children }: { session: Session; now: Date; children?: JSX.Element }): JSX.Element {
  const figure = useRef<HTMLElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    if (!figure.current) return;
    const watch = new ResizeObserver(([entry]) => {
      const box = entry!.contentRect;
      setSize({ width: Math.floor(box.width), height: Math.floor(box.height) });
    });
    watch.observe(figure.current);
    return () => watch.disconnect();
  }, []);
  return <figure class="pn strip" ref={figure}>
    {size.width > 300 && <Drawing session={session} width={size.width} height={size.height} now={now} />}
    {children}
  </figure>;
}

function Drawing({ session, width, height, now }: { session: Session; width: number; height: number; now: Date }): JSX.Element {
  const f = frameOf(session, width, height, now);
  const l = lanesOf(session, height);
  return <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-labelledby="strip-title strip-desc">
    <title id="strip-title">Infusion record</title>
    <desc id="strip-desc">{describe(session)}</desc>
    <Grid f={f} l={l} />
    <Dosing f={f} l={l} session={session} />
    <Thin f={f} l={l} session={session} />
    <Limits f={f} l={l} session={session} />
    <Pressures f={f} l={l} readings={session.readings.filter((r) => r.measure === 'pressure' && inside(f, r.at))} />
    <Plasma f={f} l={l} session={session} />
    <Rates f={f} l={l} session={session} />
    <Rail f={f} l={l} session={session} />
    <Foot f={f} l={l} session={session} />
    <Now f={f} l={l} />
  </svg>;
}

function describe(session: Session): string {
  const p = session.measures.pressure;
  return `${session.readings.length} readings. ${p.state === 'none' ? 'No pressure yet' : `Last pressure ${p.value}/${p.diastolic} at ${clock(p.at)}`}. ` +
    `${session.givenMg} of ${session.plan.doseMg} mg given. The table holds every value.`;
}

function Grid({ f, l }: { f: Frame; l: Lanes }): JSX.Element {
  const lines: JSX.Element[] = [];
  const labels: JSX.Element[] = [];
  const step = 5 * MINUTE;
  for (let at = Math.ceil(f.from / step) * step; at <= f.to; at += step) {
    const strong = at % (15 * MINUTE) === 0;
    const x = xOf(f, at);
    lines.push(<line x1={x} x2={x} y1={20} y2={l.observe + 11} stroke="var(--grid)" stroke-width={strong ? 1.2 : 0.5} />);
    if (strong) labels.push(<text x={x} y={l.axis} text-anchor="middle">{clock(new Date(at))}</text>);
  }
  return <g>{lines}{labels}</g>;
}

function Scale({ f, y, values }: { f: Frame; y: Y; values: number[] }): JSX.Element {
  return <g>{values.map((v) => <>
    <line class="grid" x1={f.left} x2={f.right} y1={y(v)} y2={y(v)} />
    <text x={f.left - 9} y={y(v) + 4} text-anchor="end">{v}</text></>)}</g>;
}

/** The time while the drug runs, shaded through all lanes. */
function Dosing({ f, l, session }: { f: Frame; l: Lanes; session: Session }): JSX.Element | null {
  if (!session.started) return null;
  const end = session.stopped ?? session.endsAt ?? new Date(f.now);
  return <rect x={xOf(f, session.started)} y={20} width={Math.max(0, xOf(f, end) - xOf(f, session.started))} height={l.base - 20} fill="var(--ket-2)" opacity=".42" />;
}

function path(points: [number, number][]): string {
  return points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}

/* A reading entered late is hollow with an L; one that is quarantined is struck through. */
function Mark({ x, y, reading, colour }: { x: number; y: number; reading: Reading; colour: string }): JSX.Element {
  if (reading.quarantined) return <g class="struck"><circle cx={x} cy={y} r={3.2} /><line x1={x - 6} x2={x + 6} y1={y + 6} y2={y - 6} /></g>;
  return <g><circle cx={x} cy={y} r={3.2} fill={reading.late ? 'var(--surface)' : colour} stroke={colour} stroke-width={1.6} />
    {reading.late && <text class="late" x={x} y={y - 6} text-anchor="middle">L</text>}</g>;
}

function Series({ f, y, session, measure, colour, clampTo }: { f: Frame; y: Y; session: Session; measure: 'spo2' | 'heart-rate'; colour: string; clampTo: [number, number] }): JSX.Element {
  const readings = session.readings.filter((r) => r.measure === measure && inside(f, r.at));
  const at = (r: Reading): [number, number] => [xOf(f, r.at), y(Math.min(clampTo[1], Math.max(clampTo[0], r.value)))];
  return <g>
    <path d={path(readings.filter((r) => !r.quarantined).map(at))} fill="none" stroke={colour} stroke-width={1.7} />
    {readings.map((r) => <Mark x={at(r)[0]} y={at(r)[1]} reading={r} colour={colour} />)}
  </g>;
}

function Thin({ f, l, session }: { f: Frame; l: Lanes; session: Session }): JSX.Element {
  return <g>
    <text x={2} y={l.spo2(92.5)} class="lane-spo2">SpO₂</text>
    <Scale f={f} y={l.spo2} values={[90, 100]} />
    <Series f={f} y={l.spo2} session={session} measure="spo2" colour="var(--d-spo2)" clampTo={[86, 100]} />
    <text x={2} y={l.hr(80) + 3} class="lane-hr">HR</text>
    <Scale f={f} y={l.hr} values={[60, 100]} />
    <Series f={f} y={l.hr} session={session} measure="heart-rate" colour="var(--d-hr)" clampTo={[40, 140]} />
  </g>;
}

function Limits({ f, l, session }: { f: Frame; l: Lanes; session: Session }): JSX.Element {
  const amber = session.limits.find((x) => x.code === 'amber');
  const red = session.limits.find((x) => x.code === 'red');
  return <g>
    <text x={2} y={l.bp(133)} class="lane-bp">BP</text>
    <text x={2} y={l.bp(133) + 15}>mmHg</text>
    <Scale f={f} y={l.bp} values={[80, 120, 160, 200]} />
    {amber && <><line x1={f.left} x2={f.right} y1={l.bp(amber.systolic)} y2={l.bp(amber.systolic)} stroke="var(--ink-2)" stroke-width={1.1} stroke-dasharray="5 4" />
      <text x={f.right - 3} y={l.bp(amber.systolic) + 12} text-anchor="end" class="t-2 halo">alarm {amber.systolic} or {amber.diastolic}</text></>}
    {red && <><line x1={f.left} x2={f.right} y1={l.bp(red.systolic)} y2={l.bp(red.systolic)} stroke="var(--ink)" stroke-width={1.5} />
      <text x={f.right - 3} y={l.bp(red.systolic) - 4} text-anchor="end" class="t-ink t-b halo">{red.systolic} or {red.diastolic}: pause the pump</text></>}
  </g>;
}

function Caret({ x, systolic, diastolic, reading }: { x: number; systolic: number; diastolic: number; reading: Reading }): JSX.Element {
  const d = `M${x - 5.5} ${systolic - 7.5}L${x} ${systolic}L${x + 5.5} ${systolic - 7.5}M${x - 5.5} ${diastolic + 7.5}L${x} ${diastolic}L${x + 5.5} ${diastolic + 7.5}`;
  return <g>
    <line x1={x} x2={x} y1={systolic} y2={diastolic} stroke="var(--d-bp)" stroke-width={1} opacity={0.55} stroke-dasharray={reading.late ? '2 3' : undefined} />
    <path d={d} fill="none" stroke="var(--d-bp)" stroke-width={reading.late ? 1.3 : 2.3} stroke-linejoin="round" stroke-linecap="round" />
    {reading.late && <text class="late" x={x} y={systolic - 10} text-anchor="middle">L</text>}
  </g>;
}

function Pressures({ f, l, readings }: { f: Frame; l: Lanes; readings: Reading[] }): JSX.Element {
  const clamp = (v: number): number => Math.min(l.bpMax, Math.max(l.bpMin, v));
  const line = l.bp(l.bpMax) - 7;
  return <g>{readings.map((r) => {
    const x = xOf(f, r.at);
    return <g><title>{`${clock(r.at)} ${r.value}/${r.diastolic}${r.late ? ', entered late' : ''}${r.quarantined ? `, not used: ${r.why}` : ''}`}</title>
      {r.quarantined ? <g class="struck"><circle cx={x} cy={line} r={4} /><line x1={x - 6} x2={x + 6} y1={line + 6} y2={line - 6} /></g>
        : <Caret x={x} systolic={l.bp(clamp(r.value))} diastolic={l.bp(clamp(r.diastolic))} reading={r} />}
      {r.level === 1 && <path d={`M${x} ${line - 5}l5.5 9.5h-11z`} fill="var(--med)" stroke="var(--on-med)" stroke-width={0.7} />}
      {r.level > 1 && <path d={`M${x - 2.3} ${line - 5}h4.6l3.2 3.2v4.6l-3.2 3.2h-4.6l-3.2 -3.2v-4.6z`} fill="var(--hi)" stroke="var(--on-hi)" stroke-width={0.8} />}
    </g>;
  })}</g>;
}

/* ---- plasma: two models, the space between them, past solid and future dashed ---- */

function points(f: Frame, y: Y, curve: Curve): [number, number][] {
  return curve.from ? curve.values.map((v, i): [number, number] => [xOf(f, curve.from!.getTime() + i * curve.stepMs), y(v)]).filter(([x]) => x <= f.right) : [];
}

function Between({ a, b }: { a: [number, number][]; b: [number, number][] }): JSX.Element {
  return <path class="band" d={`${path(a)}L${[...b].reverse().map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}Z`} fill="var(--ket-1)" opacity=".7" />;
}

function Plasma({ f, l, session }: { f: Frame; l: Lanes; session: Session }): JSX.Element {
  const drawn = session.curves.filter((c) => c.values.length > 1);
  const lines = drawn.map((c) => points(f, l.plasma, c));
  const now = session.curvesArePlan ? f.left : xOf(f, f.now);
  const withheld = session.curves.find((c) => c.withheld)?.withheld;
  return <g>
    <text x={2} y={l.plasma(l.plasmaMax / 2) + 2} class="lane-ket">Plasma</text>
    <text x={2} y={l.plasma(l.plasmaMax / 2) + 17}>ng/mL</text>
    <Scale f={f} y={l.plasma} values={[0, l.plasmaMax / 2, l.plasmaMax]} />
    <line class="axis" x1={f.left} x2={f.right} y1={l.plasma(0)} y2={l.plasma(0)} />
    <clipPath id="strip-past"><rect x={f.left} y={0} width={Math.max(0, now - f.left)} height={f.height} /></clipPath>
    <clipPath id="strip-future"><rect x={now} y={0} width={Math.max(0, f.right - now)} height={f.height} /></clipPath>
    {lines.length === 2 && <Between a={lines[0]!} b={lines[1]!} />}
    {lines.map((line, i) => <g>
      <path d={path(line)} class={`curve c${i}`} clip-path="url(#strip-past)" />
      <path d={path(line)} class={`curve c${i} future`} clip-path="url(#strip-future)" />
      {!session.curvesArePlan && <circle cx={now} cy={l.plasma(drawn[i]!.now)} r={3.8} fill="var(--d-ket)" stroke="var(--surface)" stroke-width={2} />}
    </g>)}
    <text x={f.right - 3} y={l.plasmaTop - 13} text-anchor="end" class="lane-ket halo">{drawn.map((c, i) => `${i ? '   ─ ' : '━ '}${c.title.replace(/ \(.*$/, '')}`).join('')}</text>
    {lines.length === 2 && <text x={f.right - 3} y={l.plasmaTop + 2} text-anchor="end" class="t-2 halo">{session.curvesArePlan ? 'if started now; ' : ''}between two models, not a range of patients</text>}
    {withheld && <text x={f.right - 3} y={l.plasmaTop + 2} text-anchor="end" class="halo">No curve: {withheld}</text>}
  </g>;
}

/* ---- rails ---- */

function rateText(mlPerH: number, mgPerMl: number): string {
  return `${Number((mlPerH * mgPerMl).toFixed(1))} mg/h`;
}

function Rates({ f, l, session }: { f: Frame; l: Lanes; session: Session }): JSX.Element {
  const bar = (x1: number, x2: number, words: string, done: boolean): JSX.Element => <g>
    <rect x={x1} y={l.rate} width={Math.max(0, x2 - x1)} height={18} rx={2} fill={done ? 'var(--d-ket)' : 'none'} stroke={done ? undefined : 'var(--d-ket)'} stroke-dasharray={done ? undefined : '4 3'} />
    {x2 - x1 > 62 && words && <text x={(x1 + x2) / 2} y={l.rate + 13.5} text-anchor="middle" class={done ? 'on-ket' : 't-2'}>{words}</text>}
  </g>;
  const x = (at: Date | number): number => Math.min(f.right, Math.max(f.left, xOf(f, at)));
  const now = new Date(f.now);
  return <g>
    <text x={2} y={l.rate + 13} class="t-2">Rate</text>
    {session.segments.map((s) => s.rateMlPerH > 0
      ? bar(x(s.from), x(s.to ?? now), rateText(s.rateMlPerH, session.plan.mgPerMl), true)
      : <line x1={x(s.from)} x2={x(s.to ?? now)} y1={l.rate + 9} y2={l.rate + 9} class="held" />)}
    {session.pumpState === 'running' && session.endsAt && bar(x(now), x(session.endsAt), '', false)}
    {session.pumpState === 'not-started' && bar(x(now), x(f.now + session.plan.minutes * MINUTE), `plan ${rateText(session.plan.rateMlPerH, session.plan.mgPerMl)}`, false)}
  </g>;
}

function Rail({ f, l, session }: { f: Frame; l: Lanes; session: Session }): JSX.Element {
  const y = l.observe - 5;
  const due = dueOf(session, 'pressure');
  const later: number[] = [];
  if (due) {
    const end = session.endsAt?.getTime() ?? 0;
    for (let at = due.due.getTime(); later.length < 30;) {
      at += at < end ? due.everyMs : 15 * MINUTE;
      if (at > f.to) break;
      later.push(at);
    }
  }
  const late = due !== undefined && due.due.getTime() < f.now;
  return <g>
    <text x={2} y={l.observe} class="t-2">Observe</text>
    {session.readings.filter((r) => r.measure === 'pressure' && !r.quarantined && inside(f, r.at)).map((r) => {
      const x = xOf(f, r.at);
      return <path d={`M${x - 4} ${y}l3 3 5.5 -6`} class="done" />;
    })}
    {due && <g><rect x={Math.min(f.right - 8, xOf(f, Math.max(due.due.getTime(), f.from))) - 8} y={y - 8} width={16} height={16} rx={4} class={late ? 'next late' : 'next'} /></g>}
    {later.map((at) => <circle cx={xOf(f, at)} cy={y} r={3} fill="none" stroke="var(--ink-3)" stroke-width={1.2} />)}
  </g>;
}

const short: Record<string, string> = { 'pump-started': 'Start', 'pump-paused': 'Pause', 'pump-resumed': 'Resume', 'rate-changed': 'Rate', 'pump-stopped': 'Stop', 'volume-left': 'Volume' };

function Foot({ f, l, session }: { f: Frame; l: Lanes; session: Session }): JSX.Element {
  const all = [
    ...session.pumpEvents.filter((e) => e.code !== 'pump-reading').map((e) => ({ at: e.at, words: short[e.code] ?? e.title, late: e.late })),
    ...session.events.filter((e) => e.code !== 'session-ended').map((e) => ({ at: e.at, words: e.title, late: e.late })),
  ].filter((e) => inside(f, e.at));
  const taken: [number, number][] = []; /* the pump's words go first; what finds no room keeps its tick and its title */
  return <g>
    <text x={2} y={l.events} class="t-2">Events</text>
    {all.map((e) => {
      const x = xOf(f, e.at);
      const words = e.words + (e.late ? ' L' : '');
      const half = words.length * 3.3;
      const fits = !taken.some(([from, to]) => x - half < to + 5 && x + half > from - 5);
      if (fits) taken.push([x - half, x + half]);
      return <g><title>{`${clock(e.at)} ${e.words}${e.late ? ', entered late' : ''}`}</title>
        <line x1={x} x2={x} y1={l.events - 14} y2={l.events - 10} stroke="var(--ink-2)" stroke-width={1.4} />
        {fits && <text x={x} y={l.events} text-anchor="middle" class="t-ink">{words}</text>}</g>;
    })}
  </g>;
}

function Now({ f, l }: { f: Frame; l: Lanes }): JSX.Element {
  const x = xOf(f, f.now);
  return <g>
    <line x1={x} x2={x} y1={14} y2={l.observe + 10} stroke="var(--ink)" stroke-width={1.5} />
    <rect x={x - 22} y={0} width={44} height={17} rx={4} fill="var(--ink)" />
    <text x={x} y={13} text-anchor="middle" class="flag">{clock(new Date(f.now))}</text>
  </g>;
}
