// The frame round every screen: top bar, patient bar with the thread of the five verbs, who is signed in, whether
// this page is live, and the word "demo" where the clinic is one.
import type { ComponentType, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Refused, ask, breakGlass, list, me, number, signIn, signOut, text, unlock, whenSignedOut, type Group, type Me } from './client';
import { birthDate, clockSeconds, day, setClinicZone } from './format';
import { startIdle, tellLocked, tellUnlocked } from './idle';
import { link, onEvent, setServerClock, startLive } from './live';
import { Glyph, Icon, Problem, useLoad, useSend } from './parts';
import { follow, go, place, verbs } from './router';
import { Access } from './screens/access';
import { Evaluate } from './screens/evaluate';
import { Follow } from './screens/follow';
import { Infuse } from './screens/infuse';
import { Learn } from './screens/learn';
import { Plan } from './screens/plan';
import { Today } from './screens/today';

interface ScreenProps { patientId: string; encounterId: string }
const screens: Record<string, { title: string; ofPatient: boolean; bare?: boolean; View: ComponentType<ScreenProps> }> = {
  today: { title: 'Today', ofPatient: false, View: Today },
  evaluate: { title: 'Evaluate', ofPatient: true, View: Evaluate },
  plan: { title: 'Plan', ofPatient: true, View: Plan },
  infuse: { title: 'Infuse', ofPatient: true, bare: true, View: Infuse },
  follow: { title: 'Follow', ofPatient: true, View: Follow },
  learn: { title: 'Learn', ofPatient: false, View: Learn },
  access: { title: 'Access', ofPatient: false, View: Access },
};

/** What a role works with, its first screen first. The server decides what each may see; this only shows no dead ends. */
function screensOf(role: string): string[] {
  if (role === 'admin') return ['access', 'learn'];
  if (role === 'researcher') return ['learn'];
  return ['today', ...verbs, 'learn'];
}

export function Shell(): JSX.Element {
  const [user, setUser] = useState<Me | null | undefined>(undefined);
  const [error, setError] = useState<unknown>();
  const load = async (): Promise<void> => {
    try {
      const user = await me();
      setClinicZone(user.zone);
      setServerClock(user.now);
      setUser(user);
    } catch (e) {
      setUser(null);
      if ((e as { status?: number }).status !== 401) setError(e);
    }
  };
  const [locked, setLocked] = useState(false);
  const leave = async (): Promise<void> => { await signOut(); setUser(null); tellUnlocked(); };
  useEffect(() => {
    whenSignedOut((isLocked) => { if (isLocked) tellLocked(); else setUser(null); });
    startIdle(() => setLocked(true), () => { setLocked(false); void load(); });
    void load();
  }, []);
  useEffect(() => { if (user) startLive(); }, [user]);

  /* What was being written stays while the page is locked, and is there afterwards. */
  return <>
    {locked && <Locked user={user} leave={leave} />}
    <div class={locked ? undefined : 'unlocked'} hidden={locked} inert={locked}>
      {user === undefined ? <p class="page" role="status">Opening the clinic</p>
        : user === null ? !locked && <SignIn error={error} signedIn={load} />
          : <Frame user={user} leave={leave} />}
    </div>
  </>;
}

function Locked({ user, leave }: { user: Me | null | undefined; leave: () => Promise<void> }): JSX.Element {
  const { busy, error, send } = useSend();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void send(async () => { await unlock(String(form.get('password'))); tellUnlocked(); });
  };
  useEffect(() => { document.title = 'Locked - Euthymia'; }, []);
  return <main class="signin" id="locked">
    <form class="card" onSubmit={submit} aria-label="Unlock">
      <div class="mark"><Icon name="mark" />Euthymia</div>
      <p>{user ? `${user.display}: nobody touched this page for a while, so it is locked.` : 'This page is locked.'}</p>
      <label class="field"><span class="lab">Password</span><input class="in" name="password" type="password" autocomplete="current-password" required autofocus /></label>
      <Problem error={error} />
      <button class="btn pri block" disabled={busy}>Unlock</button>
      <button type="button" class="btn block" disabled={busy} onClick={() => void send(leave)}>Sign out</button>
    </form>
  </main>;
}

