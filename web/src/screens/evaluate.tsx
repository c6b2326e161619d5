import type { JSX } from 'preact';

export function Evaluate(_: { patientId: string; encounterId: string }): JSX.Element {
  return <div class="page"><h1>Evaluate</h1></div>;
}
