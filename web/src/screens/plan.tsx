import type { JSX } from 'preact';

export function Plan(_: { patientId: string; encounterId: string }): JSX.Element {
  return <div class="page"><h1>Plan</h1></div>;
}
