// Infuse: one screen at fixed places, nothing scrolls. It shows the record as the server has it, reloads within a
// second of each event, and counts ages by the server's clock.
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask, text, tell, list, Refused } from '../client';
import { birthDate, clockSeconds, plain } from '../format';
import { link, serverNow } from '../live';
import { Icon, Problem, useLoad, useNow } from '../parts';
import { follow } from '../router';
import { Banner } from './infuse/banner';
import { Emergency, EndSheet, NoteSheet, PumpRead, RatePad, StartPad, VitalsPad, VolumePad } from './infuse/dialogs';
import { Doorway } from './infuse/doorway';
import { sessionOf, type Actions, type Session } from './infuse/model';
import { DueList, Pressure, Small } from './infuse/numerics';
import { Pump } from './infuse/pump';
import { Records } from './infuse/records';
import { Scales } from './infuse/scales';
import { Gate, Rest } from './infuse/side';
import { Strip } from './infuse/strip';

export function Infuse({ patientId, encounterId }: { patientId: string; encounterId: string }): JSX.Element {
  return encounterId ? <Room encounterId={encounterId} patientId={patientId} /> : <Doorway patientId={patientId} />;
}

/* The room is dark unless someone asked for light on this device. */
function useRoomTheme(): [string, () => void] {
  const [theme, setTheme] = useState(localStorage.getItem('infuse-theme') === 'light' ? 'light' : 'dark');
  useEffect(() => {
    const root = document.documentElement;
    const before = root.dataset['theme'];
    root.dataset['theme'] = theme;
    return () => { if (before) root.dataset['theme'] = before; else delete root.dataset['theme']; };
  }, [theme]);
  const turn = (): void => {
    const next = theme === 'dark' ? 'light' : 'dark';
    localStorage.setItem('infuse-theme', next);
    setTheme(next);
  };
  return [theme, turn];
}

interface Toast { said: string; id: string; until: number }
const UNDO_MS = 10_000;

/** Sends one record at a time; says what was recorded, what was kept apart, or what was refused. */
function useActions(encounterId: string, reload: () => Promise<void>): { actions: Actions; toast: Toast | undefined; error: unknown; undo: () => void; dismiss: () => void } {
  const [busy, setBusy] = useState(false);
  const [toast, setToast] = useState<Toast | undefined>();
  const [error, setError] = useState<unknown>();
  const record = async (operation: string, body: Record<string, unknown>, said: string): Promise<boolean> => {
    setBusy(true);
    setError(undefined);
    try {
      const answer = await tell(`Encounter/${encounterId}/${operation}`, body);
      const apart = list(answer['quarantined']).map((q) => text(q['why']));
      const canUndo = operation === '$event' || operation === '$vitals';
      const id = canUndo ? text(Array.isArray(answer['recorded']) ? answer['recorded'][0] : answer['recorded']) : '';
      const one = !Array.isArray(answer['recorded']);
      setToast({ said: apart.length ? `Kept apart, not used: ${apart.join('; ')}` : said, id: one ? id : '', until: serverNow().getTime() + UNDO_MS });
      await reload();
      return true;
    } catch (e) {
      setError(e);
      return false;
    } finally {
      setBusy(false);
    }
  };
  const undo = (): void => {
    if (toast?.id) void record('$correct', { id: toast.id, withdrawn: true, reason: 'Undone within 10 s' }, 'Withdrawn. It stays in the history.');
  };
  return { actions: { record, busy, error }, toast, error, undo, dismiss: () => { setToast(undefined); setError(undefined); } };
}

