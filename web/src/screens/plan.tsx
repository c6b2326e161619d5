// Plan: protocol, dose with its arithmetic and limits, dates, what to expect in plasma, orders, sign-off. The page only
// shows and asks: every dose on it was computed, and every limit is kept, by the server.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask, list, me, number, tell, text, type Group, type Me, type Value } from '../client';
import { Curve } from '../curve';
import { clock, dateField, day, dayClock, fromLocal, plain, weekday } from '../format';
import { Card, Glyph, Icon, Problem, TableTwin, Unverified, useLoad, useSend, type Priority } from '../parts';
import { follow } from '../router';

/** What the prescriber changed; the rest is the server's. Decimals stay text, so that their digits stay. */
interface Asked { 'weight-basis'?: string; 'mg-per-kg'?: string; minutes?: string; 'vial-mg-per-ml'?: string; 'bag-ml'?: string; 'first-date'?: string }

const basisWord: Record<string, string> = { actual: 'Actual', ideal: 'Ideal', adjusted: 'Adjusted' };
const short = (at: Value | undefined): string => weekday(text(at)).slice(0, 3);
const values = (value: Value | undefined): string[] => (value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String));
const mg = (value: Value | undefined): string => plain(number(value), 1);

export function Plan({ patientId }: { patientId: string; encounterId: string }): JSX.Element {
  const [asked, setAsked] = useState<Asked | undefined>();
  const [user, setUser] = useState<Me>();
  const concerns = (event: { patient?: string }): boolean => event.patient === patientId;
  const course = useLoad(() => ask(`Patient/${patientId}/$plan`), concerns, [patientId]);
  useEffect(() => { void me().then(setUser, () => setUser(undefined)); }, []);
  useEffect(() => { if (course.data && !asked) setAsked(fromRecord(course.data)); }, [course.data, asked]);
  const query = asked ? clean(asked) : {};
  const preview = useLoad(async () => (asked ? ask(`Patient/${patientId}/$plan-preview`, query) : undefined), concerns, [patientId, JSON.stringify(asked ?? null)]);

  if (course.error && !course.data) return <div class="page"><Problem error={course.error} /></div>;
  if (!preview.data) return <div class="page plan"><h1 class="vh">Plan</h1>
    {preview.error ? <Refusal error={preview.error} /> : <p role="status">Computing the plan</p>}</div>;
  const data = preview.data, change = (part: Asked): void => setAsked({ ...asked, ...part });
  return <div class="page plan"><h1 class="vh">Plan</h1>
    <Problem error={preview.error} />
    <div class="cols">
      <div class="left">
        <ProtocolCard data={data} />
        <DoseCard data={data} change={change} />
        <ScheduleCard data={data} change={change} />
        <OrdersCard data={data} />
      </div>
      <div class="right">
        <ExpectCard data={data} />
        <div class="two">
          <ConsentCard patientId={patientId} />
          <SignCard patientId={patientId} data={data} course={course.data} asked={query} user={user}
            done={async () => { await course.reload(); await preview.reload(); }} />
        </div>
      </div>
    </div>
    <p class="legend-line xs dim"><abbr class="unverified">not verified at source</abbr> beside a number: it comes from a secondary source, from
      memory or from clinic policy, and nobody has read it in its paper or label for this release.</p>
  </div>;
}

/** A draft or a signed plan in the record is where the screen begins. */
function fromRecord(data: Group): Asked {
  const request = data['request'] as Group | undefined;
  if (!request || ['none', 'ended'].includes(text((data['course'] as Group)['status']))) return {};
  const of = (name: string): string => text(request[name]);
  return { 'weight-basis': of('weight-basis'), 'mg-per-kg': of('mg-per-kg'), minutes: of('minutes'), 'vial-mg-per-ml': of('vial-mg-per-ml'), 'bag-ml': of('bag-ml'), 'first-date': of('first-date') };
}
function clean(asked: Asked): Record<string, string> {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined && value !== ''));
}

function Refusal({ error }: { error: unknown }): JSX.Element {
  return <Card title="No plan"><div class="pad refusal"><Glyph level="hi" label="Stop" /><Problem error={error} /></div></Card>;
}

