// Evaluate: who may be treated. Level of care first, then the verdict, the counts, and each finding with what it rests
// on, the rule and its source. Not known is shown as not known.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask, list, me, number, tell, text, type Group, type Me } from '../client';
import { Glyph, Problem, useLoad } from '../parts';
import { Finding, Fine, LevelOfCare } from './evaluate/finding';
import { Interview } from './evaluate/interview';
import { type Level, type Report, glyphs, ofLevel } from './evaluate/model';
import { Side } from './evaluate/side';

const groups: { level: Level; title: string; aside: string }[] = [
  { level: 'stop', title: 'Stop', aside: 'Two people, one of them a physician, must sign to go past a stop' },
  { level: 'caution', title: 'Caution', aside: 'One prescriber may override with a reason' },
  { level: 'missing', title: 'Missing', aside: 'Not known is not the same as fine' },
  { level: 'day', title: 'On the day', aside: 'Asked on the day of each infusion; missing from the moment a course is signed' },
];

export function Evaluate({ patientId }: { patientId: string; encounterId: string }): JSX.Element {
  const { data, error, reload } = useLoad(() => ask(`Patient/${patientId}/$evaluate`), (e) => e.patient === patientId, [patientId]);
  const [user, setUser] = useState<Me>();
  useEffect(() => { void me().then(setUser, () => undefined); }, []);
  if (!data) return <div class="page"><h1 class="vh">Evaluate</h1><Problem error={error} />{!error && <p role="status">Judging the chart</p>}</div>;
  const report: Report = { patientId, data, user, dead: data['deceased'] === true, reload, send: async (operation, body) => {
    await tell(`Patient/${patientId}/$${operation}`, body);
    await reload();
  } };
  return <div class="page evaluate">
    <Problem error={error} />
    <p class="print-only"><b>Eligibility report: {text(data['name'])}</b></p>
    <div class="cols">
      <div>
        <LevelOfCare report={report} finding={list(data['finding'])[0] ?? {}} />
        <VerdictCard data={data} />
        {report.dead ? <Dead report={report} /> : <>{groups.map((group) => <FindingGroup report={report} {...group} />)}<Fine report={report} /></>}
      </div>
      <Side report={report} />
    </div>
  </div>;
}

/** One finding decides; what else the rules say is kept out of the way. */
function Dead({ report }: { report: Report }): JSX.Element {
  return <>
    <FindingGroup report={report} {...groups[0]!} />
    <details class="rest"><summary>What the other rules say</summary>
      {groups.slice(1).map((group) => <FindingGroup report={report} {...group} />)}<Fine report={report} /></details>
  </>;
}

function VerdictCard({ data }: { data: Group }): JSX.Element {
  const verdict = text(data['verdict']);
  const tone = verdict === 'eligible' ? 'ok' : verdict === 'never' || verdict === 'stopped' ? 'hi' : verdict === 'unknown' ? 'void' : 'med';
  const counts = (data['counts'] ?? {}) as Group;
  const signed = number(counts['overridden']);
  return <section class={`card verdict ${tone}`} aria-labelledby="verdict">
    <div><h1 id="verdict">{text(data['headline'])}</h1>
      <p>{text(data['sentence'])}{signed > 0 && ` ${signed} overridden.`}</p></div>
    <nav class="tally" aria-label="Findings">
      {(['stop', 'caution', 'missing', 'fine'] as const).map((level) => <a href={`#group-${level}`}>
        <b><Glyph level={glyphs[level]} />{number(counts[level]) || 0}</b><small>{level}</small></a>)}
    </nav>
  </section>;
}

function FindingGroup({ report, level, title, aside }: { report: Report; level: Level; title: string; aside: string }): JSX.Element | null {
  const findings = ofLevel(report, level).filter((f) => text(f['rule']) !== 'EU-E-002');
  if (!findings.length) return null;
  return <section class={`card grp ${glyphs[level]}`} aria-labelledby={`group-${level}`}>
    <header><h2 id={`group-${level}`}>{title} <span class="ct">{findings.length}</span></h2><span class="sub sm">{aside}</span></header>
    {level === 'missing' && !report.dead && <Interview report={report} findings={findings} />}
    <ul>{findings.map((finding) => <Finding key={text(finding['rule'])} report={report} finding={finding} />)}</ul>
  </section>;
}