function Room({ encounterId, patientId }: { encounterId: string; patientId: string }): JSX.Element {
  const now = useNow();
  const [theme, turnTheme] = useRoomTheme();
  const loadedAt = useRef(0);
  const load = useCallback(async () => {
    const session = sessionOf(await ask(`Encounter/${encounterId}/$infuse`));
    loadedAt.current = serverNow().getTime();
    return session;
  }, [encounterId]);
  const { data: session, error, reload } = useLoad(load, (e) => e.encounter === encounterId || e.patient === patientId, [encounterId]);
  const { actions, toast, error: refused, undo, dismiss } = useActions(encounterId, reload);
  const [opened, setOpened] = useState('');
  useTimedReload(session, now, reload);
  useEffect(() => { if (!toast && !refused) return; const t = setTimeout(dismiss, UNDO_MS); return () => clearTimeout(t); }, [toast, refused]);

  if (!session) return <div class="scr wait">{error ? <Problem error={error} /> : <p role="status">Reading the session</p>}<a class="btn" href="/today" onClick={follow}>Today</a></div>;
  const open = (what: string): void => {
    if (what === 'scales') document.getElementById('scales')?.focus();
    else setOpened(what);
  };
  return <div class="scr">
    <Top session={session} now={now} emergency={() => setOpened('emergency')} />
    <Banner session={session} now={now} actions={actions} open={open} />
    <div class="mid">
      <Strip session={session} now={now}><><div class="corner no-print">
        <button type="button" class="btn quiet" onClick={() => open('records')}><Icon name="table" />Table</button>
        <button type="button" class="btn quiet" onClick={turnTheme}>{theme === 'dark' ? 'Light' : 'Dark'}</button></div>
        {(refused !== undefined || error !== undefined) && <div class="toast refused" role="alert"><span>{sentence(refused ?? error)}</span>{refused !== undefined && <button type="button" class="btn" onClick={dismiss}>Close</button>}</div>}
        {toast && refused === undefined && <div class="toast" role="status"><span>{toast.said}</span>{toast.id && <button type="button" class="btn" onClick={undo}>Undo</button>}</div>}
      </></Strip>
      <div class="side"><Pressure session={session} now={now} open={open} /><Small session={session} now={now} open={open} /><DueList session={session} now={now} open={open} /></div>
    </div>
    <div class="dock">
      <Pump session={session} loadedAt={loadedAt.current} now={now} actions={actions} open={open} />
      <Scales session={session} actions={actions} note={() => setOpened('note')} />
      {session.phase === 'prepare' ? <Gate session={session} open={open} /> : <Rest session={session} actions={actions} open={open} />}
    </div>
    {opened && <Opened what={opened} session={session} now={now} actions={actions} close={() => setOpened('')} open={open} />}
    <p class="portrait">This screen is made for a tablet held across. Turn it.</p>
  </div>;
}

function sentence(error: unknown): string {
  if (error instanceof Refused && error.issues.length) return `Not recorded. ${error.issues.map((i) => i.text).join(' ')}`;
  return error instanceof Error ? error.message : String(error);
}

/* An alarm about time has no event of its own: the screen asks again when one becomes due. */
function useTimedReload(session: Session | undefined, now: Date, reload: () => Promise<void>): void {
  const asked = useRef(0);
  const next = Math.min(...(session?.dues ?? []).map((d) => d.alarm?.getTime() ?? Infinity).filter((t) => t > asked.current));
  useEffect(() => {
    if (now.getTime() < next) return;
    asked.current = now.getTime();
    void reload();
  }, [now, next]);
}

function Opened({ what, session, now, actions, close, open }: { what: string; session: Session; now: Date; actions: Actions; close: () => void; open: (what: string) => void }): JSX.Element {
  switch (what) {
    case 'start': return <StartPad session={session} actions={actions} close={close} />;
    case 'rate': return <RatePad session={session} actions={actions} close={close} />;
    case 'volume-left': return <VolumePad session={session} actions={actions} close={close} />;
    case 'pump': return <PumpRead session={session} actions={actions} close={close} open={open} />;
    case 'note': return <NoteSheet actions={actions} close={close} />;
    case 'records': return <Records session={session} actions={actions} close={close} />;
    case 'end': return <EndSheet session={session} actions={actions} close={close} />;
    case 'emergency': return <Emergency session={session} now={now} actions={actions} close={close} />;
    default: return <VitalsPad first={what} actions={actions} close={close} />;
  }
}

const phases = [['prepare', 'Prepare'], ['infuse', 'Infuse'], ['recover', 'Recover'], ['home', 'Home']] as const;

function Top({ session, now, emergency }: { session: Session; now: Date; emergency: () => void }): JSX.Element {
  const at = phases.findIndex(([p]) => p === session.phase);
  const { live, since } = link.value;
  const sex = session.sex.charAt(0).toUpperCase();
  return <header class="top">
    <a class="back" href="/today" onClick={follow} aria-label="Back to today"><Icon name="left" /></a>
    <span class="ch">{session.chair}</span>
    <div class="nm"><h1>{session.name}</h1><span>infusion {session.number} of {plain(session.planned, 0)}</span>
      <p class="l2">{session.birthDate ? birthDate(session.birthDate) : 'birth date not recorded'}{session.mrn && `, MRN ${session.mrn}`}
        <i> · {Number.isFinite(session.ageYears) ? `${session.ageYears} y` : 'age not known'}{sex && ` ${sex}`} · {session.weight || 'weight not known'} · {session.allergies}</i></p></div>
    <ol class="ph" aria-label="Phase">{phases.map(([, title], i) => <li class={i < at ? 'done' : i === at ? 'on' : ''} aria-current={i === at ? 'step' : undefined}>{i < at && <Icon name="check" size="s" />}{title}</li>)}</ol>
    <span class={`lnk ${live ? '' : 'lost'}`} role="status">{live ? <><i aria-hidden="true" />Live</> : <><Icon name="wifi0" size="s" />not live since {clockSeconds(since)}</>}</span>
    <span class="clk" aria-label="Time">{clockSeconds(now)}</span>
    <button type="button" class="btn emg" aria-haspopup="dialog" onClick={emergency} title="Opens the emergency card, a timer and the 911 text">Emergency</button>
  </header>;
}
