// The clinic's day: one sentence, the chairs as lanes, who worries us, who comes, what is to be done.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask, list, me, number, tell, text, type Group, type Me } from '../client';
import { ago, clock, countdown, fromLocal, local, plain, span, weekday } from '../format';
import { Glyph, Icon, PriorityBadge, Problem, useLoad, useNow, useSend, type Priority } from '../parts';
import { follow } from '../router';
import { date } from './infuse/model';

const MINUTE = 60_000;

export function Today(_: { patientId: string; encounterId: string }): JSX.Element {
  const now = useNow();
  const { data, error, reload } = useLoad(() => ask('$today'), () => true, []);
  useEffect(() => { const t = setInterval(() => void reload(), 30_000); return () => clearInterval(t); }, [reload]);
  if (!data) return <div class="page">{error ? <Problem error={error} /> : <p role="status">Reading the day</p>}</div>;
  const checked = date(data['now']) ?? now;
  const tasks = list(data['task']);
  return <div class="page today">
    <div class="hd"><div><h1>{weekday(now)}</h1><DaySentence day={data} now={now} /></div><span class="sp" />
      <button type="button" class="btn no-print" onClick={() => window.print()}><Icon name="print" />Day sheet</button></div>
    <Problem error={error} />
    <div class="cols">
      <Chairs day={data} now={now} checked={checked} />
      <Triage tasks={tasks.filter(isWorry)} now={now} checked={checked} />
      <div class="low2"><Arrivals visits={list(data['visit'])} checked={checked} /><Tasks tasks={tasks} now={now} checked={checked} /></div>
    </div>
  </div>;
}

function DaySentence({ day, now }: { day: Group; now: Date }): JSX.Element {
  const n = (name: string): number => number(day[name]) || 0;
  const next = list(day['visit']).filter((v) => text(v['state']) === 'to-come').map((v) => date(v['at'])).filter((at): at is Date => at !== undefined)
    .sort((a, b) => a.getTime() - b.getTime()).find((at) => at > now);
  const parts = [n('preparing') && `${n('preparing')} preparing`, n('recovering') && `${n('recovering')} recovering`, `${n('chairs-free')} ${n('chairs-free') === 1 ? 'chair' : 'chairs'} free`].filter(Boolean);
  const visits = n('visits') ? `${n('visits')} ${n('visits') === 1 ? 'visit' : 'visits'} today: ${n('visits-home')} done, ${n('visits') - n('visits-home') - n('visits-to-come')} here, ${n('visits-to-come')} still to come.` : 'No infusion is planned for today.';
  return <p><b>{n('infusing')} infusing</b>, {parts.join(', ')}. {visits}{next && ` Next arrival ${clock(next)}.`}</p>;
}

/* ---- chairs ---- */

interface Axis { from: number; to: number }
const share = (axis: Axis, at: number): number => (at - axis.from) / (axis.to - axis.from) * 100;

function axisOf(now: Date): Axis {
  const { year, month, day, hour } = local(now);
  const from = hour < 8 ? Math.max(0, hour - 1) : 8;
  const to = Math.max(from + 9, Math.min(24, hour + 3));
  return { from: fromLocal(year, month, day, from).getTime(), to: fromLocal(year, month, day, to).getTime() };
}

function Chairs({ day, now, checked }: { day: Group; now: Date; checked: Date }): JSX.Element {
  const axis = axisOf(now);
  const hours: number[] = [];
  for (let at = axis.from; at < axis.to; at += 60 * MINUTE) hours.push(at);
  const every = Math.ceil(hours.length / 9); // a long day has a label at every second hour
  const nowAt = share(axis, now.getTime());
  return <section class="card lanes" aria-labelledby="h-chairs">
    <header><h2 id="h-chairs">Chairs</h2><span class="dim xs">checked {clock(checked)}</span><span class="sp" />
      <div class="legend key"><span><i class="ph-prep" />Prepare</span><span><i class="ph-inf" />Infuse</span><span><i class="ph-infp" />Infuse, planned</span><span><i class="ph-rec" />Recover</span></div></header>
    <div class="axisrow" aria-hidden="true"><div /><div class="ax">
      {hours.filter((at, i) => i % every === 0 && Math.abs(share(axis, at) - nowAt) > 9).map((at) => <span style={{ left: `${share(axis, at)}%` }}>{clock(new Date(at))}</span>)}
      <span class="nf" style={{ left: `${nowAt}%` }}>{clock(now)}</span></div></div>
    {list(day['chair']).map((chair) => <Lane chair={chair} axis={axis} now={now} hours={hours} />)}
    <Unseated visits={list(day['visit']).filter((v) => text(v['state']) === 'to-come')} axis={axis} now={now} hours={hours} />
  </section>;
}

