// Antidepressant trials: what was taken, whether it was adequate, and how it went.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { list, number, text, type Group } from '../../client';
import { Problem, TableTwin, Unverified, useSend } from '../../parts';
import { field, type Report } from './model';

export function TrialForm({ report, done }: { report: Report; done: () => void }): JSX.Element {
  const { busy, error, send } = useSend();
  const form = useRef<HTMLFormElement>(null);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(form.current!);
    const given = (name: string): string | undefined => field(data, name) || undefined;
    void send(() => report.send('record-trial', {
      drug: field(data, 'drug'), 'peak-mg-per-day': given('dose'), weeks: given('weeks'), 'adherence-percent': given('adherence'),
      'improvement-percent': given('improvement'), 'current-episode': field(data, 'episode') === 'yes', 'reason-stopped': given('stopped'), source: given('source'),
    })).then((ok) => { if (ok) { form.current?.reset(); done(); } });
  };
  return <form class="entry trial" ref={form} aria-label="Antidepressant trial" onSubmit={submit}>
    <label class="field whole"><span class="lab">Medicine</span><select class="in" name="drug" required>
      <option value="">Choose</option>
      {list(report.data['drug']).map((d) => <option value={text(d['key'])}>{text(d['title'])} ({text(d['class'])}, adequate from {number(d['min-mg-per-day'])} mg)</option>)}
    </select></label>
    <label class="field"><span class="lab">Highest dose, mg a day</span><input class="in" name="dose" type="number" min={0} step="any" /></label>
    <label class="field"><span class="lab">Weeks at that dose</span><input class="in" name="weeks" type="number" min={0} step="any" /></label>
    <label class="field"><span class="lab">Taken, % of doses</span><input class="in" name="adherence" type="number" min={0} max={100} /></label>
    <label class="field"><span class="lab">Better by, %</span><input class="in" name="improvement" type="number" min={0} max={100} /></label>
    <label class="field"><span class="lab">Why it ended</span><select class="in" name="stopped"><option value="">Going on</option>
      <option value="inefficacy">Did not help enough</option><option value="intolerance">Not tolerated</option><option value="other">Another reason</option></select></label>
    <label class="field"><span class="lab">Known from</span><select class="in" name="source" required><option value="">Choose</option>
      <option value="record">Record</option><option value="pharmacy">Pharmacy</option><option value="patient">Patient</option></select></label>
    <fieldset class="whole"><legend class="lab">In this episode?</legend><div class="opts two">
      <label class="opt"><input type="radio" name="episode" value="yes" required /><span>Yes</span></label>
      <label class="opt"><input type="radio" name="episode" value="no" required /><span>No, earlier</span></label></div></fieldset>
    <p class="sm dim whole">What is not known stays empty; the trial then cannot be judged.</p>
    <Problem error={error} />
    <div class="ovf whole"><span class="sp" /><button class="btn pri" disabled={busy}>Add trial</button></div>
  </form>;
}

const outcomes: Record<string, string> = { failed: 'failed', helped: 'helped', 'not-adequate': 'not adequate', unknown: 'cannot be judged' };

/** Weeks at the dose as a bar, against the weeks that make a trial adequate. */
function Bar({ weeks, needed, adequate }: { weeks: number; needed: number; adequate: boolean }): JSX.Element {
  const scale = 108 / Math.max(20, needed * 2);
  if (Number.isNaN(weeks)) return <span class="dim">weeks not known</span>;
  const width = Math.min(weeks * scale, 108);
  return <svg viewBox="0 0 140 18" width="140" height="18" role="img" aria-label={`${weeks} weeks, adequate from ${needed}`}>
    <rect x="0" y="4" width={Math.max(width, 2)} height="10" rx="1" class={adequate ? 'wk' : 'wk short'} />
    <line x1={needed * scale} x2={needed * scale} y1="1" y2="17" class="need" />
    <text x={width + 6} y="13" class="t-ink t-b">{weeks}</text>
  </svg>;
}

export function Trials({ report }: { report: Report }): JSX.Element {
  const trials = list(report.data['trial']);
  const resistance = (report.data['resistance'] ?? {}) as Group;
  const needed = number(resistance['weeks-needed']);
  const rows = trials.map((t) => [text(t['drug']), number(t['peak-mg-per-day']) || '–', Number.isNaN(number(t['weeks'])) ? '–' : number(t['weeks']),
    Number.isNaN(number(t['adherence-percent'])) ? '–' : number(t['adherence-percent']), Number.isNaN(number(t['improvement-percent'])) ? '–' : number(t['improvement-percent']),
    outcomes[text(t['outcome'])] ?? '', text(t['why'])]);
  return <section class="card" aria-labelledby="trials"><header><h2 id="trials">Antidepressant trials</h2></header><div class="pad">
    {trials.length === 0 ? <p class="sub">No trial is recorded. Treatment resistance cannot be judged.</p>
      : <table class="tbl ade"><thead><tr><th scope="col">Trial</th><th scope="col">Weeks (adequate from {needed})</th></tr></thead>
        <tbody>{trials.map((t) => <tr>
          <td><b>{text(t['drug'])} {Number.isNaN(number(t['peak-mg-per-day'])) ? '' : `${number(t['peak-mg-per-day'])} mg`}</b><br />
            <span class={`outcome ${text(t['outcome'])}`}>{outcomes[text(t['outcome'])]}</span><span class="dim">: {text(t['why'])}{text(t['reason-stopped']) === 'intolerance' ? ', not tolerated' : ''}
              {t['current-episode'] === true ? '' : ' (earlier episode)'}</span></td>
          <td><Bar weeks={number(t['weeks'])} needed={needed} adequate={text(t['outcome']) === 'failed' || text(t['outcome']) === 'helped'} /></td></tr>)}</tbody></table>}
    <p class="figcap">{number(resistance['failed'])} of {number(resistance['needed'])} adequate trials failed in this episode. Adequate: dose, weeks and adherence all reached; intolerance is not failure.
      {' '}{text(resistance['source'])} <Unverified seen={text(resistance['seen'])} /></p>
    {trials.length > 0 && <TableTwin caption="Antidepressant trials" head={['Medicine', 'mg a day', 'Weeks', 'Taken %', 'Better %', 'Judged', 'Why']} rows={rows} />}
    {!report.dead && <details class="no-print"><summary class="btn">Add a trial</summary><TrialForm report={report} done={() => undefined} /></details>}
  </div></section>;
}
