// The sound of an alarm: short pulses, more of them the worse it is. It can be off for two minutes and not longer.
import { useEffect, useRef } from 'preact/hooks';
import type { Alarm } from './model';

export type SoundOff = { alarm: string; until: number } | undefined;
const OFF_MS = 120_000;
const bursts: Record<Alarm['priority'], { pulses: number; everyMs: number }> = { high: { pulses: 5, everyMs: 5_000 }, medium: { pulses: 3, everyMs: 12_000 }, low: { pulses: 0, everyMs: Infinity } };

export function soundOffUntil(alarm: string, now: Date): SoundOff {
  return { alarm, until: now.getTime() + OFF_MS };
}

function pulse(context: AudioContext, at: number): void {
  const tone = context.createOscillator();
  const gain = context.createGain();
  tone.frequency.value = 620;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.14, at + 0.02);
  gain.gain.linearRampToValueAtTime(0, at + 0.14);
  tone.connect(gain).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.15);
}

/** Browsers allow sound only after the page was touched once; until then the banner is alone. */
export function useAlarmSound(priority: Alarm['priority'] | undefined, off: SoundOff, now: Date): void {
  const context = useRef<AudioContext | undefined>(undefined);
  const last = useRef(0);
  useEffect(() => {
    const burst = priority && bursts[priority];
    const quiet = off !== undefined && now.getTime() < off.until;
    if (!burst || !burst.pulses || quiet || now.getTime() - last.current < burst.everyMs || !navigator.userActivation?.hasBeenActive) return;
    last.current = now.getTime();
    context.current ??= new AudioContext();
    for (let i = 0; i < burst.pulses; i++) pulse(context.current, context.current.currentTime + i * 0.25);
  }, [priority, off, now]);
  useEffect(() => () => { void context.current?.close(); }, []);
}