function Lane({ chair, axis, now, hours }: { chair: Group; axis: Axis; now: Date; hours: number[] }): JSX.Element {
  const seat = number(chair['seat']);
  const alarm = list(chair['alarm'])[0];
  const priority = text(alarm?.['priority']);
  const level = priority === 'high' ? 'hi' : priority === 'medium' ? 'med' : priority === 'low' ? 'low' : '';
  return <section class={`lane ${level && `alarm ${level}`}`} aria-label={`Chair ${seat}`}>
    {chair['free'] === true ? <div class="cell free"><div class="cn" aria-hidden="true">{seat}</div><div class="cp"><p class="nm">Free</p><p class="st">Nobody is in this chair</p></div></div>
      : <Live chair={chair} seat={seat} now={now} level={level as Priority | ''} />}
    <Track axis={axis} now={now} hours={hours}>{chair['free'] === true ? null : <Block chair={chair} axis={axis} now={now} />}</Track>
  </section>;
}

function Track({ axis, now, hours, children }: { axis: Axis; now: Date; hours: number[]; children: JSX.Element | JSX.Element[] | null }): JSX.Element {
  return <div class="track">{hours.map((at) => <i class="hour" style={{ left: `${share(axis, at)}%` }} />)}{children}<i class="now" style={{ left: `${share(axis, now.getTime())}%` }} /></div>;
}

const phaseWords: Record<string, string> = { prepare: 'Preparing', infuse: 'Infusing', recover: 'Recovering' };

function Live({ chair, seat, now, level }: { chair: Group; seat: number; now: Date; level: Priority | '' }): JSX.Element {
  const phase = text(chair['phase']);
  const plan = (chair['plan'] ?? {}) as Group;
  const dose = number(plan['dose-mg']);
  const ends = date(chair['ends-at']);
  const given = number(chair['given-mg']);
  const part = phase === 'recover' ? 100 : Math.min(100, given / dose * 100);
  const left = ends ? `${Math.max(0, Math.round((ends.getTime() - now.getTime()) / MINUTE))} min left` : text(chair['pump-state']) === 'paused' ? 'pump recorded paused' : '';
  return <div class="cell">
    <div class="cn" aria-hidden="true">{seat}</div>
    <div class="cp"><p class="nm"><a href={`/patients/${text(chair['patient'])}/infuse/${text(chair['encounter'])}`} onClick={follow}>{text(chair['name'])}</a></p>
      <p class="st">{phaseWords[phase] ?? phase}{left && ` · ${left}`}</p>
      <div class={`prog ${phase === 'recover' ? 'rec' : ''}`} role="progressbar" aria-valuenow={Math.round(part)} aria-valuemin={0} aria-valuemax={100} aria-label="Dose given"><i style={{ width: `${part}%` }} /></div>
      <p class="st2">Infusion {number(chair['number'])} of {number(chair['planned-infusions'])} · {plain(given)} of {plain(dose)} mg</p></div>
    <Vitals chair={chair} now={now} level={level} />
    <Ring due={chair['due'] as Group | undefined} now={now} />
  </div>;
}

function Vitals({ chair, now, level }: { chair: Group; now: Date; level: Priority | '' }): JSX.Element {
  const measures = list(chair['measure']);
  const of = (name: string): Group | undefined => measures.find((m) => text(m['measure']) === name);
  const pressure = of('pressure');
  const at = date(pressure?.['at']);
  const old = text(pressure?.['state']) === 'stale';
  const trend = text(chair['systolic-trend']).split(' ').filter(Boolean).map(Number).slice(-8);
  const pressureAlarm = list(chair['alarm']).some((a) => text(a['rule']) === 'EU-I-001');
  return <div class="vit">
    <div class={`v bpv ${old ? 'old' : ''}`}><small>BP {level && pressureAlarm && <b class="vh">alarm</b>}</small><b>{level && pressureAlarm ? <Glyph level={level} /> : null}{at ? `${number(pressure?.['value'])}/${number(pressure?.['diastolic'])}` : '–'}</b></div>
    <div class="v"><small>HR</small><b>{of('heart-rate')?.['value'] === undefined ? '–' : number(of('heart-rate')!['value'])}</b></div>
    <div class="v"><small>SpO<sub>2</sub></small><b>{of('spo2')?.['value'] === undefined ? '–' : number(of('spo2')!['value'])}</b></div>
    <div class="sp2">{trend.length > 1 && <Spark values={trend} />}<small>{at ? `${old ? 'old: ' : ''}${ago(at, now)}` : 'no pressure yet'}</small></div>
    {level && !pressureAlarm && <p class="al1"><Glyph level={level} />{text(list(chair['alarm'])[0]?.['title'])}</p>}
  </div>;
}

