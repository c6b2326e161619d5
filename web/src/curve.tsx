// A concentration-time chart for one dose: one line a model, the space between them shaded, the infusion as a pale
// block. Pure: what it draws is its props; it lays itself out anew when its width changes.
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { plain } from './format';

export interface CurveSeries { id: string; title: string; values: number[] } // values: one a minute of `minutes`
export interface CurveProps {
  title: string; description: string; unit: string;
  minutes: number[]; series: CurveSeries[]; infusingMin: number;
  between: string; // what the shaded space is, in words
  height?: number;
}

/** The width that an element has, also after it changed. */
export function useWidth<T extends HTMLElement>(usual: number): [{ current: T | null }, number] {
  const element = useRef<T>(null);
  const [width, setWidth] = useState(usual);
  useLayoutEffect(() => {
    const at = element.current;
    if (!at) return;
    const observer = new ResizeObserver(([entry]) => { if (entry && entry.contentRect.width > 0) setWidth(Math.round(entry.contentRect.width)); });
    observer.observe(at);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}

/** A step of 1, 2 or 5 times a power of ten that gives at most `most` lines up to `top`. */
export function niceStep(top: number, most: number): number {
  const raw = Math.max(top, 1e-9) / most, power = 10 ** Math.floor(Math.log10(raw));
  return power * ([1, 2, 5, 10].find((step) => step * power >= raw) ?? 10);
}

const margin = { left: 44, right: 16, top: 26, bottom: 40 };

export function Curve({ title, description, unit, minutes, series, infusingMin, between, height = 300 }: CurveProps): JSX.Element {
  const [frame, width] = useWidth<HTMLDivElement>(860);
  const last = minutes[minutes.length - 1] ?? 0;
  const highest = Math.max(...series.flatMap((one) => one.values), 1);
  const step = niceStep(highest * 1.05, 5), top = Math.ceil((highest * 1.05) / step) * step;
  const minuteStep = width < 520 ? 60 : 30;
  const x = (minute: number): number => margin.left + (minute / last) * (width - margin.left - margin.right);
  const y = (value: number): number => height - margin.bottom - (value / top) * (height - margin.top - margin.bottom);
  const path = (values: number[]): string => values.map((value, i) => `${i ? 'L' : 'M'}${x(minutes[i]!).toFixed(1)} ${y(value).toFixed(1)}`).join('');
  const low = minutes.map((_, i) => Math.min(...series.map((one) => one.values[i]!)));
  const high = minutes.map((_, i) => Math.max(...series.map((one) => one.values[i]!)));
  const band = series.length > 1 ? `${path(high)}${[...low].reverse().map((value, i) => `L${x(minutes[minutes.length - 1 - i]!).toFixed(1)} ${y(value).toFixed(1)}`).join('')}Z` : '';
  const ticks = (to: number, by: number): number[] => Array.from({ length: Math.floor(to / by + 1e-9) + 1 }, (_, i) => i * by);
  return <div ref={frame} class="curve">
    <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={`${title}. ${description}`}>
      <rect class="infusing" x={x(0)} y={y(top)} width={x(infusingMin) - x(0)} height={y(0) - y(top)} />
      <text class="infusing-word" x={(x(0) + x(infusingMin)) / 2} y={y(top) - 8} text-anchor="middle">infusing</text>
      {ticks(top, step).map((value) => <g key={value}>
        <line class="grid" x1={x(0)} x2={x(last)} y1={y(value)} y2={y(value)} />
        <text x={margin.left - 8} y={y(value) + 4} text-anchor="end">{plain(value, 0)}</text></g>)}
      {band && <path class="band" d={band} />}
      {series.map((one, i) => <path key={one.id} class={`line l${i}`} d={path(one.values)} />)}
      {ticks(last, minuteStep).map((minute) => <text key={minute} x={x(minute)} y={height - 20} text-anchor="middle">{minute}</text>)}
      <text x={x(last)} y={height - 4} text-anchor="end">minutes from the start</text>
      <text x={0} y={12} class="t-2">{unit}</text>
    </svg>
    <p class="legend">{series.map((one, i) => <span key={one.id}><svg width="28" height="10" aria-hidden="true"><path class={`line l${i}`} d="M0 5H28" /></svg>{one.title}</span>)}
      {series.length > 1 && <span><i class="swatch" aria-hidden="true" />{between}</span>}</p>
  </div>;
}
