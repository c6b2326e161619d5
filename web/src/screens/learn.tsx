import type { JSX } from 'preact';

export function Learn(_: { patientId: string; encounterId: string }): JSX.Element {
  return <div class="page"><h1>Learn</h1></div>;
}
