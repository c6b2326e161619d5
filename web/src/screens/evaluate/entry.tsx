// What a clinic types in: answers to the rules' questions, a weight, a height, two pressures, an instrument's answers.
// Nothing is preselected.
import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { list, number, text, type Group } from '../../client';
import { Problem, useSend } from '../../parts';
import { field, instrument, question, type Report } from './model';
import { TrialForm } from './trial';

interface Props { report: Report; done: () => void }

export function EntryForm({ report, ask, done }: Props & { ask: string }): JSX.Element | null {
  if (ask === 'pressure') return <PressureForm report={report} done={done} />;
  if (ask === 'weight-kg') return <MeasureForm report={report} done={done} ask={ask} title="Weight, measured here" unit="kg" step="0.1" />;
  if (ask === 'height-cm') return <MeasureForm report={report} done={done} ask={ask} title="Height, measured here" unit="cm" step="0.5" />;
  if (ask === 'trial') return <TrialForm report={report} done={done} />;
  const asked = instrument(report, ask);
  if (asked) return <InstrumentForm report={report} done={done} asked={asked} />;
  const row = question(report, ask);
  return row ? <QuestionForm report={report} done={done} row={row} /> : null;
}

export function Sheet({ label, submit, error, busy, action, children }: {
  label: string; submit: (form: FormData) => void; error: unknown; busy: boolean; action: string; children: ComponentChildren;
}): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  return <form class="entry" ref={form} aria-label={label} onSubmit={(event) => { event.preventDefault(); submit(new FormData(form.current!)); }}>
    {children}
    <Problem error={error} />
    <div class="ovf"><span class="sp" /><button class="btn pri" disabled={busy}>{action}</button></div>
  </form>;
}

/** The answers to a question of data/policy/facts.json, by its kind. name: of the form's field. */
export function Answers({ row, name, required }: { row: Group; name: string; required: boolean }): JSX.Element {
  const kind = text(row['kind']);
  if (kind === 'quantity') return <label class="field"><span class="lab">{text(row['question'])}</span>
    <span class="row"><input class="in short" name={name} inputMode="decimal" required={required} pattern="[0-9]+([.][0-9]+)?" /><span>{text(row['unit']).replace(/[{}]/g, '')}</span></span></label>;
  const choices = kind === 'boolean' ? [{ code: 'yes', text: 'Yes' }, { code: 'no', text: 'No' }]
    : list(row['choice']).map((c) => ({ code: text(c['code']), text: text(c['text']) }));
  return <fieldset><legend class="lab">{text(row['question'])}</legend><div class={kind === 'boolean' ? 'opts two' : 'opts'}>
    {choices.map((choice) => <label class="opt"><input type="radio" name={name} value={choice.code} required={required} /><span>{choice.text}</span></label>)}</div></fieldset>;
}

function QuestionForm({ report, done, row }: Props & { row: Group }): JSX.Element {
  const { busy, error, send } = useSend();
  const key = text(row['key']);
  const submit = (form: FormData): void => {
    const note = field(form, 'note');
    void send(() => report.send('record-fact', { key, value: field(form, 'value'), note: note === '' ? undefined : note })).then((ok) => { if (ok) done(); });
  };
  return <Sheet label={text(row['title'])} submit={submit} error={error} busy={busy} action="Record">
    <Answers row={row} name="value" required />
    <label class="field"><span class="lab">{text(row['note']) || 'Note'}{row['note-required'] === true ? '' : ' (may stay empty)'}</span><input class="in" name="note" /></label>
    {row['physician-only'] === true && <p class="sm dim">Recorded by a physician.</p>}
  </Sheet>;
}

