// The number pad: opened by one tap, always empty, digits by tap or keyboard, recorded by one more tap. A field that
// is full hands over to the next by itself.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { clock } from '../../format';
import { serverNow } from '../../live';
import { Icon, Problem } from '../../parts';

export interface PadField { name: string; label: string; unit: string; decimals?: boolean; full?: (typed: string) => boolean; optional?: boolean }

/* A pressure, rate or saturation that starts with 1, 2 (or 0) has three digits; the others two. */
const twoOrThree = (typed: string): boolean => typed.length === 3 || (typed.length === 2 && typed[0]! > '2');
export const vitalFields: PadField[] = [
  { name: 'systolic', label: 'Systolic', unit: 'mmHg', full: twoOrThree, optional: true },
  { name: 'diastolic', label: 'Diastolic', unit: 'mmHg', full: twoOrThree, optional: true },
  { name: 'heart-rate', label: 'HR', unit: '/min', full: twoOrThree, optional: true },
  { name: 'spo2', label: 'SpO₂', unit: '%', full: (t) => t.length === 3 || (t.length === 2 && t !== '10'), optional: true },
  { name: 'breaths', label: 'Breaths', unit: '/min', full: (t) => t.length === 2, optional: true },
];

export function Pad({ title, fields, first, action, hint, allowEarlier, check, send, close, busy, error }: {
  title: string; fields: PadField[]; first?: string; action: string; hint?: (values: Record<string, string>) => string | undefined; allowEarlier?: boolean;
  check?: (values: Record<string, string>) => string | undefined; send: (values: Record<string, string>, at?: Date) => Promise<boolean>; close: () => void; busy: boolean; error: unknown;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [values, setValues] = useState<Record<string, string>>({});
  const [index, setIndex] = useState(Math.max(0, fields.findIndex((f) => f.name === first)));
  const [earlier, setEarlier] = useState(0);
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>('.fieldbox.on')?.focus(); /* not Close: Enter must not lose what was typed */
  }, []);

  const field = fields[index]!;
  const typed = values[field.name] ?? '';
  const entered = fields.filter((f) => values[f.name]);
  const missing = fields.filter((f) => !f.optional && !values[f.name]);
  const why = entered.length === 0 ? 'Nothing is entered yet.' : missing.length ? `${missing[0]!.label} is missing.` : check?.(values);

  const put = (next: string): void => {
    setValues({ ...values, [field.name]: next });
    if (field.full?.(next) && index < fields.length - 1) setIndex(index + 1);
  };
  const press = (key: string): void => {
    if (key === 'back') {
      if (typed) setValues({ ...values, [field.name]: typed.slice(0, -1) });
      else if (index > 0) setIndex(index - 1);
    } else if (key === '.') {
      if (field.decimals && typed && !typed.includes('.')) put(`${typed}.`);
    } else if (typed.length < (field.decimals ? 6 : 3)) put(typed + key);
  };
  const submit = async (): Promise<void> => {
    if (why || busy) return;
    if (await send(values, earlier ? new Date(serverNow().getTime() - earlier * 60_000) : undefined)) close();
  };
  const key = (event: KeyboardEvent): void => {
    if (/^[0-9.]$/.test(event.key)) press(event.key);
    else if (event.key === 'Backspace') press('back');
    else if (event.key === 'Enter' && !(event.target as HTMLElement).closest('header, .earlier')) void submit();
    else return;
    event.preventDefault();
  };
  return <dialog ref={dialog} class="sheet pad" aria-label={title} onClose={close} onKeyDown={key}>
    <header><h2>{title}</h2><span class="sp" /><button type="button" class="btn icon" aria-label="Close, record nothing" onClick={() => dialog.current?.close()}><Icon name="x" /></button></header>
    <div class="fields" role="group" aria-label="What was read">
      {fields.map((f, i) => <button type="button" class={`fieldbox ${i === index ? 'on' : ''}`} aria-pressed={i === index} onClick={() => setIndex(i)}>
        <small>{f.label}</small><b>{values[f.name] || '–'}</b><small>{f.unit}</small></button>)}
    </div>
    <div class="keys" role="group" aria-label={`Digits for ${field.label}`}>
      {['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((k) => <button type="button" class="btn" onClick={() => press(k)}>{k}</button>)}
      {field.decimals ? <button type="button" class="btn" onClick={() => press('.')} aria-label="decimal point">.</button>
        : <button type="button" class="btn" onClick={() => setIndex((index + 1) % fields.length)} aria-label="Next value"><Icon name="right" /></button>}
      <button type="button" class="btn" onClick={() => press('0')}>0</button>
      <button type="button" class="btn" onClick={() => press('back')} aria-label="Delete the last digit"><Icon name="left" /></button>
    </div>
    {allowEarlier && <div class="earlier" role="group" aria-label="Read when">
      {[0, 1, 2, 5, 10].map((m) => <button type="button" class="btn" aria-pressed={earlier === m} onClick={() => setEarlier(m)}>{m === 0 ? 'read now' : `${m} min ago`}</button>)}
    </div>}
    <p class="hint" role="status">{why ?? hint?.(values) ?? (earlier ? `Stated for ${clock(new Date(serverNow().getTime() - earlier * 60_000))}, entered now.` : '')}</p>
    <Problem error={error} />
    <button type="button" class="btn pri block tall" disabled={why !== undefined || busy} onClick={() => void submit()}>{action}</button>
  </dialog>;
}