function Numbered({ no, children }: { no: number; children: string }): JSX.Element {
  return <><span class="no" aria-hidden="true">{no}</span>{children}</>;
}

// ---- protocol

function ProtocolCard({ data }: { data: Group }): JSX.Element {
  const protocol = data['protocol'] as Group;
  return <Card title={<Numbered no={1}>Protocol</Numbered>}><div class="pad rc">
    <label><input type="radio" name="protocol" checked readOnly /><span><b>{text(protocol['title'])}</b>
      <small>{text(protocol['infusions'])} infusions, {text(protocol['mg-per-kg'])} mg/kg over {text(protocol['minutes'])} min. {text(protocol['indication'])}</small></span>
      <span class="src">{text(protocol['cites'])} <Unverified seen={text(protocol['seen'])} /></span></label>
    <p class="sm sub">{text(protocol['evidence'])}.</p>
    <p class="xs dim">Other protocols follow in a later release; pain and anesthesia have their own and cannot be picked here.</p>
  </div></Card>;
}

// ---- dose

function Stepper({ label, value, step, least, most, places, change }: {
  label: string; value: number; step: number; least: number; most: number; places: number; change: (value: string) => void;
}): JSX.Element {
  const move = (by: number): void => change(Math.min(most, Math.max(least, Math.round((value + by) / step) * step)).toFixed(places));
  return <div class="field"><span class="lab" id={`l-${label}`}>{label}</span>
    <div class="stp" role="group" aria-labelledby={`l-${label}`}>
      <button type="button" aria-label={`${label}: less`} disabled={value <= least + 1e-9} onClick={() => move(-step)}>−</button>
      <output aria-live="polite">{value.toFixed(places)}</output>
      <button type="button" aria-label={`${label}: more`} disabled={value >= most - 1e-9} onClick={() => move(step)}>+</button>
    </div></div>;
}

function Choice({ label, value, options, change }: { label: string; value: string; options: [string, string][]; change: (value: string) => void }): JSX.Element {
  return <label class="field"><span class="lab">{label}</span>
    <select class="in" value={value} onChange={(event) => change(event.currentTarget.value)}>
      {options.map(([code, word]) => <option value={code} key={code} selected={code === value}>{word}</option>)}</select></label>;
}

function DoseCard({ data, change }: { data: Group; change: (part: Asked) => void }): JSX.Element {
  const dose = data['dose'] as Group | undefined, request = data['request'] as Group, protocol = data['protocol'] as Group;
  const bases = list(data['basis']), chosen = text(request['weight-basis']);
  const weights: [string, string][] = [...(chosen ? [] : [['', 'Choose'] as [string, string]]),
    ...bases.filter((basis) => basis['usable'] === true).map((basis) => [text(basis['name']), `${basisWord[text(basis['name'])]}, ${text(basis['weight-kg'])} kg`] as [string, string])];
  const product = (name: string, unit: string): [string, string][] => values(protocol[name]).map((value) => [value, `${value} ${unit}`]);
  return <Card title={<Numbered no={2}>Dose</Numbered>} aside={data['bmi'] !== undefined && <span class="sub sm">BMI {text(data['bmi'])}</span>}><div class="pad">
    {dose ? <div class="dose"><p class="big" data-dose={text(dose['mg'])}>{mg(dose['mg'])}<span class="unit">mg</span></p>
      <p class="calc"><b>{text(dose['mg-per-kg'])} mg/kg × {text(dose['weight-kg'])} kg</b> {text(dose['weight-basis'])} weight.<br />
        That is {text(dose['mg-per-kg-actual'])} mg per kg of actual weight.</p></div>
      : <p class="nodose"><Glyph level="void" />No dose yet. What is missing stands below.</p>}
    <div class="trio">
      <Stepper label="mg per kg" value={number(request['mg-per-kg'])} step={0.05} least={0.05} most={1.1} places={2} change={(v) => change({ 'mg-per-kg': v })} />
      <Choice label="Weight used" value={chosen} options={weights.length ? weights : [['', 'Not known']]} change={(v) => change({ 'weight-basis': v })} />
      <Stepper label="Minutes" value={number(request['minutes'])} step={5} least={25} most={125} places={0} change={(v) => change({ minutes: v })} />
    </div>
    <div class="trio products">
      <Choice label="Vial" value={text(request['vial-mg-per-ml'])} options={product('vial-mg-per-ml', 'mg/mL')} change={(v) => change({ 'vial-mg-per-ml': v })} />
      <Choice label="Bag or syringe" value={text(request['bag-ml'])} options={product('bag-ml', 'mL')} change={(v) => change({ 'bag-ml': v })} />
      {dose && <div class="field"><span class="lab">Pump</span><p class="pump"><b>{text(dose['pump-ml-per-h'])}</b> mL/h</p></div>}
    </div>
    <Issues data={data} />
    <Caps data={data} />
    <Bases bases={bases} chosen={chosen} />
    {dose && <details class="sums" open><summary>The arithmetic</summary><ol>{values(dose['line']).map((line) => <li key={line}>{line}</li>)}</ol></details>}
    <WeightLine data={data} />
  </div></Card>;
}