function SignIn({ error, signedIn }: { error: unknown; signedIn: () => Promise<void> }): JSX.Element {
  const { busy, error: refused, send } = useSend();
  /* The server says by the issue's path that it wants the code of a second factor; the field then stays. */
  const [wantsCode, setWantsCode] = useState(false);
  if (!wantsCode && refused instanceof Refused && refused.issues.some((issue) => issue.path === 'code')) setWantsCode(true);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void send(async () => {
      await signIn(String(form.get('name')), String(form.get('password')), String(form.get('code') ?? ''));
      await signedIn();
    });
  };
  return <main class="signin" id="main">
    <form class="card" onSubmit={submit} aria-label="Sign in">
      <div class="mark"><Icon name="mark" />Euthymia</div>
      <label class="field"><span class="lab">Name</span><input class="in" name="name" autocomplete="username" required autofocus /></label>
      <label class="field"><span class="lab">Password</span><input class="in" name="password" type="password" autocomplete="current-password" required /></label>
      {wantsCode && <label class="field"><span class="lab">Code of your authenticator</span>
        <input class="in" name="code" inputMode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" maxLength={6} required autofocus /></label>}
      <Problem error={refused ?? error} />
      <button class="btn pri block" disabled={busy}>Sign in</button>
    </form>
  </main>;
}

function Frame({ user, leave }: { user: Me; leave: () => Promise<void> }): JSX.Element {
  const at = place.value;
  const names = screensOf(user.role);
  const name = names.includes(at.screen) ? at.screen : names[0]!;
  const screen = screens[name]!;
  useEffect(() => { document.title = `${screen.title} - Euthymia${user.demo ? ' demo' : ''}`; }, [screen.title, user.demo]);
  useEffect(() => {
    const find = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.key === '/' && !/INPUT|TEXTAREA|SELECT/.test(target.tagName) && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        document.getElementById('find')?.focus();
      }
    };
    addEventListener('keydown', find);
    return () => removeEventListener('keydown', find);
  }, []);
  const bare = screen.bare && at.encounterId !== '';
  /* Changes when a glass was broken: then all of the patient is read again. */
  const [opened, setOpened] = useState(0);
  const [shut, setShut] = useState('');
  const isShut = shut !== '' && shut === at.patientId;
  return <>
    <a class="skip" href="#main">Skip to the screen</a>
    {!bare && <TopBar user={user} names={names} screen={name} patientId={at.patientId} leave={leave} />}
    {screen.ofPatient && !bare && <PatientBar patientId={at.patientId} screen={name} shut={() => setShut(at.patientId)} key={`${at.patientId} ${opened}`} />}
    <main id="main" data-screen={name} tabIndex={-1} key={`${name}/${at.patientId}/${at.encounterId} ${opened}`}>
      {isShut ? <BreakGlass patientId={at.patientId} opened={() => { setShut(''); setOpened(opened + 1); }} />
        : screen.ofPatient && !at.patientId ? <ChoosePatient verb={name} /> : <screen.View patientId={at.patientId} encounterId={at.encounterId} />}
    </main>
    {user.demo && <p class="demo" role="note">demo</p>}
  </>;
}

function TopBar({ user, names, screen, patientId, leave }: { user: Me; names: string[]; screen: string; patientId: string; leave: () => Promise<void> }): JSX.Element {
  const address = (verb: string): string =>
    screens[verb]!.ofPatient && patientId ? `/patients/${patientId}/${verb}` : `/${verb}`;
  return <header class="topbar">
    <a class="mark" href={address(names[0]!)} onClick={follow}><Icon name="mark" />Euthymia</a>
    <nav class="nav" aria-label="Main">
      {names.map((verb) => <a href={address(verb)} onClick={follow} aria-current={verb === screen ? 'page' : undefined}>{screens[verb]!.title}</a>)}
    </nav>
    <span class="sp" />
    <LinkState />
    {names.includes('today') && <><LiveChip /><Find /></>}
    <button type="button" class="who btn quiet" onClick={() => void leave()} aria-label={`${user.display}, ${user.role}. Sign out`}>
      <span class="av" aria-hidden="true">{initials(user.display)}</span>
      <span><b>{user.display}</b><small>{user.role} · sign out</small></span>
    </button>
  </header>;
}

