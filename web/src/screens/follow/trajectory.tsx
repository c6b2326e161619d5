// The course as one picture: reports as dots, joined only where none is missing between them; infusions on a rail with
// the days between; the suicide item as a strip of its own. It ends at now: nothing here is a forecast.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { day, fromLocal, local } from '../../format';
import type { FollowFacts, Report } from './model';

const DAY = 86_400_000;
const LEFT = 70, RIGHT = 26, TOP = 34, PANEL = 336, RAIL = 34, STRIP = 30;
const railTop = TOP + PANEL + 26;
const stripTop = railTop + RAIL + 22;
const axisTop = stripTop + STRIP + 8;
const HEIGHT = axisTop + 26;

export type Range = '3 m' | 'Course' | 'All';

interface Scales { x: (ms: number) => number; y: (score: number) => number; fromMs: number; toMs: number; right: number }

function firstShownMs(facts: FollowFacts, range: Range, nowMs: number): number {
  const times = [...facts.reports.map((r) => r.atMs), ...facts.infusions.map((i) => i.atMs)];
  const first = times.length ? Math.min(...times) : nowMs - 28 * DAY;
  const courseStart = facts.infusions[0] ? facts.infusions[0].atMs - 14 * DAY : first;
  const from = range === '3 m' ? nowMs - 92 * DAY : range === 'Course' ? Math.min(courseStart, nowMs - 28 * DAY) : first;
  return Math.min(from, nowMs - 14 * DAY);
}

function scalesOf(facts: FollowFacts, range: Range, nowMs: number, width: number): Scales {
  const fromMs = firstShownMs(facts, range, nowMs) - DAY;
  const right = width - RIGHT;
  const top = Math.ceil(facts.maxTotal / 5) * 5 - 3;
  return {
    x: (ms) => LEFT + ((ms - fromMs) / (nowMs - fromMs)) * (right - LEFT - 24),
    y: (score) => TOP + PANEL - (score / top) * PANEL,
    fromMs, toMs: nowMs, right,
  };
}

/** The first of each month that has room, or each Monday where the range is short; days are the clinic's. */
function ticks(s: Scales): { ms: number; label: string }[] {
  const marks: { ms: number; label: string }[] = [];
  const short = s.toMs - s.fromMs < 70 * DAY;
  const first = local(new Date(s.fromMs));
  for (let i = 1; ; i++) {
    const at = fromLocal(first.year, first.month, first.day + i), ms = at.getTime();
    if (ms > s.toMs) return marks;
    const on = local(at);
    const last = marks[marks.length - 1];
    if (!(short ? on.weekday === 1 : on.day === 1) || (last && s.x(ms) - s.x(last.ms) <= 48)) continue;
    marks.push({ ms, label: short ? day(at) : `${day(at).split(' ')[1] ?? ''}${on.month === 1 ? ` ${on.year}` : ''}` });
  }
}

function Ground({ facts, s }: { facts: FollowFacts; s: Scales }): JSX.Element {
  const width = s.right - LEFT;
  const remission = s.y(facts.remissionMax + 0.5);
  const response = facts.responseMax === undefined ? undefined : s.y(facts.responseMax + 0.5);
  return <g>
    {response !== undefined && response < remission && <rect class="band resp" x={LEFT} y={response} width={width} height={remission - response} />}
    <rect class="band rem" x={LEFT} y={remission} width={width} height={s.y(0) - remission} />
    {[0, 5, 10, 15, 20, 25].map((score) => <g key={score}>
      <path class="grid" d={`M${LEFT} ${s.y(score)}H${s.right}`} /><text x={LEFT - 10} y={s.y(score) + 4} text-anchor="end">{score}</text></g>)}
    {ticks(s).map((t) => <g key={t.ms}><path class="grid" d={`M${s.x(t.ms)} ${TOP}V${axisTop}`} />
      <text x={s.x(t.ms)} y={axisTop + 18} text-anchor="middle">{t.label}</text></g>)}
    {response !== undefined && response < remission && <path class="limit" d={`M${LEFT} ${response}H${s.right}`} />}
    <path class="limit ok" d={`M${LEFT} ${remission}H${s.right}`} />
  </g>;
}

/** The line of reports as close points, to see what words would hide. */
function along(reports: Report[], s: Scales): { x: number; y: number }[] {
  const points = reports.filter((r): r is Report & { total: number } => r.total !== undefined).map((r) => ({ x: s.x(r.atMs), y: s.y(r.total) }));
  return points.flatMap((p, i) => {
    const next = points[i + 1] ?? p;
    return Array.from({ length: 8 }, (_, k) => ({ x: p.x + ((next.x - p.x) * k) / 8, y: p.y + ((next.y - p.y) * k) / 8 }));
  });
}