function WeightLine({ data }: { data: Group }): JSX.Element {
  const weight = data['weight'] as Group | undefined, height = data['height'] as Group | undefined;
  return <p class="xs dim">{weight ? `Weighed ${text(weight['value'])} kg here on ${dayClock(text(weight['at']))}${weight['by'] ? ` by ${text(weight['by'])}` : ''}.` : 'No weight that doses.'}
    {' '}{height ? `Height ${text(height['value'])} cm, ${day(text(height['at']))}.` : 'Height not known.'}</p>;
}

const issueGlyph: Record<string, Priority> = { refused: 'hi', two: 'med', typed: 'med', caution: 'med', note: 'low' };
const issueWord: Record<string, string> = { refused: 'Stop', two: 'Two prescribers', typed: 'Type the dose', caution: 'Caution', note: 'Note' };

function Issues({ data }: { data: Group }): JSX.Element | null {
  const issues = list(data['issue']).filter((issue) => text(issue['level']) !== 'note');
  const notes = list(data['issue']).filter((issue) => text(issue['level']) === 'note');
  if (!issues.length && !notes.length) return null;
  return <ul class="issues" aria-label="What stands against this plan">
    {issues.map((issue) => <li key={text(issue['rule'])}><Glyph level={issueGlyph[text(issue['level'])] ?? 'med'} />
      <span><b>{issueWord[text(issue['level'])]}.</b> {text(issue['text'])} <small class="dim">{text(issue['rule'])}{issue['cites'] !== undefined && `, ${text(issue['cites'])}`}
        {issue['seen'] !== undefined && <Unverified seen={text(issue['seen'])} />}</small></span></li>)}
    {notes.map((issue) => <li key={text(issue['rule'])} class="note"><Icon name="note" /><span>{text(issue['text'])}</span></li>)}
  </ul>;
}

function Caps({ data }: { data: Group }): JSX.Element | null {
  const caps = list(data['cap']);
  if (!caps.length) return null;
  return <ul class="caps" aria-label="Limits">
    {caps.map((cap) => {
      const part = Math.min(1, number(cap['value']) / number(cap['limit']));
      return <li key={text(cap['name'])}><span>{text(cap['name'])}</span>
        <span class="cbar" aria-hidden="true"><i style={{ width: `${part * 86}%` }} /><u /></span>
        <span class="r">{plain(number(cap['value']), 2)} of {text(cap['limit'])} {text(cap['unit'])}</span></li>;
    })}
    <li class="seen"><span class="xs dim">{[...new Set(caps.map((cap) => text(cap['source'])))].join('; ')} {values(caps.map((cap) => text(cap['seen']))).filter((seen, i, all) => all.indexOf(seen) === i).map((seen) => <Unverified seen={seen} />)}</span></li>
  </ul>;
}

