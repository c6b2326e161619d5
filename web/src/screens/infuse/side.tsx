// The card at the foot on the right: before the start, what opens it; after, what this release does not do, said once
// and quietly; and the way out.
import type { JSX } from 'preact';
import { plain } from '../../format';
import { Glyph } from '../../parts';
import type { Actions, Session } from './model';

export function Gate({ session, open }: { session: Session; open: (what: string) => void }): JSX.Element {
  const unmet = session.gate.filter((g) => !g.met);
  const met = session.gate.filter((g) => g.met);
  return <section class="pn gate" aria-label="What opens the start">
    <h2>{session.gateOpen ? 'All set. Start the pump, then record it.' : `Not yet: ${unmet.length} of ${session.gate.length} to do`}</h2>
    <ul class="scrolls" tabIndex={0}>
      {unmet.map((g) => <li class="unmet"><Glyph level="void" label="not met" /><span>{g.sentence}</span>
        {g.id === 'pressures' && <button type="button" class="btn" onClick={() => open('systolic')}>Enter BP</button>}</li>)}
      {met.map((g) => <li><Glyph level="ok" label="met" /><span>{g.sentence}</span></li>)}
    </ul>
    <button type="button" class="btn quiet" onClick={() => open('records')}>Records and corrections</button>
  </section>;
}

export function Rest({ session, actions, open }: { session: Session; actions: Actions; open: (what: string) => void }): JSX.Element {
  const ready = session.pumpState === 'stopped' && Number.isFinite(session.givenByVolumeMg) && !session.alarms.some((a) => a.rule === 'EU-I-001');
  const why = session.pumpState !== 'stopped' ? 'After the stop and the volume left' : !Number.isFinite(session.givenByVolumeMg) ? 'The volume left is missing' : !ready ? 'The pressure alarm stands' : `${plain(session.givenMg)} mg given`;
  return <section class="pn" aria-label="Rescue, account, home"><ul class="rx">
    <li><span class="gt"><Glyph level="void" /><span><b>Rescue drugs: off</b><small>None is shown until the medical director signs it.<br />Follow the written orders; call the prescriber.</small></span></span></li>
    <li><span class="gt"><Glyph level="void" /><span><b>Account and discharge: not here yet</b><small>Waste, witness, the way home: on the clinic's forms.</small></span></span></li>
    <li><span><b>Records and corrections</b><small>{session.readings.length + session.events.length + session.pumpEvents.length} in this session; late entries too</small></span><button type="button" class="btn" onClick={() => open('records')}>Open</button></li>
    <li><span><b>{session.phase === 'home' ? 'Session closed' : 'Close the session'}</b><small>{session.phase === 'home' ? `${plain(session.givenMg)} mg given` : why}</small></span>
      {session.phase !== 'home' && <button type="button" class="btn" disabled={!ready || actions.busy} onClick={() => open('end')}>Close…</button>}</li>
  </ul></section>;
}
