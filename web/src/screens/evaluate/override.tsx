// Signing past a finding: a coded reason, one's own words, an end. A stop needs a second person.
import type { JSX } from 'preact';
import { list, text, type Group } from '../../client';
import { dateField, day, fromLocal } from '../../format';
import { serverNow } from '../../live';
import { Icon, Problem, useSend } from '../../parts';
import { field, type Report } from './model';

/** The end of that day in the clinic's zone. */
function endOf(value: string): Date {
  const [year, month, date] = value.split('-').map(Number);
  return fromLocal(year!, month!, date!, 23, 59);
}

export function OverrideForm({ report, finding, close }: { report: Report; finding: Group; close: () => void }): JSX.Element {
  const { busy, error, send } = useSend();
  const rule = text(finding['rule']);
  const two = text(finding['override-kind']) === 'two';
  const pending = finding['pending'] as Group | undefined;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void send(() => report.send('override', {
      rule, 'reason-code': field(form, 'reason-code'), reason: field(form, 'reason'), expires: pending ? new Date(text(pending['expires'])) : endOf(field(form, 'expires')),
    })).then((done) => { if (done) close(); });
  };
  return <form class="ov" aria-label={`Override: ${text(finding['title'])}`} onSubmit={submit}>
    <fieldset><legend class="lab">Reason for going ahead</legend><div class="opts">
      {list(report.data['reason']).map((reason) => <label class="opt"><input type="radio" name="reason-code" value={text(reason['code'])} required />
        <span>{text(reason['text'])}</span></label>)}
    </div></fieldset>
    <div class="field"><label for={`why-${rule}`}>In your words</label><textarea class="in" id={`why-${rule}`} name="reason" rows={3} required minLength={10} /></div>
    <label class="field"><span class="lab">Ends after</span><input class="in" type="date" name="expires" min={dateField(serverNow())} required /></label>
    <p class="sm dim who-signs">{two ? pending ? `Signed so far: ${list(pending['signer']).map((s) => `${text(s['name'])}, ${text(s['role'])}`).join(', ')}. Yours is the second signature; it ends with the first, ${day(text(pending['expires']))}.`
      : 'Signed so far: nobody. Two different people, one of them a physician, must sign before it holds.'
      : 'One prescriber signs. It stays visible until it ends, then it is asked again.'}</p>
    <div class="ovf"><div class="row"><span class="sm"><b class="b">{report.user?.display ?? ''}</b><br /><span class="dim">{report.user?.role ?? ''}</span></span></div>
      <span class="sp" /><button class="btn" type="button" onClick={close}>Cancel</button>
      <button class="btn pri" disabled={busy}><Icon name="pen" />Sign override</button></div>
    <Problem error={error} />
  </form>;
}