/** All three, in mg and in mg per kg of actual weight: from BMI 30 on nobody chooses for the prescriber. */
function Bases({ bases, chosen }: { bases: Group[]; chosen: string }): JSX.Element | null {
  if (!bases.length) return null;
  return <table class="tbl bases"><caption class="vh">The dose on each weight</caption>
    <thead><tr><th scope="col">Weight</th><th scope="col" class="r">kg</th><th scope="col" class="r">Rounded</th><th scope="col" class="r">Order</th><th scope="col" class="r">mg/kg actual</th></tr></thead>
    <tbody>{bases.map((basis) => <tr key={text(basis['name'])} class={text(basis['name']) === chosen ? 'sel' : ''}>
      <th scope="row">{basisWord[text(basis['name'])]}<small class="dim">{text(basis['why-not']) || (basis['measured'] === true ? 'formula gives more: measured weight' : text(basis['how']))}</small></th>
      {basis['usable'] === true ? <><td class="r">{text(basis['weight-kg'])}</td><td class="r">{number(basis['nearest-mg']).toFixed(1)} mg</td>
        <td class="r b">{number(basis['mg']).toFixed(1)} mg</td><td class="r">{text(basis['mg-per-kg-actual'])}</td></> : <td colSpan={4} class="r dim">–</td>}
    </tr>)}</tbody></table>;
}

// ---- schedule and orders

function ScheduleCard({ data, change }: { data: Group; change: (part: Asked) => void }): JSX.Element {
  const dates = list(data['date']), first = new Date(text(dates[0]?.['at'])), date = dateField(first);
  /* Typed in the clinic's zone, as the dates below are shown: this browser may stand in another. */
  const set = (d: string, t: string): void => {
    if (!d || !t) return;
    const [y, m, on] = d.split('-').map(Number), [hour, minute] = t.split(':').map(Number);
    change({ 'first-date': fromLocal(y!, m!, on!, hour, minute).toISOString() });
  };
  return <Card title={<Numbered no={3}>Schedule</Numbered>}
    aside={<span class="sub sm">{day(text(dates[0]?.['at']))} to {day(text(dates[dates.length - 1]?.['at']))}</span>}>
    <div class="pad">
      <div class="when"><label class="field"><span class="lab">First infusion</span><input class="in" type="date" value={date} onChange={(e) => set(e.currentTarget.value, clock(first))} /></label>
        <label class="field"><span class="lab">At</span><input class="in" type="time" value={clock(first)} onChange={(e) => set(date, e.currentTarget.value)} /></label></div>
      <ol class="sch">{dates.map((one) => <li key={text(one['number'])} class={one['gate'] === true ? 'gate' : ''}>
        <span class="n">{text(one['number'])}</span><span class="b nw">{short(one['at'])} {day(text(one['at']))}</span><span>{clock(text(one['at']))}</span><span class="m">{text(one['measures'])}</span></li>)}</ol>
    </div></Card>;
}

function OrdersCard({ data }: { data: Group }): JSX.Element {
  const orders = list(data['order']);
  return <Card title={<Numbered no={4}>Orders for the room</Numbered>}><div class="pad"><ul class="ord">
    {orders.map((order) => <li key={text(order['title'])}><span>{text(order['title'])}</span><span>{text(order['text'])}
      <small class="dim">{text(order['cites'])} <Unverified seen={text(order['seen'])} /></small></span></li>)}
  </ul></div></Card>;
}

// ---- what to expect

