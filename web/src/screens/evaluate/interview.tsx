// The interview: every question that is missing in one form. Nothing is preselected; what stays open is not sent and
// stays missing.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { tell, text, type Group } from '../../client';
import { useSend } from '../../parts';
import { Answers, Sheet } from './entry';
import { field, question, type Report, words } from './model';

export function Interview({ report, findings }: { report: Report; findings: Group[] }): JSX.Element | null {
  const [open, setOpen] = useState(false);
  const [rows, setRows] = useState<Group[]>([]);
  const { busy, error, send } = useSend();
  const keys = [...new Set(findings.flatMap((finding) => words(finding, 'asks')))];
  const asked = keys.map((key) => question(report, key)).filter((row): row is Group => row !== undefined && row['physician-only'] !== true);
  if (asked.length < 2 && !open) return null;
  const submit = (form: FormData): void => {
    void send(async () => {
      for (const row of rows) {
        const key = text(row['key']);
        const value = field(form, key);
        const note = field(form, `${key}-note`);
        if (value !== '') await tell(`Patient/${report.patientId}/$record-fact`, { key, value, note: note === '' ? undefined : note });
      }
    }).then(async (ok) => {
      await report.reload();
      if (ok) setOpen(false);
    });
  };
  /* The questions are held while the form is open: each answer that is recorded would take one away. */
  return <div class="interview no-print">
    <button type="button" class="btn" aria-expanded={open} onClick={() => { setRows(asked); setOpen(!open); }}>Go through {asked.length} questions…</button>
    {open && <div class="ov"><Sheet label="Interview" submit={submit} error={error} busy={busy} action="Record what was answered">
      <div class="questions">{rows.map((row) => <div class="asked">
        <Answers row={row} name={text(row['key'])} required={false} />
        {text(row['note']) !== '' && <label class="field"><span class="lab">{text(row['note'])}</span><input class="in" name={`${text(row['key'])}-note`} /></label>}
      </div>)}</div>
    </Sheet></div>}
  </div>;
}
