import type { JSX } from 'preact';

export function Today(_: { patientId: string; encounterId: string }): JSX.Element {
  return <div class="page"><h1>Today</h1></div>;
}
