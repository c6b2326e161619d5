// Small parts that every screen uses. CSS: components.css.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState, useCallback, useRef } from 'preact/hooks';
import { icons } from './icons';
import { onEvent, serverNow, type ChangeEvent } from './live';
import { Refused } from './client';

export function Icon({ name, size = '' }: { name: string; size?: '' | 's' | 'l' }): JSX.Element {
  const icon = icons[`i-${name}`];
  return <svg class={`i ${size}`} viewBox={icon?.box} aria-hidden="true" dangerouslySetInnerHTML={{ __html: icon?.body ?? '' }} />;
}

export type Priority = 'hi' | 'med' | 'low' | 'ok' | 'void';
const words: Record<Priority, string> = { hi: 'High', med: 'Medium', low: 'Low', ok: 'Fine', void: 'Missing' };

/** The sign of a priority: never without its word near by. */
export function Glyph({ level, label }: { level: Priority; label?: string }): JSX.Element {
  const icon = icons[`g-${level}`];
  return <svg class={`glyph ${level}`} viewBox={icon?.box} role={label ? 'img' : undefined} aria-label={label}
    aria-hidden={label ? undefined : 'true'} dangerouslySetInnerHTML={{ __html: icon?.body ?? '' }} />;
}
export function PriorityBadge({ level, word }: { level: Priority; word?: string }): JSX.Element {
  return <span class={`prio ${level}`}><Glyph level={level} />{word ?? words[level]}</span>;
}

export function Card({ title, aside, children, className = '', id }: {
  title?: ComponentChildren; aside?: ComponentChildren; children: ComponentChildren; className?: string; id?: string;
}): JSX.Element {
  return <section class={`card ${className}`} id={id}>
    {title !== undefined && <header><h2>{title}</h2><span class="sp" />{aside}</header>}
    {children}
  </section>;
}

/** A clinical number that nobody has checked at its source says so. */
export function Unverified({ seen }: { seen: string }): JSX.Element | null {
  return seen === 'paper' || seen === 'label' ? null
    : <abbr class="unverified" title={`not verified at source (${seen || 'source not named'})`}>not verified at source</abbr>;
}

/** What went wrong, for a person, announced once. */
export function Problem({ error }: { error: unknown }): JSX.Element | null {
  if (!error) return null;
  const issues = error instanceof Refused ? error.issues : [];
  return <div class="callout problem" role="alert">
    {issues.length ? <ul>{issues.map((issue) => <li>{issue.text}</li>)}</ul> : <p>{error instanceof Error ? error.message : String(error)}</p>}
  </div>;
}

/** The server's time, each second. */
export function useNow(everyMs = 1000): Date {
  const [now, setNow] = useState(serverNow());
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** Loads, and loads again when an event concerns it. Keeps what it had while it loads: a screen never goes blank. */
export function useLoad<T>(load: () => Promise<T>, concerns: (event: ChangeEvent) => boolean, keys: unknown[]):
{ data: T | undefined; error: unknown; reload: () => Promise<void> } {
  const [state, setState] = useState<{ data: T | undefined; error: unknown }>({ data: undefined, error: undefined });
  const latest = useRef(0);
  const reload = useCallback(async () => {
    const turn = ++latest.current;
    try {
      const data = await load();
      if (turn === latest.current) setState({ data, error: undefined });
    } catch (error) {
      if (turn === latest.current) setState((before) => ({ data: before.data, error }));
    }
  }, keys);
  useEffect(() => {
    void reload();
    return onEvent((event) => { if (event === 'reset' || concerns(event)) void reload(); });
  }, [reload]);
  return { ...state, reload };
}

/** Every chart has a table twin: a button, and the table in a dialog. */
export function TableTwin({ caption, head, rows }: { caption: string; head: string[]; rows: (string | number)[][] }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  return <>
    <button type="button" class="btn quiet no-print" onClick={() => dialog.current?.showModal()}><Icon name="table" />Show as table</button>
    <dialog ref={dialog} class="sheet" aria-label={caption}>
      <header class="row"><h2>{caption}</h2><span class="sp" />
        <button type="button" class="btn icon" aria-label="Close" onClick={() => dialog.current?.close()}><Icon name="x" /></button></header>
      <div class="scroll" tabIndex={0}><table class="tbl"><thead><tr>{head.map((h) => <th scope="col">{h}</th>)}</tr></thead>
        <tbody>{rows.map((row) => <tr>{row.map((cell, i) => i ? <td>{cell}</td> : <th scope="row">{cell}</th>)}</tr>)}</tbody></table></div>
    </dialog>
  </>;
}

/** A form that sends once, shows what the server refused, and keeps what was typed. */
export function useSend(): { busy: boolean; error: unknown; send: (act: () => Promise<unknown>) => Promise<boolean> } {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = async (act: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setError(undefined);
    try { await act(); return true; } catch (e) { setError(e); return false; } finally { setBusy(false); }
  };
  return { busy, error, send };
}
