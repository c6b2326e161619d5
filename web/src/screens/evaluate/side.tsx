// Beside the findings: how resistant, the trials, what is left to do, and what was not believed.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { list, number, text, type Group } from '../../client';
import { clock, day } from '../../format';
import { Glyph, Icon, Problem, Unverified, useSend } from '../../parts';
import { EntryForm } from './entry';
import { type Level, glyphs, type Report } from './model';
import { Trials } from './trial';

export function Side({ report }: { report: Report }): JSX.Element {
  return <div class="side">
    <Maudsley report={report} />
    <Trials report={report} />
    <Path report={report} />
    {!report.dead && <Another report={report} />}
    <NotBelieved report={report} />
  </div>;
}

/** Five parts, 3 to 15; without all five there is no score. */
function Maudsley({ report }: { report: Report }): JSX.Element {
  const [open, setOpen] = useState(false);
  const m = (report.data['maudsley'] ?? {}) as Group;
  const total = number(m['total']);
  const at = 18 + ((total - 3) / 12) * 324;
  return <section class="card" aria-labelledby="resistant"><header><h2 id="resistant">How resistant</h2><span class="sub sm">Maudsley Staging Method</span></header><div class="pad">
    {Number.isNaN(total) ? <p class="void-line"><Glyph level="void" />No score: a part is not known.</p>
      : <svg viewBox="0 0 360 64" class="scale" role="img" aria-label={`${total} of 15, ${text(m['stage'])}`}>
        <text x={Math.min(Math.max(at, 30), 330)} y="13" text-anchor="middle" class="t-ink t-b t-14">{total} of 15</text>
        <rect x="18" y="22" width="94.500" height="12" class="m1" /><rect x="112.500" y="22" width="108" height="12" class="m2" /><rect x="220.500" y="22" width="121.500" height="12" class="m3" />
        <line x1={at} x2={at} y1="17" y2="39" class="mark" />
        <text x="65" y="54" text-anchor="middle" class={total <= 6 ? 't-ink t-b' : ''}>mild 3–6</text>
        <text x="166" y="54" text-anchor="middle" class={total > 6 && total <= 10 ? 't-ink t-b' : ''}>moderate 7–10</text>
        <text x="281" y="54" text-anchor="middle" class={total > 10 ? 't-ink t-b' : ''}>severe 11–15</text></svg>}
    <ul class="ms">{list(m['part']).map((part) => <li><span>{text(part['title'])}</span><small>{text(part['text'])}</small>
      <span class="pips" role="img" aria-label={Number.isNaN(number(part['points'])) ? 'not known' : `${number(part['points'])} of ${number(part['max'])}`}>
        {Array.from({ length: number(part['max']) }, (_, i) => <i class={i < number(part['points']) ? 'on' : ''} />)}</span></li>)}</ul>
    <p class="figcap">{text(m['source'])} <Unverified seen={text(m['seen'])} /> Severity is the clinician’s rating.</p>
    {!report.dead && <><button type="button" class="btn no-print" aria-expanded={open} onClick={() => setOpen(!open)}>Rate the parts</button>
      {open && ['episode-months', 'severity', 'augmentation-used', 'ect-used'].map((key) => <EntryForm key={key} report={report} ask={key} done={() => undefined} />)}</>}
  </div></section>;
}

function Path({ report }: { report: Report }): JSX.Element {
  const { busy, error, send } = useSend();
  const steps = list(report.data['path-to-eligible']);
  const recorded = text(report.data['recorded-at']);
  const shown = steps.slice(0, 12);
  return <section class="card" aria-labelledby="path"><header><h2 id="path">To become eligible</h2><span class="sub sm">{report.dead ? '' : `${steps.length} to do`}</span></header><div class="pad">
    {report.dead ? <p>There is nothing to do: no later step opens.</p>
      : steps.length === 0 ? <p>Nothing is open.</p>
        : <ul class="steps">{shown.map((s) => <li><Glyph level={glyphs[text(s['level']) as Level]} label={text(s['level'])} />
          <a href={`#${text(s['rule'])}`}>{text(s['title'])}</a></li>)}</ul>}
    {!report.dead && steps.length > shown.length && <p class="dim sm">and {steps.length - shown.length} more, in the list</p>}
    <Problem error={error} />
    <button type="button" class="btn pri block no-print" disabled={busy} onClick={() => void send(() => report.send('evaluate-record', {}))}>Record this evaluation</button>
    <button type="button" class="btn block no-print" onClick={() => print()}><Icon name="print" />Print report</button>
    <p class="figcap">{recorded ? `Recorded ${day(recorded)} ${clock(recorded)}.` : 'Not recorded yet: Plan and Infuse see only what is recorded.'}
      {' '}Rules EU-E version {text(report.data['rule-set-version'])}, policy {text(report.data['policy-version'])} ({text(report.data['policy-hash'])}).</p>
  </div></section>;
}

/** Any question again: an answer that has changed is recorded anew, the old one stays in the record. */
function Another({ report }: { report: Report }): JSX.Element {
  const [key, setKey] = useState('');
  return <section class="card no-print" aria-labelledby="another"><header><h2 id="another">Record something else</h2></header><div class="pad">
    <label class="field"><span class="lab">Which</span><select class="in" value={key} onChange={(e) => setKey(e.currentTarget.value)}>
      <option value="">Choose</option>
      {[['weight-kg', 'Weight'], ['height-cm', 'Height'], ['pressure', 'Resting blood pressure'], ['c-ssrs', 'C-SSRS screener'], ['phq-9', 'PHQ-9']].map(([k, title]) => <option value={k}>{title}</option>)}
      {list(report.data['question']).map((q) => <option value={text(q['key'])}>{text(q['title'])}</option>)}
    </select></label>
    {key && <EntryForm key={key} report={report} ask={key} done={() => setKey('')} />}
  </div></section>;
}

function NotBelieved({ report }: { report: Report }): JSX.Element | null {
  const rows = list(report.data['quarantined']);
  if (!rows.length) return null;
  return <section class="card" aria-labelledby="refused"><header><h2 id="refused">Not believed</h2><span class="sub sm">{rows.length} set aside, used by no rule</span></header><div class="pad">
    <ul class="steps">{rows.map((q) => <li><Glyph level="void" /><span>{text(q['what'])}<small>{text(q['why'])}{text(q['at']) && `, ${day(text(q['at']))}`}</small></span></li>)}</ul>
  </div></section>;
}