function Spark({ values }: { values: number[] }): JSX.Element {
  const low = Math.min(...values), high = Math.max(...values, low + 20);
  const points = values.map((v, i): [number, number] => [3 + i / (values.length - 1) * 66, 24 - (v - low) / (high - low) * 19]);
  const last = points.at(-1)!;
  return <svg viewBox="0 0 76 28" width="76" height="28" aria-hidden="true"><path d={points.map(([x, y], i) => `${i ? 'L' : 'M'}${x} ${y}`).join('')} class="sp-l" /><circle cx={last[0]} cy={last[1]} r={3.2} class="sp-d" /></svg>;
}

const dueWords: Record<string, string> = { pressure: 'BP due', vitals: 'HR due', scales: 'scales', pump: 'pump', 'volume-left': 'volume' };

function Ring({ due, now }: { due: Group | undefined; now: Date }): JSX.Element {
  const at = date(due?.['due']);
  if (!due || !at) return <div class="due"><div><small>nothing<br />timed</small></div></div>;
  const left = at.getTime() - now.getTime();
  const lateMin = Math.floor(-left / MINUTE);
  const every = number(due['every-s']) * 1000;
  const part = Number.isFinite(every) ? Math.max(0, Math.min(1, left / every)) : 0;
  return <div class={`due ${left < 0 ? 'over' : ''}`} role="img" aria-label={`${dueWords[text(due['code'])]} ${left < 0 ? `late since ${clock(at)}` : `in ${countdown(left)}`}`}>
    <svg viewBox="0 0 60 60" aria-hidden="true"><circle cx="30" cy="30" r="25" class="rg" /><circle cx="30" cy="30" r="25" class="rv" pathLength={1} stroke-dasharray={`${part} 1`} transform="rotate(-90 30 30)" /></svg>
    <div><b>{lateMin >= 1 ? lateMin : countdown(left)}</b><small>{lateMin >= 1 ? 'min late' : left < 0 ? 'late' : dueWords[text(due['code'])] ?? 'due'}</small></div></div>;
}

function place(axis: Axis, from: number, to: number): { left: string; width: string } {
  const left = Math.max(0, share(axis, from));
  return { left: `${left}%`, width: `${Math.max(2, Math.min(100, share(axis, to)) - left)}%` };
}

function shortName(name: string): string {
  const words = name.replace(/^(Mr|Mrs|Ms|Dr|Prof)\.? /, '').split(' ');
  return words.length > 1 ? `${words[0]![0]}. ${words.at(-1)}` : name;
}

/** Prepare, infuse and recover as they went, and as they are planned to go on. */
function Block({ chair, axis, now }: { chair: Group; axis: Axis; now: Date }): JSX.Element {
  const opened = date(chair['opened'])?.getTime() ?? now.getTime();
  const minutes = number(((chair['plan'] ?? {}) as Group)['minutes']) || 40;
  const start = date(chair['started'])?.getTime();
  const from = start ?? Math.max(now.getTime(), opened + 15 * MINUTE);
  const stop = (date(chair['stopped']) ?? date(chair['ends-at']))?.getTime() ?? Math.max(now.getTime(), from + minutes * MINUTE);
  const home = Math.max(stop + 60 * MINUTE, now.getTime());
  return <a class="vs live" style={place(axis, opened, home)} href={`/patients/${text(chair['patient'])}/infuse/${text(chair['encounter'])}`} onClick={follow}>
    <span class="vn">{shortName(text(chair['name']))}</span>
    <span class="vb"><i class="ph-prep" style={{ flex: String(from - opened) }} /><i class={start ? 'ph-inf' : 'ph-infp'} style={{ flex: String(stop - from) }} /><i class="ph-rec" style={{ flex: String(home - stop) }} /></span>
    <span class="vt">{number(chair['number'])}/{number(chair['planned-infusions'])} · {clock(new Date(start ?? opened))}</span></a>;
}

