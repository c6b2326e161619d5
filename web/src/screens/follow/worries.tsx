// Worries: who owns each, since when, which of the two clocks runs out next. No key and no single stray tap closes one:
// it ends with a recorded contact.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { tell } from '../../client';
import { ago, dayClock, span } from '../../format';
import { Icon, PriorityBadge, Problem, useSend, type Priority } from '../../parts';
import type { Worry } from './model';

const level: Record<Worry['priority'], Priority> = { high: 'hi', medium: 'med', low: 'low' };

/** "call due in 16 min", "29 min late" */
function due(what: string, atMs: number, now: Date): { words: string; late: boolean } {
  const left = atMs - now.getTime();
  return left >= 0 ? { words: `${what} due in ${span(left)}`, late: false } : { words: `${what} ${span(-left)} late`, late: true };
}

const contacts: [string, string][] = [
  ['reached-safe', 'Reached: safe for now, plan agreed'],
  ['reached-appointment', 'Reached: seen today or tomorrow'],
  ['reached-higher-care', 'Reached: went to a higher level of care'],
  ['reached-other', 'Reached: see the note'],
  ['not-reached', 'Not reached'],
  ['left-message', 'Not reached: left a message without clinical content'],
  ['welfare-check', 'Not reached: welfare check or emergency services sent'],
];
const plans: [string, string][] = [['reviewed', 'Reviewed'], ['made', 'Made today'], ['refused', 'Refused'], ['none', 'None']];

function OutcomeForm({ worry, done }: { worry: Worry; done: () => void }): JSX.Element {
  const { busy, error, send } = useSend();
  const [outcome, setOutcome] = useState('');
  const reached = outcome.startsWith('reached');
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const plan = String(form.get('plan') ?? '');
    void send(async () => {
      await tell(`Task/${worry.id}/$outcome`, { outcome, note: String(form.get('note') ?? '') || undefined, 'safety-plan': plan || undefined });
      done();
    });
  };
  return <form class="outcome" onSubmit={submit} aria-label={`Contact about ${worry.description}`}>
    <label class="field"><span class="lab">What came of the contact</span>
      <select class="in" required value={outcome} onChange={(e) => setOutcome(e.currentTarget.value)}>
        <option value="" disabled>Choose</option>
        {contacts.map(([code, words]) => <option value={code}>{words}</option>)}
      </select></label>
    <label class="field"><span class="lab">Safety plan{reached ? '' : ' (where it was spoken of)'}</span>
      <select class="in" name="plan" required={reached}>
        <option value="">{reached ? 'Choose' : 'Not spoken of'}</option>
        {plans.map(([code, words]) => <option value={code}>{words}</option>)}
      </select></label>
    <label class="field wide"><span class="lab">Note{reached ? '' : ' (who was called, when, by which number)'}</span>
      <textarea class="in" name="note" rows={3} required={reached} /></label>
    <Problem error={error} />
    <div class="row"><button class="btn pri" disabled={busy}>{outcome && !reached ? 'Record, keep open' : 'Record contact'}</button>
      <button type="button" class="btn" onClick={done}>Cancel</button></div>
  </form>;
}

function Clocks({ worry, now }: { worry: Worry; now: Date }): JSX.Element {
  const owner = due('owner', worry.ownerDueMs, now), contact = due('call', worry.contactDueMs, now);
  return <p class="clocks">
    {worry.owner ? <span><b>{worry.owner}</b></span> : <span><b>No owner</b>, <span class={owner.late ? 'late' : ''}>{owner.words}</span></span>}
    <span class={contact.late ? 'late' : ''}>{contact.words}</span>
  </p>;
}

function OpenWorry({ worry, now, me, reload }: { worry: Worry; now: Date; me: string; reload: () => void }): JSX.Element {
  const { busy, error, send } = useSend();
  const [ending, setEnding] = useState(false);
  const mine = worry.ownerId !== '' && worry.ownerId === me;
  const take = (): void => {
    void send(async () => { await tell(`Task/${worry.id}/$take`, worry.owner ? { 'take-over': true } : {}); reload(); });
  };
  return <li class={`worry ${level[worry.priority]}`}>
    <div class="row"><PriorityBadge level={level[worry.priority]} /><b>{worry.title}</b><span class="sp" />
      <span class="age"><Icon name="clock" size="s" />{ago(new Date(worry.raisedMs), now)}</span></div>
    <p class="said">{worry.description}{worry.raisedByAge && <span class="dim"> · medium, raised to high: nobody took it in time</span>}</p>
    <Clocks worry={worry} now={now} />
    <Problem error={error} />
    {ending ? <OutcomeForm worry={worry} done={() => { setEnding(false); reload(); }} /> : <div class="row wrap">
      {!mine && <button type="button" class={worry.owner ? 'btn' : 'btn pri'} disabled={busy} onClick={take}>
        <Icon name="phone" />{worry.owner ? `Take over from ${worry.owner}` : 'Take and call'}</button>}
      {(mine || worry.owner) && <button type="button" class={mine ? 'btn pri' : 'btn'} onClick={() => setEnding(true)}>Record contact…</button>}
    </div>}
    <Notes worry={worry} />
  </li>;
}

function Notes({ worry }: { worry: Worry }): JSX.Element | null {
  if (!worry.notes.length) return null;
  return <details class="notes"><summary>{worry.notes.length === 1 ? '1 entry' : `${worry.notes.length} entries`}</summary>
    <ol>{worry.notes.map((note) => <li><span class="dim">{dayClock(new Date(note.atMs))}</span> {note.text} <span class="dim">{note.by}</span></li>)}</ol></details>;
}

export function Worries({ worries, now, me, reload }: { worries: Worry[]; now: Date; me: string; reload: () => void }): JSX.Element {
  const open = worries.filter((w) => w.open), closed = worries.filter((w) => !w.open);
  return <ul class="worries">
    {open.map((worry) => <OpenWorry key={worry.id} worry={worry} now={now} me={me} reload={reload} />)}
    {!open.length && <li class="quiet"><b>No open worry</b><small>What a patient answers about suicide, or leaves open, appears here within a second and stays until somebody reached them.</small></li>}
    {closed.map((worry) => <li class="quiet" key={worry.id}><b>{worry.title}, closed</b>
      <small>{worry.description}. Raised {dayClock(new Date(worry.raisedMs))}, {worry.owner}.</small><Notes worry={worry} /></li>)}
  </ul>;
}
