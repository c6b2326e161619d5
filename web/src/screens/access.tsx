// Access: who opened the record of a patient of others in an emergency, and why. Each waits until another person has looked
// into it. A patient stands here by id: the administrator does not read charts.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { brokenGlasses, me, reviewGlass, type BrokenGlass } from '../client';
import { ago, dayClock } from '../format';
import { Card, Problem, useLoad, useNow, useSend } from '../parts';

const POLL_MS = 30_000; // a broken glass is no event of the record

export function Access(_: { patientId: string; encounterId: string }): JSX.Element {
  const { data, error, reload } = useLoad(async () => ({ glasses: await brokenGlasses(), user: await me() }), () => false, []);
  useEffect(() => { const t = setInterval(() => void reload(), POLL_MS); return () => clearInterval(t); }, [reload]);
  if (!data) return <div class="page">{error ? <Problem error={error} /> : <p role="status">Reading the list</p>}</div>;
  const waiting = data.glasses.filter((glass) => !glass.reviewed), done = data.glasses.filter((glass) => glass.reviewed);
  return <div class="page access">
    <h1>Who opened a closed record</h1>
    <p class="sum">{sentence(waiting.length, done.length)}</p>
    <Problem error={error} />
    {waiting.map((glass) => <Waiting glass={glass} isOwn={glass.person === data.user.personId} reviewed={reload} key={glass.id} />)}
    {done.length > 0 && <Reviewed glasses={done} />}
  </div>;
}

function sentence(waiting: number, done: number): string {
  if (!waiting && !done) return 'Nobody has had to open the record of a patient of others.';
  if (!waiting) return 'All have been looked into.';
  return `${waiting} ${waiting === 1 ? 'waits' : 'wait'} to be looked into.`;
}

function Waiting({ glass, isOwn, reviewed }: { glass: BrokenGlass; isOwn: boolean; reviewed: () => Promise<void> }): JSX.Element {
  const now = useNow(POLL_MS);
  const { busy, error, send } = useSend();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void send(async () => { await reviewGlass(glass.id, String(form.get('review'))); await reviewed(); });
  };
  const isOpen = new Date(glass.until) > now;
  return <Card title={glass.display} aside={<span class="dim sm">{ago(glass.from, now)}</span>} className="glass-row">
    <div class="pad">
      <dl>
        <dt>Record</dt><dd>Patient/{glass.patient}</dd>
        <dt>From</dt><dd>{dayClock(glass.from)}</dd>
        <dt>{isOpen ? 'Open until' : 'Closed at'}</dt><dd>{dayClock(glass.until)}</dd>
        <dt>Reason</dt><dd>{glass.reason}</dd>
      </dl>
      {isOwn ? <p class="callout">It was you: somebody else must look into it.</p>
        : <form onSubmit={submit} aria-label={`Review of ${glass.display}, ${dayClock(glass.from)}`}>
          <label class="field"><span class="lab">What you found</span><textarea class="in" name="review" rows={2} minLength={10} maxLength={1000} required /></label>
          <Problem error={error} />
          <button class="btn" disabled={busy}>Looked into</button>
        </form>}
    </div>
  </Card>;
}

function Reviewed({ glasses }: { glasses: BrokenGlass[] }): JSX.Element {
  return <Card title="Looked into"><div class="pad scroll" tabIndex={0} role="region" aria-label="Looked into">
    <table class="tbl"><thead><tr><th scope="col">Who</th><th scope="col">Record</th><th scope="col">From</th><th scope="col">Until</th>
      <th scope="col">Reason</th><th scope="col">Looked into</th><th scope="col">What was found</th></tr></thead>
      <tbody>{glasses.map((glass) => <tr>
        <th scope="row">{glass.display}</th><td>Patient/{glass.patient}</td><td class="nw">{dayClock(glass.from)}</td><td class="nw">{dayClock(glass.until)}</td>
        <td>{glass.reason}</td><td>{glass.reviewedBy}, {dayClock(glass.reviewed)}</td><td>{glass.review}</td></tr>)}</tbody></table>
  </div></Card>;
}