function initials(name: string): string {
  const words = name.replace(/^(Dr|Prof)\.? /, '').split(' ');
  return ((words[0]?.[0] ?? '') + (words.length > 1 ? words[words.length - 1]![0] ?? '' : '')).toUpperCase();
}

/** Quiet while live; loud when what stands on the screen may be old. */
export function LinkState(): JSX.Element {
  const { live, since } = link.value;
  return live
    ? <span class="link ok" role="status"><i aria-hidden="true" />Live</span>
    : <span class="link lost" role="status"><Icon name="wifi0" size="s" />not live since {clockSeconds(since)}</span>;
}

const levels: Record<string, 'hi' | 'med' | 'low'> = { high: 'hi', medium: 'med', low: 'low' };

/** The worst current alarm in the building, from every screen. */
function LiveChip(): JSX.Element | null {
  const { data } = useLoad(() => ask('$today'), () => true, []);
  const alarm = list(data?.['alarm'])[0];
  if (!alarm) return null;
  const level = levels[text(alarm['priority'])] ?? 'med';
  return <a class={`livechip ${level}`} href={`/patients/${text(alarm['patient'])}/infuse/${text(alarm['encounter'])}`} onClick={follow}>
    <Glyph level={level} label={text(alarm['priority'])} />{text(alarm['chair'])} <span>{text(alarm['short'])}</span>
  </a>;
}

function Find(): JSX.Element {
  const [typed, setTyped] = useState('');
  const [patients, setPatients] = useState<Group[]>([]);
  const [open, setOpen] = useState(false);
  const load = async (): Promise<void> => { setPatients(list((await ask('$patients'))['patient'])); };
  useEffect(() => onEvent((event) => { if (event === 'reset' || event.type === 'Patient') setPatients([]); }), []);
  const wanted = typed.trim().toLowerCase();
  const hits = wanted ? patients.filter((p) => `${text(p['name'])} ${text(p['mrn'])} ${text(p['birth-date'])}`.toLowerCase().includes(wanted)).slice(0, 8) : [];
  const choose = (p: Group): void => {
    setTyped('');
    setOpen(false);
    go(`/patients/${text(p['id'])}/${place.value.patientId ? place.value.screen : 'evaluate'}`);
  };
  return <div class="findbox">
    <label class="find"><Icon name="search" /><span class="vh">Find a patient</span>
      <input id="find" type="search" placeholder="Find a patient" autocomplete="off" value={typed} aria-controls="found" aria-expanded={open && hits.length > 0} role="combobox"
        onFocus={() => { setOpen(true); if (!patients.length) void load(); }}
        onInput={(e) => { setTyped(e.currentTarget.value); setOpen(true); }}
        onKeyDown={(e) => { if (e.key === 'Escape') setOpen(false); if (e.key === 'Enter' && hits[0]) choose(hits[0]); }} />
      <kbd aria-hidden="true">/</kbd></label>
    {open && wanted && <ul id="found" class="found card" role="listbox" aria-label="Patients found">
      {hits.map((p) => <li role="option" aria-selected="false"><button type="button" class="btn quiet block" onClick={() => choose(p)}>
        <b>{text(p['name'])}</b><span class="dim">{birthDate(text(p['birth-date']))} {text(p['mrn']) && `· MRN ${text(p['mrn'])}`}</span></button></li>)}
      {!hits.length && <li class="none" role="option" aria-selected="false">Nobody of that name, MRN or birth date</li>}
    </ul>}
  </div>;
}

