// Follow: one patient's course. The sentence first, the picture under it, what nobody has answered for yet beside it.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask, me, tell, text } from '../client';
import { ago, day, dayClock, plain } from '../format';
import { Card, Glyph, Icon, Problem, TableTwin, Unverified, useLoad, useNow, useSend } from '../parts';
import { followFacts, withoutTask, type FollowFacts } from './follow/model';
import { Trajectory, type Range } from './follow/trajectory';
import { Worries } from './follow/worries';

const ranges: Range[] = ['3 m', 'Course', 'All'];

function reportRows(facts: FollowFacts): (string | number)[][] {
  return [...facts.reports].reverse().map((r) => [
    dayClock(new Date(r.atMs)),
    r.total === undefined ? 'no total' : `${r.total}${r.prorated ? ' (prorated)' : ''}`,
    r.band || '–',
    r.suicideItem === undefined ? 'not answered' : r.suicideItem,
    [r.nearDose ? 'within 4 h of a dose, not judged' : '', r.answered < 9 ? `${r.answered} of 9 answered` : ''].filter(Boolean).join('; ') || '–',
  ]);
}

function Hero({ facts, now }: { facts: FollowFacts; now: Date }): JSX.Element {
  const [range, setRange] = useState<Range>('Course');
  return <section class="card" aria-labelledby="h-traj">
    <div class="head"><div><h1 id="h-traj">{facts.headline}</h1><p>{facts.verdict}</p></div><span class="sp" />
      <div class="seg no-print" role="group" aria-label="Range">
        {ranges.map((r) => <button type="button" aria-pressed={r === range} onClick={() => setRange(r)}>{r}</button>)}</div></div>
    <Trajectory facts={facts} range={range} now={now} />
    <div class="foot">
      <div class="legend">
        <span><svg width="22" height="10" aria-hidden="true"><path class="phq" d="M0 5H22" /><circle class="dot" cx="11" cy="5" r="4" /></svg>{facts.instrument}</span>
        <span><svg width="12" height="12" aria-hidden="true"><circle class="dot pro" cx="6" cy="6" r="4" /></svg>prorated</span>
        <span><svg width="12" height="12" aria-hidden="true"><circle class="dot near" cx="6" cy="6" r="4" /></svg>near a dose, not judged</span>
        <span><svg width="6" height="14" aria-hidden="true"><rect class="dose" width="5" height="14" rx="1.5" /></svg>infusion</span>
        <span><svg width="22" height="14" aria-hidden="true"><rect class="gap" x="1" y="1" width="20" height="12" rx="3" /></svg>no report</span>
        <span><svg width="14" height="14" aria-hidden="true"><circle class="ring" cx="7" cy="7" r="6" /></svg>not answered, or no total</span>
      </div><span class="sp" />
      <TableTwin caption={`${facts.instrument} reports, newest first`} head={['When', 'Total', 'Band', 'Item 9', 'Note']} rows={reportRows(facts)} />
    </div>
  </section>;
}

/** What the verdict rests on, each row with its source. */
function Why({ facts }: { facts: FollowFacts }): JSX.Element {
  const rows: [string, string, string][] = [];
  if (facts.baseline) rows.push([String(facts.baseline.total), 'before treatment', day(new Date(facts.baseline.atMs))]);
  if (facts.best) rows.push([String(facts.best.total), 'best since', day(new Date(facts.best.atMs))]);
  if (facts.latest) rows.push([String(facts.latest.total), 'newest that counts', day(new Date(facts.latest.atMs))]);
  return <div class="why">
    {rows.length > 0 && <ol>{rows.map(([key, words, when]) => <li><b class="k">{key}</b><span>{words}<small>{when}</small></span></li>)}</ol>}
    <details><summary>Rules and sources</summary>
      <ul class="rules">{facts.rules.map((r) => <li>{r.title}: <b>{r.value}{r.unit === '1' ? '' : ` ${r.unit}`}</b><small>{r.cites} <Unverified seen={r.seen} /></small></li>)}</ul></details>
  </div>;
}

function Ask({ patientId, facts, reload }: { patientId: string; facts: FollowFacts; reload: () => void }): JSX.Element {
  const { busy, error, send } = useSend();
  const [made, setMade] = useState<{ url: string; expires: string; warning: string }>();
  const [copied, setCopied] = useState(false);
  const makeLink = (): void => {
    setCopied(false);
    void send(async () => {
      const answer = await tell(`Patient/${patientId}/$ask`, { instrument: 'phq-9' });
      setMade({ url: location.origin + text(answer['path']), expires: text(answer['expires']), warning: text(answer['warning']) });
      reload();
    });
  };
  const copy = async (): Promise<void> => { await navigator.clipboard.writeText(made?.url ?? ''); setCopied(true); };
  return <div class="act">
    <Problem error={error} />
    {made && <div class="made" role="status">
      <label class="field"><span class="lab">The link, shown once. Open until {dayClock(made.expires)}</span>
        <input class="in" id="follow-link" readonly value={made.url} onFocus={(e) => e.currentTarget.select()} /></label>
      {made.warning && <p class="callout">{made.warning}</p>}
      <button type="button" class="btn block" onClick={() => void copy()}><Icon name="link" />{copied ? 'Copied' : 'Copy the link'}</button></div>}
    {facts.deceased ? <p class="callout">The patient has died: no link can be made.</p>
      : <button type="button" class="btn pri block" disabled={busy} onClick={makeLink}><Icon name="note" />Ask for {facts.instrument}</button>}
    <p class="figcap">Give the link to the patient yourself: this release sends no message. It works on any phone, without an account.</p>
  </div>;
}