function ExpectCard({ data }: { data: Group }): JSX.Element {
  const models = list(data['model']), points = list(data['point']);
  const shown = models.filter((model) => model['peak-ng-per-ml'] !== undefined);
  const peaks = shown.map((model) => number(model['peak-ng-per-ml'])).sort((a, b) => a - b);
  const minutes = points.map((point) => number(point['time-min']));
  const series = shown.map((model) => ({ id: text(model['id']), title: `${text(model['title'])}${text(model['sampling-site']) === 'arterial' ? ', arterial' : ''}`, values: points.map((point) => number(point[text(model['id'])])) }));
  const band = text(data['band']);
  return <Card title="What to expect from this dose" aside={points.length > 0 && <TableTwin caption="Plasma ketamine, predicted, ng/mL"
    head={['Minute', ...series.map((one) => one.title)]}
    rows={minutes.map((minute, i) => [plain(minute, 1), ...series.map((one) => plain(one.values[i] ?? NaN, 0))]).filter((_, i) => minutes[i]! % 10 === 0 || minutes[i] === number(data['infusing-min']))} />}>
    {!data['dose'] && <p class="pad sub">The curves appear when there is a dose.</p>}
    {peaks.length > 0 && <p class="read">Peak {peaks.length > 1 ? <>between <b>{plain(peaks[0]!, 0)}</b> and <b>{plain(peaks[peaks.length - 1]!, 0)} ng/mL</b></> : <>near <b>{plain(peaks[0]!, 0)} ng/mL</b></>}, at
      the end of the infusion, for a typical patient of this weight.</p>}
    {points.length > 0 && <figure class="pad"><figcaption class="sm"><b class="b">Plasma ketamine</b> <span class="dim">predicted, ng/mL</span></figcaption>
      <Curve title="Plasma ketamine after this dose" unit="" minutes={minutes} series={series} infusingMin={number(data['infusing-min'])} between={band}
        description={`${shown.map((model) => `${text(model['title'])} peaks at ${plain(number(model['peak-ng-per-ml']), 0)} ng/mL`).join('; ')}. Shaded: ${band}.`} /></figure>}
    {models.filter((model) => model['why-not'] !== undefined).map((model) => <p class="pad callout" key={text(model['id'])}>{text(model['why-not'])}</p>)}
    {points.length > 0 && <Options data={data} models={shown} />}
    {models.length > 0 && <div class="pad made"><ul class="xs dim">{models.map((model) => <li key={text(model['id'])}><b>{text(model['title'])}.</b> {text(model['cites'])}. {text(model['population'])}. Sampled: {text(model['sampling-site'])}. {text(model['domain'])}.
      {' '}File {text(model['hash'])}. <Unverified seen={text(model['seen'])} /></li>)}</ul>
      <p class="xs dim">Neither model gives a spread between patients here, so no percentage is shown. Blood pressure and dissociation are not predicted in this release. A model orders nothing.</p></div>}
  </Card>;
}

function Options({ data, models }: { data: Group; models: Group[] }): JSX.Element {
  const peaks = list(data['peak']), chosen = text((data['request'] as Group)['weight-basis']), minutes = text((data['request'] as Group)['minutes']);
  const bases = [...new Set(peaks.map((peak) => text(peak['weight-basis'])))];
  const of = (basis: string, model: string): Group | undefined => peaks.find((peak) => text(peak['weight-basis']) === basis && text(peak['model']) === model);
  return <div class="pad"><table class="tbl cmp"><caption class="vh">Peak concentration on each weight</caption>
    <thead><tr><th scope="col">Option</th><th scope="col" class="r">Dose</th><th scope="col" class="r">Over</th>{models.map((model) => <th scope="col" class="r" key={text(model['id'])}>Peak ng/mL<br />{text(model['title'])}</th>)}</tr></thead>
    <tbody>{bases.map((basis) => <tr key={basis} class={basis === chosen ? 'sel' : ''}><th scope="row">{basisWord[basis]} weight{basis === chosen && <span class="vh"> (chosen)</span>}</th>
      <td class="r b">{number(of(basis, text(models[0]?.['id']))?.['mg']).toFixed(1)} mg</td><td class="r">{minutes} min</td>
      {models.map((model) => <td class="r" key={text(model['id'])}>{plain(number(of(basis, text(model['id']))?.['ng-per-ml']), 0)}</td>)}</tr>)}</tbody></table></div>;
}

// ---- consent and sign-off

function ConsentCard({ patientId }: { patientId: string }): JSX.Element {
  return <Card title="Consent and estimate"><div class="pad"><ul class="signs">
    <li><Glyph level="void" label="Not held" /><span><b>Consent, off-label</b><small>This release keeps no consent form. What was recorded about it stands on <a href={`/patients/${patientId}/evaluate`} onClick={follow}>Evaluate</a>; the signed form stays on paper</small></span></li>
    <li><Glyph level="void" label="Not held" /><span><b>Estimate given to the patient</b><small>This release makes no estimate. Consent is not complete before the patient has had one</small></span></li>
  </ul><p class="xs dim">Prices and good-faith estimates come with a later release. No patient signs anything from the start of dosing until the next day.</p></div></Card>;
}

/** The same request as the draft in the record? Then it can be signed; else it is drafted first. */
function sameAsDraft(course: Group, data: Group): boolean {
  const dose = data['dose'] as Group | undefined, dates = list(data['date']).map((one) => text(one['at'])), drafted = values(course['date']);
  return !!dose && number(course['dose-mg']) === number(dose['mg']) && text(course['weight-basis']) === text(dose['weight-basis']) && number(course['minutes']) === number(dose['minutes'])
    && number(course['concentration-mg-per-ml']) === number(dose['concentration-mg-per-ml']) && dates.every((at, i) => new Date(at).getTime() === new Date(drafted[i] ?? '').getTime());
}