function ChoosePatient({ verb }: { verb: string }): JSX.Element {
  const { data, error } = useLoad(() => ask('$patients'), (e) => e.type === 'Patient', []);
  const patients = list(data?.['patient']);
  return <div class="page">
    <h1>{screens[verb]?.title}: choose a patient</h1>
    <Problem error={error} />
    {data && !patients.length && <p class="callout">No patient yet. Load some with <code>euthymia import FILE</code>.</p>}
    {patients.length > 0 && <section class="card choose"><table class="tbl"><thead><tr><th scope="col">Patient</th><th scope="col">Born</th><th scope="col">MRN</th><th scope="col">Next step</th></tr></thead>
      <tbody>{patients.map((p) => <tr>
        <th scope="row"><a href={`/patients/${text(p['id'])}/${verb}`} onClick={follow}>{text(p['name'])}</a></th>
        <td>{birthDate(text(p['birth-date']))}</td><td>{text(p['mrn']) || '–'}</td><td>{text(p['next-step'])}</td></tr>)}</tbody></table></section>}
  </div>;
}

function isOfOthers(error: unknown): boolean {
  return error instanceof Refused && error.status === 403 && error.issues.some((issue) => issue.path === 'relation');
}

/** Nothing of the patient stands here: who it is, the clinician knows from elsewhere. */
function BreakGlass({ patientId, opened }: { patientId: string; opened: () => void }): JSX.Element {
  const { busy, error, send } = useSend();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void send(async () => { await breakGlass(patientId, String(form.get('reason')), Number(form.get('hours'))); opened(); });
  };
  return <div class="page">
    <form class="card glass" onSubmit={submit} aria-labelledby="glass-title">
      <h1 id="glass-title">This is a patient of others</h1>
      <p>You are not on the care team and have no visit or appointment with the patient within 30 days, so the record is closed to you.</p>
      <p>In an emergency you can open it at once. Your name, the time and the reason are kept, and somebody else looks at them afterwards.</p>
      <label class="field"><span class="lab">Reason</span><textarea class="in" name="reason" rows={3} minLength={10} maxLength={1000} required /></label>
      <label class="field"><span class="lab">Open for, hours</span><input class="in" name="hours" type="number" min={1} max={24} step={1} required /></label>
      <Problem error={error} />
      <button class="btn" disabled={busy}>Break the glass</button>
    </form>
  </div>;
}

function PatientBar({ patientId, screen, shut }: { patientId: string; screen: string; shut: () => void }): JSX.Element | null {
  const { data, error } = useLoad(() => ask(`Patient/${patientId}/$chart`), (e) => e.patient === patientId, [patientId]);
  const bar = useRef<HTMLElement>(null);
  const isShut = isOfOthers(error);
  useEffect(() => { if (isShut) shut(); }, [isShut]);
  if (!patientId || isShut) return null;
  if (error && !data) return <div class="page"><Problem error={error} /></div>;
  if (!data) return <header class="pbar" aria-busy="true" />;
  const weightKg = number(data['weight-kg']);
  const thread = list(data['thread']);
  return <header class="pbar" ref={bar}>
    <div class="id">
      <b>{text(data['name'])}</b>
      <p>{[text(data['sex']) || 'sex not recorded', Number.isNaN(number(data['age-years'])) ? 'age not known' : `${number(data['age-years'])} y`].join(', ')}
        {' · '}{text(data['birth-date']) ? birthDate(text(data['birth-date'])) : 'birth date not recorded'}{text(data['mrn']) && ` · MRN ${text(data['mrn'])}`}
        {' · '}{Number.isNaN(weightKg) ? 'weight not known' : `${Number(weightKg.toFixed(1))} kg, ${day(text(data['weight-at']))}`}</p>
    </div>
    {text(data['deceased-at']) !== '' && <span class="chip alert">Died {day(text(data['deceased-at']))}</span>}
    <span class={`chip ${text(data['allergies']) === 'not asked' ? 'void' : text(data['allergies']).startsWith('no') ? 'line' : 'alert'}`}>
      {text(data['allergies']) === 'not asked' ? 'allergies not asked' : text(data['allergies'])}</span>
    <span class="sp" />
    <nav class="thread" aria-label="Course">
      {thread.map((stop) => <a href={text(stop['verb']) === 'learn' ? '/learn' : `/patients/${patientId}/${text(stop['verb'])}`} onClick={follow}
        class={text(stop['state']) === 'done' ? 'done' : ''} aria-current={text(stop['verb']) === screen ? 'step' : undefined}>
        <b>{screens[text(stop['verb'])]?.title}</b><small>{text(stop['fact'])}</small></a>)}
    </nav>
  </header>;
}