function Links({ facts }: { facts: FollowFacts }): JSX.Element {
  if (!facts.links.length) return <p class="dim sm">No link was made yet.</p>;
  return <ul class="pl">{facts.links.map((l) => <li>Link of {day(new Date(l.madeMs))}
    <span>{l.state === 'used' ? `answered ${dayClock(new Date(l.usedMs))}` : l.state === 'expired' ? 'ended unanswered' : `open to ${day(new Date(l.expiresMs))}`}</span></li>)}</ul>;
}

function Side({ patientId, facts, now, reload }: { patientId: string; facts: FollowFacts; now: Date; reload: () => void }): JSX.Element {
  const newest = facts.reports[facts.reports.length - 1];
  return <section class="card next" aria-labelledby="h-ask">
    <div class="newest"><h2 id="h-ask">Newest report</h2>
      <p class="when">{newest ? ago(new Date(newest.atMs), now) : 'none yet'}</p>
      <p class="sub sm">{newest ? dayClock(new Date(newest.atMs)) : 'The baseline counts only from the days before infusion 1.'}</p></div>
    <Why facts={facts} />
    <div class="why"><h3>Links</h3><Links facts={facts} /></div>
    <Ask patientId={patientId} facts={facts} reload={reload} />
    <p class="figcap later">When response may be lost, and what another infusion would do, comes with the forecast of a later release. Nothing here predicts.</p>
  </section>;
}

function InfusionTable({ facts }: { facts: FollowFacts }): JSX.Element {
  const newest = [...facts.infusions].reverse().slice(0, 6);
  return <Card title="Infusions" className="c7" aside={<span class="sub sm">{facts.infusions.length === 1 ? '1 given' : `${facts.infusions.length} given`}</span>}>
    <div class="pad">{newest.length ? <table class="tbl">
      <thead><tr><th scope="col" class="r">No.</th><th scope="col">Date</th><th scope="col" class="r">Given, mg</th><th scope="col" class="r">Days since the last</th><th scope="col">Record</th></tr></thead>
      <tbody>{newest.map((i) => <tr><th scope="row" class="r">{i.number}</th><td>{dayClock(new Date(i.atMs))}</td>
        <td class="r">{i.givenMg === undefined ? '–' : plain(i.givenMg)}</td><td class="r">{i.daysSinceLast ?? '–'}</td><td>{i.status}</td></tr>)}</tbody></table>
      : <p class="dim">No infusion was started yet.</p>}</div>
  </Card>;
}

/** What stands in the record but came past the link, so that no task was made for it. */
function Untracked({ facts }: { facts: FollowFacts }): JSX.Element | null {
  const reports = withoutTask(facts);
  const newest = reports[reports.length - 1];
  if (!newest) return null;
  return <p class="callout row untracked"><Glyph level="void" label="No task" /><span>
    Item 9 was above zero in {reports.length === 1 ? 'a report' : `${reports.length} reports`} that came from outside a link, the newest of {day(new Date(newest.atMs))}. No task was made for {reports.length === 1 ? 'it' : 'them'} here.</span></p>;
}

export function Follow({ patientId }: { patientId: string; encounterId: string }): JSX.Element {
  const now = useNow(5000);
  const [personId, setPersonId] = useState('');
  useEffect(() => { void me().then((user) => setPersonId(user.personId)).catch(() => {}); }, []);
  const { data, error, reload } = useLoad(() => ask(`Patient/${patientId}/$follow`), (e) => e.patient === patientId || e.type === 'Task', [patientId]);
  if (!data) return <div class="page follow"><Problem error={error} />{!error && <p role="status">Reading the course</p>}</div>;
  const facts = followFacts(data);
  const unowned = facts.worries.filter((w) => w.open && !w.owner).length;
  return <div class="page follow">
    <Problem error={error} />
    <div class="hero">
      <Hero facts={facts} now={now} />
      <Side patientId={patientId} facts={facts} now={now} reload={() => void reload()} />
    </div>
    <div class="grid3">
      <Card title="Safety flags" className="c5" aside={unowned > 0 && <span class="row sm b"><Glyph level="hi" label="High" />{unowned} with no owner</span>}>
        <div class="pad"><Untracked facts={facts} /><Worries worries={facts.worries} now={now} me={personId} reload={() => void reload()} /></div></Card>
      <InfusionTable facts={facts} />
    </div>
  </div>;
}
