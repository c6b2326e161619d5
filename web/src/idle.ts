// Locks the session where nobody touches the page: in any tab of this browser, for all of them share one session. An
// open infusion counts as use, because its alarms must stay in sight.
import { lock } from './client';
import { place } from './router';

const LOCK_AFTER_MS = 10 * 60_000;
const LOOK_EVERY_MS = 15_000;
const TELL_EVERY_MS = 5_000;

type Word = 'used' | 'locked' | 'unlocked';
const channel = new BroadcastChannel('euthymia-idle');
let lastUsed = Date.now();
let lastTold = 0;
let onLock = (): void => {}, onUnlock = (): void => {};
let isLocked = false;

function used(): void {
  lastUsed = Date.now();
  if (lastUsed - lastTold < TELL_EVERY_MS) return;
  lastTold = lastUsed;
  channel.postMessage('used' satisfies Word);
}

function infusing(): boolean { return place.value.screen === 'infuse' && place.value.encounterId !== ''; }

async function look(): Promise<void> {
  if (isLocked) return;
  if (infusing()) used();
  if (Date.now() - lastUsed < LOCK_AFTER_MS) return;
  /* Where the server cannot be reached the page locks all the same. */
  await lock().catch(() => {});
  tellLocked();
}

/** The page and its other tabs show nothing until the password is given. */
export function tellLocked(): void {
  if (isLocked) return;
  isLocked = true;
  channel.postMessage('locked' satisfies Word);
  onLock();
}

export function tellUnlocked(): void {
  isLocked = false;
  lastUsed = Date.now();
  channel.postMessage('unlocked' satisfies Word);
  onUnlock();
}

export function startIdle(locked: () => void, unlocked: () => void): void {
  onLock = locked;
  onUnlock = unlocked;
  channel.onmessage = ({ data }: MessageEvent<Word>) => {
    if (data === 'used') lastUsed = Date.now();
    else if ((data === 'locked') !== isLocked) { isLocked = data === 'locked'; lastUsed = Date.now(); (isLocked ? onLock : onUnlock)(); }
  };
  for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const) addEventListener(kind, used, { passive: true });
  setInterval(() => void look(), LOOK_EVERY_MS);
}
