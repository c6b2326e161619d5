// Addresses: /today, /sign-in, /learn, /patients/ID/VERB, /patients/ID/infuse/ENCOUNTER. The address is the state.
import { signal } from '@preact/signals';

export interface Place { screen: string; patientId: string; encounterId: string }

export const verbs = ['evaluate', 'plan', 'infuse', 'follow'] as const;

function placeOf(path: string): Place {
  const parts = path.split('/').filter(Boolean);
  if (parts[0] === 'patients' && parts[1])
    return { screen: parts[2] ?? 'evaluate', patientId: parts[1], encounterId: parts[3] ?? '' };
  return { screen: parts[0] ?? 'today', patientId: '', encounterId: '' };
}

export const place = signal<Place>(placeOf(location.pathname));

export function go(path: string): void {
  history.pushState(null, '', path);
  place.value = placeOf(location.pathname);
  window.scrollTo(0, 0);
  document.getElementById('main')?.focus();
}

addEventListener('popstate', () => { place.value = placeOf(location.pathname); });

/** For <a onClick>: an ordinary left click stays on the page. */
export function follow(event: MouseEvent): void {
  const anchor = (event.currentTarget as HTMLAnchorElement);
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(anchor.pathname + anchor.search);
}