/** Where along a line its words hide the least. */
function clearest(reports: Report[], s: Scales, y: number, width: number): number {
  const line = along(reports, s);
  const crowd = (from: number): number =>
    line.filter((p) => p.x > from - 8 && p.x < from + width + 8 && Math.abs(p.y - y) < 14).length;
  const room = s.right - LEFT - width - 16;
  const places = Array.from({ length: 12 }, (_, i) => LEFT + 8 + (room * i) / 11);
  return places.reduce((best, place) => (crowd(place) < crowd(best) ? place : best));
}

/** Words last, so that no line runs through them. */
function BandWords({ facts, reports, s }: { facts: FollowFacts; reports: Report[]; s: Scales }): JSX.Element {
  const response = facts.responseMax;
  const responseY = response === undefined ? 0 : s.y(response + 0.5) - 7;
  return <g>
    {response !== undefined && response > facts.remissionMax &&
      <text class="t-2 halo" x={clearest(reports, s, responseY - 4, 240)} y={responseY}>Response: half of baseline {facts.baseline?.total} or less</text>}
    <text class="t-2" x={clearest(reports, s, s.y(0) - 13, 140)} y={s.y(0) - 9}>Remission: {facts.remissionMax} or less</text>
  </g>;
}

/** Stretches between two reports in which at least one is missing. */
function gaps(reports: Report[], gapDays: number): { fromMs: number; toMs: number }[] {
  return reports.slice(1).flatMap((r, i) => {
    const before = reports[i]!;
    return r.atMs - before.atMs > gapDays * DAY ? [{ fromMs: before.atMs, toMs: r.atMs }] : [];
  });
}

function Gaps({ facts, reports, s, nowMs }: { facts: FollowFacts; reports: Report[]; s: Scales; nowMs: number }): JSX.Element {
  const last = reports[reports.length - 1];
  const open = last && nowMs - last.atMs > facts.gapDays * DAY ? [{ fromMs: last.atMs, toMs: nowMs }] : [];
  return <g>{[...gaps(reports, facts.gapDays), ...open].map((g) => {
    const from = Math.max(s.x(g.fromMs) + 7, LEFT), to = s.x(g.toMs) - 7, days = Math.round((g.toMs - g.fromMs) / DAY);
    if (to - from < 6) return null;
    return <g key={g.fromMs}><rect class="gap" x={from} y={TOP + 4} width={to - from} height={PANEL - 8} rx="4" />
      {to - from > 30 && <text class="gap-word" x={(from + to) / 2} y={TOP + 22} text-anchor="middle">{to - from > 130 ? `no report, ${days} days` : `${days} d`}</text>}</g>;
  })}</g>;
}

function Reports({ facts, reports, s }: { facts: FollowFacts; reports: Report[]; s: Scales }): JSX.Element {
  const scored = reports.filter((r): r is Report & { total: number } => r.total !== undefined);
  const counted = scored.filter((r) => !r.nearDose);
  const path = counted.map((r, i) => {
    const before = counted[i - 1];
    const joined = before && r.atMs - before.atMs <= facts.gapDays * DAY;
    return `${joined ? 'L' : 'M'}${s.x(r.atMs).toFixed(1)} ${s.y(r.total).toFixed(1)}`;
  }).join('');
  const last = scored[scored.length - 1];
  const base = facts.baseline;
  return <g>
    <path class="phq" d={path} />
    {reports.filter((r) => r.total === undefined).map((r) => <g key={r.atMs}>
      <path class="unscored" d={`M${s.x(r.atMs)} ${TOP + 20}V${TOP + PANEL}`} /><circle class="ring" cx={s.x(r.atMs)} cy={TOP + 12} r="7" />
      <text class="t-2" x={s.x(r.atMs)} y={TOP + 16} text-anchor="middle">?<title>{`${day(new Date(r.atMs))}: no total, ${r.answered} answered`}</title></text></g>)}
    {scored.map((r) => <circle key={r.atMs} class={`dot ${r.nearDose ? 'near' : r.prorated ? 'pro' : ''}`} cx={s.x(r.atMs)} cy={s.y(r.total)} r={r === last ? 6 : 4}>
      <title>{`${day(new Date(r.atMs))}: ${r.total}, ${r.band}`}</title></circle>)}
    {base && base.atMs >= s.fromMs && <text class="t-2 halo" x={s.x(base.atMs) - 4} y={s.y(base.total) - 9}>{base.total} before treatment</text>}
    {last && last.atMs >= s.fromMs && <text class="now-score halo" x={s.x(last.atMs) - 10} y={s.y(last.total) - 11} text-anchor="end">{last.total}</text>}
  </g>;
}