function SignCard({ patientId, data, course: record, asked, user, done }: {
  patientId: string; data: Group; course: Group | undefined; asked: Record<string, string>; user: Me | undefined; done: () => Promise<void>;
}): JSX.Element {
  const { busy, error, send } = useSend();
  const [typed, setTyped] = useState('');
  const course = (record?.['course'] ?? {}) as Group, gate = data['gate'] as Group, worst = text(data['worst']);
  const status = text(course['status']), same = sameAsDraft(course, data), signers = values(course['signer']);
  const drafted = status === 'draft' && same, signed = status === 'active' && same, physician = user?.role === 'physician';
  const draft = (): void => { void send(async () => { await tell(`Patient/${patientId}/$plan-draft`, asked); await done(); }); };
  const sign = (): void => { void send(async () => {
    await tell(`Patient/${patientId}/$plan-sign`, { version: text(course['version']), 'typed-mg': typed || undefined });
    await done();
  }); };
  const evaluated = gate['evaluated'] !== undefined, stops = number(gate['open-stops']), missing = number(gate['open-missing']);
  return <Card title="Sign-off" aside={<span class="sub sm">{signed ? 'signed' : status === 'draft' ? `draft, version ${text(course['version'])}` : status === 'active' ? 'signed, changed here' : 'not drafted'}</span>}><div class="pad">
    <ul class="signs">
      <li><Glyph level={!evaluated ? 'void' : stops > 0 ? 'hi' : missing > 0 ? 'void' : 'ok'} /><span><b>Evaluate</b>
        <small>{evaluated ? `${dayClock(text(gate['evaluated']))}: ${stops} open stop${stops === 1 ? '' : 's'}, ${missing} missing, ${text(gate['open-cautions'])} to weigh` : 'Not recorded yet'}</small></span>
        <a class="btn" href={`/patients/${patientId}/evaluate`} onClick={follow}>Open</a></li>
      <li><Glyph level={signed || drafted ? 'ok' : 'void'} /><span><b>Plan in the record</b><small>{status === 'draft' || status === 'active' ? `${mg(course['dose-mg'])} mg, ${text(course['weight-basis'])} weight${same ? '' : ': not what stands here now'}` : 'Nothing yet'}</small></span></li>
      <li><Glyph level={signed ? 'ok' : 'void'} /><span><b>Prescriber{worst === 'two' ? 's, two' : ''}</b><small>{signed ? `${signers.join(' and ')}, ${dayClock(text(course['signed']))}` : signers.length && drafted ? `${signers.join(', ')} has signed; a second prescriber must` : 'Not signed'}</small></span></li>
    </ul>
    {drafted && (worst === 'typed' || worst === 'two') && <label class="field"><span class="lab">Type the dose once more, mg</span><input class="in" inputMode="decimal" value={typed} onInput={(e) => setTyped(e.currentTarget.value)} /></label>}
    <Problem error={error} />
    {signed ? <a class="btn pri block" href={`/patients/${patientId}/infuse`} onClick={follow}>Go to Infuse</a>
      : drafted ? <button type="button" class="btn pri block" disabled={busy || gate['open'] !== true || !physician} onClick={sign}>{gate['open'] === true && physician ? <Icon name="pen" /> : <Icon name="lock" />}Sign {mg(course['dose-mg'])} mg, {values(course['date']).length} infusions</button>
        : <button type="button" class="btn pri block" disabled={busy || worst === 'refused'} onClick={draft}>{worst === 'refused' && <Icon name="lock" />}{status === 'draft' || status === 'active' ? 'Draft again' : 'Draft this plan'}</button>}
    <p class="xs dim gate">{signed ? 'The order stands. Whether the room opens is decided there, on the day.' : text(gate['text'])}{drafted && !physician && ' You are not signed in as a physician.'}
      {status === 'active' && !same && ' Drafting again takes the signed order back until it is signed anew.'}</p>
  </div></Card>;
}