/** Who is expected has no chair yet: a lane of its own, so that nothing is made up. */
function Unseated({ visits, axis, now, hours }: { visits: Group[]; axis: Axis; now: Date; hours: number[] }): JSX.Element | null {
  if (!visits.length) return null;
  return <section class="lane" aria-label="Expected"><div class="cell free"><div class="cn" aria-hidden="true"><Icon name="clock" /></div><div class="cp"><p class="nm">Expected</p><p class="st">A chair is chosen at arrival</p></div></div>
    <Track axis={axis} now={now} hours={hours}>{visits.map((v) => {
      const at = date(v['at'])?.getTime() ?? now.getTime();
      const minutes = number(v['minutes']) || 40;
      return <a class="vs plan" style={place(axis, at - 25 * MINUTE, at + (minutes + 60) * MINUTE)} href={`/patients/${text(v['patient'])}/infuse`} onClick={follow}>
        <span class="vn">{shortName(text(v['name']))}</span><span class="vb"><i class="ph-prep" style={{ flex: '25' }} /><i class="ph-infp" style={{ flex: String(minutes) }} /><i class="ph-rec" style={{ flex: '60' }} /></span>
        <span class="vt">{number(v['number'])}/{number(v['planned-infusions'])} · {clock(new Date(at))}</span></a>;
    })}</Track></section>;
}

/* ---- triage: two clocks, one owner ---- */

const taskTitles: Record<string, string> = { 'suicide-item': 'Thoughts of death, answered above zero', 'suicide-item-not-answered': 'Suicide item not answered', 'help-asked': 'Asked for help' };
const isWorry = (task: Group): boolean => text(task['code']) in taskTitles;
const levelOf = (task: Group): Priority => ({ stat: 'hi', asap: 'hi', urgent: 'med', routine: 'low' } as Record<string, Priority>)[text(task['priority'])] ?? 'low';
const rank: Record<Priority, number> = { hi: 0, med: 1, low: 2, ok: 3, void: 3 };

/* Unowned high, high, medium, low, then age. */
function worse(a: Group, b: Group): number {
  const unowned = (t: Group): number => (levelOf(t) === 'hi' && !text(t['owner']) ? 0 : 1);
  return unowned(a) - unowned(b) || rank[levelOf(a)] - rank[levelOf(b)] || text(a['raised']).localeCompare(text(b['raised']));
}

function Triage({ tasks, now, checked }: { tasks: Group[]; now: Date; checked: Date }): JSX.Element {
  const [user, setUser] = useState<Me | undefined>();
  useEffect(() => { void me().then(setUser).catch(() => {}); }, []);
  const unowned = tasks.filter((t) => !text(t['owner'])).length;
  return <section class="card triage" aria-labelledby="h-tri">
    <header><h2 id="h-tri">Triage</h2><span class="sub sm">{tasks.length} open{unowned > 0 && <>, <b class="b none">{unowned} with no owner</b></>}</span><span class="sp" /></header>
    {tasks.length ? <ul>{[...tasks].sort(worse).map((task) => <Worry task={task} now={now} user={user} key={text(task['id'])} />)}</ul>
      : <div class="empty"><Icon name="check" size="l" /><b>No one is waiting</b><p>No open worry in the record. Last check {clock(checked)}.</p></div>}
    <p class="trf">Checked {clock(checked)}. A worry stays until a contact is recorded.</p>
  </section>;
}

function limit(due: Date | undefined, now: Date, word: string): JSX.Element | null {
  if (!due) return null;
  const left = due.getTime() - now.getTime();
  return <small class={left < 0 ? 'lim' : ''}>{left < 0 ? `${word} overdue by ${span(-left)}` : `${word} due in ${span(left)}`}</small>;
}