function InfusionRail({ facts, s }: { facts: FollowFacts; s: Scales }): JSX.Element {
  const shown = facts.infusions.filter((i) => i.atMs >= s.fromMs);
  return <g>
    <text x={LEFT - 10} y={railTop + 21} text-anchor="end">Infusions</text>
    <path class="grid" d={`M${LEFT} ${railTop + RAIL}H${s.right}`} />
    {!shown.length && <text class="t-2" x={LEFT + 8} y={railTop + 21}>none recorded</text>}
    {shown.map((i, index) => {
      const before = shown[index - 1];
      const room = before ? s.x(i.atMs) - s.x(before.atMs) : 0;
      return <g key={i.atMs}>
        <rect class="dose" x={s.x(i.atMs) - 2.5} y={railTop + 8} width="5" height={RAIL - 10} rx="1.5"><title>{`Infusion ${i.number}, ${day(new Date(i.atMs))}`}</title></rect>
        {before && room > 34 && <text x={(s.x(i.atMs) + s.x(before.atMs)) / 2} y={railTop + 23} text-anchor="middle">{i.daysSinceLast} d</text>}
      </g>;
    })}
  </g>;
}

/** Bars by answer, a dot for zero, a dashed ring where it was not answered. */
function SuicideStrip({ reports, s }: { reports: Report[]; s: Scales }): JSX.Element {
  const floor = stripTop + STRIP - 6;
  return <g>
    <text x={LEFT - 10} y={floor} text-anchor="end">Item 9</text>
    <path class="grid" d={`M${LEFT} ${floor + 4}H${s.right}`} />
    {reports.map((r) => {
      const x = s.x(r.atMs);
      if (r.suicideItem === undefined)
        return <g key={r.atMs}><circle class="ring" cx={x} cy={floor - 6} r="6" /><text class="t-2" x={x} y={floor - 2} text-anchor="middle">?</text></g>;
      return r.suicideItem === 0 ? <circle key={r.atMs} class="zero" cx={x} cy={floor} r="1.8" />
        : <rect key={r.atMs} class="item" x={x - 3} y={floor + 2 - 7 * r.suicideItem} width="6" height={7 * r.suicideItem} />;
    })}
  </g>;
}

function useWidth(): [number, { current: HTMLElement | null }] {
  const element = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(960);
  useEffect(() => {
    if (!element.current) return;
    const watch = new ResizeObserver(([entry]) => { if (entry) setWidth(Math.max(480, Math.floor(entry.contentRect.width))); });
    watch.observe(element.current);
    return () => watch.disconnect();
  }, []);
  return [width, element];
}

export function Trajectory({ facts, range, now }: { facts: FollowFacts; range: Range; now: Date }): JSX.Element {
  const [width, element] = useWidth();
  const s = scalesOf(facts, range, now.getTime(), width);
  const reports = facts.reports.filter((r) => r.atMs >= s.fromMs);
  const nowX = s.x(now.getTime());
  const about = facts.reports.length
    ? `${facts.reports.length} reports, ${facts.infusions.length} infusions. ${facts.headline}.`
    : 'No report yet.';
  return <figure class="plot" ref={element}>
    <svg viewBox={`0 0 ${width} ${HEIGHT}`} width="100%" role="img" aria-label={`${facts.instrument} over time`} aria-describedby="traj-desc">
      <desc id="traj-desc">{about}</desc>
      <text class="t-ink t-b" x={LEFT} y={TOP - 14}>{facts.instrument}, self-report<tspan class="plain" dx="8">lower is better; each asks about two weeks</tspan></text>
      <Ground facts={facts} s={s} />
      <Gaps facts={facts} reports={reports} s={s} nowMs={now.getTime()} />
      <BandWords facts={facts} reports={reports} s={s} />
      <Reports facts={facts} reports={reports} s={s} />
      <InfusionRail facts={facts} s={s} />
      <SuicideStrip reports={reports} s={s} />
      <path class="nowline" d={`M${nowX} ${TOP - 6}V${axisTop}`} />
      <g transform={`translate(${Math.min(nowX, width - 56)} 2)`}><rect class="flag" x="-54" width="108" height="20" rx="3" /><text class="flag-word" y="14" text-anchor="middle">Today, {day(now)}</text></g>
    </svg>
  </figure>;
}
