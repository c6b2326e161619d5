// Learn: what became of the courses that were started here. One table: each rate with its denominator, its Wilson
// interval, and what the missing could make of it.
import type { JSX } from 'preact';
import { ask, list, number, text, type Group, type Value } from '../client';
import { day } from '../format';
import { Card, Problem, Unverified, useLoad } from '../parts';

interface Rate { x: number; n: number; percent: number; low: number; high: number }

function rate(value: Value | undefined): Rate | undefined {
  const group = list(value)[0];
  return group && { x: number(group['x']), n: number(group['n']), percent: number(group['percent']), low: number(group['low']), high: number(group['high']) };
}

const whole = (percent: number): string => `${Math.round(percent)}`;

/** "55% (48 to 62)", or why there is none. */
function Percent({ rate: r, tooFew }: { rate: Rate; tooFew: boolean }): JSX.Element {
  if (r.n === 0) return <span class="dim">nothing to count</span>;
  if (tooFew) return <span class="dim">too few for a percentage</span>;
  return <span class="nw"><b class="b">{whole(r.percent)}%</b> <span class="dim">({whole(r.low)} to {whole(r.high)})</span></span>;
}

/** The interval drawn on 0 to 100, the share as a square. Its numbers stand beside it. */
function Interval({ rate: r, tooFew }: { rate: Rate; tooFew: boolean }): JSX.Element {
  if (r.n === 0 || tooFew) return <svg class="iv" viewBox="0 0 220 22" aria-hidden="true"><rect class="void" x="1" y="7" width="218" height="8" rx="4" /></svg>;
  const x = (percent: number): number => 4 + percent * 2.12;
  return <svg class="iv" viewBox="0 0 220 22" aria-hidden="true">
    {[0, 25, 50, 75, 100].map((p) => <path class="grid" d={`M${x(p)} 2V20`} />)}
    <path class="range" d={`M${x(r.low)} 11H${x(r.high)}`} /><rect class="here" x={x(r.percent) - 4} y="7" width="8" height="8" /></svg>;
}

/** "40% to 71%": if all that are missing had gone badly, and if all had gone well. */
function Bounds({ row }: { row: Group }): JSX.Element {
  const worst = rate(row['worst-case']), best = rate(row['best-case']);
  if (!worst || !best || worst.n === 0) return <span class="dim">–</span>;
  if (row['too-few'] === true) return <span class="nw">{worst.x} to {best.x} of {worst.n}</span>;
  return <span class="nw">{whole(worst.percent)}% to {whole(best.percent)}% <span class="dim">of {worst.n}</span></span>;
}

function Row({ row }: { row: Group }): JSX.Element {
  const r = rate(row['rate']) ?? { x: 0, n: 0, percent: NaN, low: NaN, high: NaN };
  const tooFew = row['too-few'] === true;
  return <tr>
    <th scope="row">{text(row['title'])}</th>
    <td class="r nw"><b class="b">{r.x}</b> of {r.n}</td>
    <td class="dim">{text(row['of'])}</td>
    <td><Percent rate={r} tooFew={tooFew} /></td>
    <td class="ivcell"><Interval rate={r} tooFew={tooFew} /></td>
    <td><Bounds row={row} /></td>
  </tr>;
}

/** Every course that was started is in exactly one of these. */
function Whereabouts({ data }: { data: Group }): JSX.Element {
  const rows: [string, string, string][] = [
    ['in-treatment', 'in treatment', 'the induction goes on'],
    ['not-due', 'not due yet', 'the outcome window is still open'],
    ['measured', 'measured', 'a score in the window and one before infusion 1'],
    ['missed', 'not measured', 'no score in the window: missing, not well'],
    ['no-baseline', 'without a baseline', 'no score in the days before infusion 1'],
  ];
  return <Card title="Where every started course is" aside={<span class="sub sm">{number(data['started'])} in all, nobody left out</span>}>
    <div class="pad"><table class="tbl"><tbody>{rows.map(([key, word, why]) =>
      <tr><td class="r num b">{number(data[key])}</td><th scope="row">{word}</th><td class="dim">{why}</td></tr>)}</tbody></table></div>
  </Card>;
}

function Doubts({ data }: { data: Group }): JSX.Element {
  const missing = number(data['due']) - number(data['measured']);
  return <Card title="What could make it wrong">
    <div class="pad"><ul class="doubts">
      <li><b>{missing === 0 ? 'Nothing is missing so far.' : `${missing} of ${number(data['due'])} that are due were not measured.`}</b> People report less often when they are worse; the bounds in the table show how far that could move each rate.</li>
      <li><b>Open label.</b> Patients and clinicians know what is given, and expect it to help. There is no comparison group here.</li>
      <li><b>Time alone.</b> Courses start when people are at their worst, and some would have improved without one.</li>
      <li><b>One self-report scale.</b> {text(data['instrument'])} asks about two weeks; a score soon after an infusion describes both before and after.</li>
    </ul></div>
  </Card>;
}

function Rules({ data }: { data: Group }): JSX.Element {
  return <Card title="Rules and sources"><div class="pad"><ul class="rules">
    {list(data['rule']).map((r) => <li>{text(r['title'])}: <b>{text(r['value'])}{text(r['unit']) === '1' ? '' : ` ${text(r['unit'])}`}</b><small>{text(r['cites'])} <Unverified seen={text(r['seen'])} /></small></li>)}
    <li>Intervals: <b>95% Wilson score</b><small>Wilson 1927 <Unverified seen="memory" /></small></li>
  </ul></div></Card>;
}

export function Learn(_: { patientId: string; encounterId: string }): JSX.Element {
  const { data, error } = useLoad(() => ask('$outcomes'), (e) => e.type === 'QuestionnaireResponse' || e.type === 'Procedure' || e.type === 'CarePlan', []);
  if (!data) return <div class="page learn"><Problem error={error} />{!error && <p role="status">Counting the courses</p>}</div>;
  return <div class="page learn">
    <Problem error={error} />
    <div class="hd"><div><h1>What happens to patients here</h1>
      <p>{text(data['headline'])}. Data to {day(text(data['as-of']))}.</p></div><span class="sp" /></div>
    <div class="card coh"><span class="lab">Cohort</span><span class="chip line">Newest course of each patient</span>
      <span class="chip line">All that were started</span><span class="chip alert">{text(data['blinding'])}</span>
      <span class="n"><b>{number(data['started'])}</b> courses, <b>{number(data['infusions'])}</b> infusions</span></div>
    <section class="card" aria-labelledby="h-out"><header><h2 id="h-out">Response and remission</h2><span class="sub sm">{text(data['instrument'])}, {text(data['blinding'])}</span></header>
      <p class="say">{text(data['outcome-rule'])}</p>
      <div class="pad scroll" tabIndex={0} role="region" aria-label="Outcome table"><table class="tbl out">
        <thead><tr><th scope="col">Outcome</th><th scope="col" class="r">Count</th><th scope="col">Of</th><th scope="col">Share, 95% Wilson</th>
          <th scope="col"><span class="vh">Drawn from 0 to 100 %</span><span class="axis" aria-hidden="true"><i>0</i><i>50</i><i>100%</i></span></th><th scope="col">If the missing all went badly, or well</th></tr></thead>
        <tbody>{list(data['row']).map((row) => <Row row={row} />)}</tbody></table></div>
      <p class="note">Squares: here. Lines: 95% Wilson intervals. Responses and remissions are counted among those measured; the last column counts the missing in.</p></section>
    <div class="g2"><Whereabouts data={data} /><Doubts data={data} /></div>
    <Rules data={data} />
  </div>;
}
