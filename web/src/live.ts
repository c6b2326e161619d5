// Live events: one stream a browser, shared among its tabs. The tab that holds the Web Lock reads /events and tells
// the others over a BroadcastChannel; when it closes, the next one takes the lock and goes on from the last number.
// Every tab watches for silence by itself: 15 s without an event or a beat, and it says since when it is not live.
import { signal } from '@preact/signals';

export interface ChangeEvent { number: number; patient: string; encounter: string; type: string; id: string; version: number; at: string }
export interface Link { live: boolean; since: Date }

/* Said within 15 s of the last sign of life: the watch below looks twice a second. */
const SILENCE_MS = 14_000;

/** live: an event or a beat came within 15 s. since: when the last one came. */
export const link = signal<Link>({ live: false, since: new Date() });
/** Server time minus this browser's, in ms: ages count from the server's clock. */
export const clockOffsetMs = signal(0);
export function setServerClock(iso: string): void {
  const at = Date.parse(iso);
  if (!Number.isNaN(at)) clockOffsetMs.value = at - Date.now();
}
export function serverNow(): Date { return new Date(Date.now() + clockOffsetMs.value); }

type Listener = (event: ChangeEvent | 'reset') => void;
const listeners = new Set<Listener>();
/** Calls back on each change of the record; 'reset' means that too much was missed: read again. Returns a stop. */
export function onEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

interface Message { kind: 'event' | 'beat' | 'reset'; data?: string }
const channel = new BroadcastChannel('euthymia-live');
let lastNumber = 0;
let lastHeard = 0;

function heard(): void {
  lastHeard = Date.now();
  link.value = { live: true, since: serverNow() };
}

function receive(message: Message): void {
  if (message.kind === 'beat') {
    const beat = JSON.parse(message.data ?? '{}') as { now?: string; number?: number };
    setServerClock(beat.now ?? '');
    heard();
    /* The first beat says where the stream begins: what was read before it may be older. */
    if (!lastNumber && beat.number) {
      lastNumber = beat.number;
      listeners.forEach((listener) => listener('reset'));
    }
    return;
  }
  heard();
  if (message.kind === 'reset') { listeners.forEach((listener) => listener('reset')); return; }
  const event = JSON.parse(message.data ?? '{}') as ChangeEvent;
  if (event.number <= lastNumber) return;
  lastNumber = event.number;
  listeners.forEach((listener) => listener(event));
}

function pass(message: Message): void {
  channel.postMessage(message);
  receive(message);
}

/** Reads the stream until it breaks. fetch, not EventSource: the number to go on from is ours to send. */
async function readStream(stop: AbortSignal): Promise<void> {
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (lastNumber) headers['Last-Event-ID'] = String(lastNumber);
  const response = await fetch('/events', { headers, credentials: 'same-origin', signal: stop, cache: 'no-store' });
  if (!response.ok || !response.body) throw new Error(`events: ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    blocks.forEach(readBlock);
  }
}

function readBlock(block: string): void {
  let kind = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) kind = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).trim());
  }
  if (kind === 'beat') pass({ kind: 'beat', data: data.join('\n') });
  else if (kind === 'reset') pass({ kind: 'reset' });
  else if (data.length) pass({ kind: 'event', data: data.join('\n') });
}

async function lead(stop: AbortSignal): Promise<void> {
  let waitMs = 250;
  while (!stop.aborted) {
    const started = Date.now();
    try {
      /* A stream that has gone silent is as good as broken: try another. */
      const silent = new AbortController();
      const watch = setInterval(() => { if (Date.now() - Math.max(lastHeard, started) > SILENCE_MS) silent.abort(); }, 1000);
      stop.addEventListener('abort', () => silent.abort(), { once: true });
      await readStream(silent.signal).finally(() => clearInterval(watch));
    } catch { /* tried again below; the silence is shown meanwhile */ }
    waitMs = Date.now() - started > 5000 ? 250 : Math.min(waitMs * 2, 4000);
    await new Promise((resume) => setTimeout(resume, waitMs));
  }
}

let stop: AbortController | undefined;

export function startLive(): void {
  if (stop) return;
  stop = new AbortController();
  const { signal: aborted } = stop;
  channel.onmessage = (message) => receive(message.data as Message);
  setInterval(() => {
    if (link.value.live && Date.now() - lastHeard > SILENCE_MS) link.value = { ...link.value, live: false };
  }, 500);
  void navigator.locks.request('euthymia-live', { signal: aborted }, () => lead(aborted)).catch(() => {});
}