function MeasureForm({ report, done, ask, title, unit, step }: Props & { ask: string; title: string; unit: string; step: string }): JSX.Element {
  const { busy, error, send } = useSend();
  const submit = (form: FormData): void => {
    void send(() => report.send('record-fact', { key: ask, value: field(form, 'value') })).then((ok) => { if (ok) done(); });
  };
  return <Sheet label={title} submit={submit} error={error} busy={busy} action="Record">
    <label class="field"><span class="lab">{title}</span>
      <span class="row"><input class="in short" name="value" type="number" step={step} inputMode="decimal" required /><span>{unit}</span></span></label>
  </Sheet>;
}

/** Two resting readings. Each is sent with its own time; a row that stays empty is not sent. */
function PressureForm({ report, done }: Props): JSX.Element {
  const { busy, error, send } = useSend();
  const submit = (form: FormData): void => {
    void send(async () => {
      for (const nth of ['first', 'second']) {
        const systolic = field(form, `${nth}-systolic`);
        const diastolic = field(form, `${nth}-diastolic`);
        if (systolic === '' && diastolic === '') continue;
        await report.send('record-fact', { key: 'pressure', systolic, diastolic, 'minutes-ago': field(form, `${nth}-ago`) || '0' });
      }
    }).then((ok) => { if (ok) done(); });
  };
  return <Sheet label="Resting blood pressure" submit={submit} error={error} busy={busy} action="Record">
    <p class="lab">Seated, at rest, measured here. Two readings, at least 5 min apart.</p>
    {[['first', 'First reading'], ['second', 'Second reading']].map(([nth, title]) => <fieldset class="bp"><legend class="lab">{title}</legend>
      <label><span class="vh">{title}, systolic</span><input class="in short" type="number" name={`${nth}-systolic`} inputMode="numeric" required={nth === 'first'} /></label>
      <span aria-hidden="true">/</span>
      <label><span class="vh">{title}, diastolic</span><input class="in short" type="number" name={`${nth}-diastolic`} inputMode="numeric" required={nth === 'first'} /></label>
      <span>mmHg,</span>
      <label class="row"><input class="in short" type="number" min={0} max={960} name={`${nth}-ago`} inputMode="numeric" required={nth === 'first'} aria-label={`${title}, minutes ago`} /><span>min ago</span></label>
    </fieldset>)}
  </Sheet>;
}

/** Wording where the licence allows it, else the item's number. */
function InstrumentForm({ report, done, asked }: Props & { asked: Group }): JSX.Element {
  const { busy, error, send } = useSend();
  const screener = text(asked['id']) === 'c-ssrs';
  const title = text(asked['title']);
  const items = list(asked['item']);
  const label = (item: Group, i: number): string => {
    if (text(item['text'])) return text(item['text']);
    return screener && i >= 5 ? `Item 6, ${i === 5 ? 'ever' : 'in the past 3 months'}` : `Item ${i + 1}`;
  };
  const submit = (form: FormData): void => {
    const body: Record<string, unknown> = { instrument: text(asked['id']) };
    items.forEach((_, i) => { body[`item-${i + 1}`] = field(form, `item-${i + 1}`) || 'skipped'; });
    void send(() => report.send('record-screen', body)).then((ok) => { if (ok) done(); });
  };
  return <Sheet label={title} submit={submit} error={error} busy={busy} action={`Record ${title}`}>
    <p class="lab">{text(asked['stem']) || `${title}: read the items from the clinic’s licensed form; here stand their numbers.`}</p>
    {screener && <p class="sm dim">3 to 5 are asked after a yes to 2, past 3 months after a yes to 6. What was not asked or refused is “not answered”, never no.</p>}
    {items.map((item, i) => <div class="item" role="radiogroup" aria-label={label(item, i)}><span aria-hidden="true">{label(item, i)}</span><div class="opts across">
      {list(asked['answer']).map((a) => <label class="opt"><input type="radio" name={`item-${i + 1}`} value={String(number(a['value']))} required={!screener} /><span>{text(a['text'])}</span></label>)}
      {screener && <label class="opt"><input type="radio" name={`item-${i + 1}`} value="skipped" /><span>Not answered</span></label>}
    </div></div>)}
  </Sheet>;
}
