import type { JSX } from 'preact';

export function Follow(_: { patientId: string; encounterId: string }): JSX.Element {
  return <div class="page"><h1>Follow</h1></div>;
}
