import type { JSX } from 'preact';

export function Infuse(_: { patientId: string; encounterId: string }): JSX.Element {
  return <div class="page"><h1>Infuse</h1></div>;
}