function Worry({ task, now, user }: { task: Group; now: Date; user: Me | undefined }): JSX.Element {
  const { busy, error, send } = useSend();
  const level = levelOf(task);
  const owner = text(task['owner']);
  const id = text(task['id']);
  const mine = owner !== '' && text(task['owner-id']) === user?.personId;
  return <li class={`tri ${level} ${owner ? 'own' : ''}`}>
    <div class="th"><PriorityBadge level={level} /><a href={`/patients/${text(task['patient'])}/follow`} onClick={follow}>{text(task['name'])}</a>
      <span class="age"><Icon name="clock" size="s" />{span(now.getTime() - (date(task['raised'])?.getTime() ?? now.getTime()))}</span></div>
    <p class="tq">{taskTitles[text(task['code'])]}</p><p class="te">{text(task['description'])}</p>
    <div class="tb"><span class="to">{owner ? <span class="av s" aria-hidden="true">{initials(owner)}</span> : <span class="av none" aria-hidden="true">?</span>}
      <span><b>{owner ? (mine ? 'You' : owner) : 'No owner'}</b>{!owner && limit(date(task['owner-due']), now, 'owner')}{limit(date(task['contact-due']), now, 'call')}</span></span>
      {owner ? <a class="btn" href={`/patients/${text(task['patient'])}/follow`} onClick={follow}>Record outcome</a>
        : <button type="button" class="btn pri" disabled={busy} onClick={() => void send(() => tell(`Task/${id}/$take`))}><Icon name="phone" />Take and call</button>}</div>
    <Problem error={error} />
  </li>;
}

function initials(name: string): string {
  const words = name.replace(/^(Dr|Prof)\.? /, '').split(' ');
  return (words[0]?.[0] ?? '') + (words.length > 1 ? words.at(-1)![0] : '');
}

/* ---- arrivals and tasks ---- */

const states: Record<string, string> = { here: 'in a chair', home: 'infused today' };

function Arrivals({ visits, checked }: { visits: Group[]; checked: Date }): JSX.Element {
  const sorted = [...visits].sort((a, b) => text(a['at']).localeCompare(text(b['at'])));
  return <section class="card" aria-labelledby="h-arr"><header><h2 id="h-arr">Arrivals</h2><span class="dim sm">from the signed plans, checked {clock(checked)}</span></header><div class="pad">
    {!sorted.length ? <div class="empty"><Icon name="cal" size="l" /><b>Nobody is expected today</b><p>No active course has a date today. Last check {clock(checked)}.</p></div>
      : <table class="tbl arr"><thead><tr><th scope="col">Time</th><th scope="col">Patient</th><th scope="col">Visit</th><th scope="col">Before we start</th></tr></thead>
        <tbody>{sorted.map((v) => <tr><th scope="row" class="b">{clock(date(v['at']))}</th><td class="nw"><a href={`/patients/${text(v['patient'])}/infuse`} onClick={follow}>{text(v['name'])}</a></td>
          <td class="sub nw">{text(v['state']) === 'home' ? '' : `Infusion ${number(v['number'])} of ${number(v['planned-infusions'])}`}</td><td><Before visit={v} /></td></tr>)}</tbody></table>}
  </div></section>;
}

/** All ready is one tick; only what is missing is spelt out. */
function Before({ visit }: { visit: Group }): JSX.Element {
  const state = states[text(visit['state'])];
  const missing = (list(visit['exception']) as unknown as string[]).map(String);
  if (state) return <span class="rd"><Glyph level="ok" /><span>{state}</span></span>;
  if (!missing.length) return <span class="rd"><Glyph level="ok" /><span>All ready but the resting pressures</span></span>;
  return <span class="rd"><Glyph level="void" /><span>{missing[0]}{missing.length > 1 && <span class="dim" title={missing.slice(1).join(' ')}> and {missing.length - 1} more</span>}</span></span>;
}

function Tasks({ tasks, now, checked }: { tasks: Group[]; now: Date; checked: Date }): JSX.Element {
  const sorted = [...tasks].sort((a, b) => text(a['contact-due']).localeCompare(text(b['contact-due'])));
  return <section class="card" aria-labelledby="h-task"><header><h2 id="h-task">Tasks</h2><span class="dim sm">{sorted.length} open</span><span class="sp" /></header>
    {!sorted.length ? <div class="pad empty"><Icon name="check" size="l" /><b>Nothing is open</b><p>Last check {clock(checked)}.</p></div>
      : <ul class="tk">{sorted.map((t) => {
        const due = date(t['contact-due']);
        return <li><span><b><a href={`/patients/${text(t['patient'])}/follow`} onClick={follow}>{taskTitles[text(t['code'])] ?? (text(t['title']) || text(t['description']))}</a></b><small>{text(t['name'])}</small></span>
          <span class="w">{due ? (due < now ? `late, ${clock(due)}` : clock(due)) : 'no time set'}</span>
          {text(t['owner']) ? <span class="av s" title={text(t['owner'])}>{initials(text(t['owner']))}</span> : <span class="av s none" title="No owner">?</span>}</li>;
      })}</ul>}
  </section>;
}
