/* The one thing that a page cannot do without script: the suicide item is stored the moment it is tapped, so that a
 * form that is left open is not a silent one. Everything else is links and forms. */

const form = document.querySelector<HTMLFormElement>('form[data-store-at-tap]');
const status = form?.querySelector<HTMLElement>('.kept');

async function store(form: HTMLFormElement, status: HTMLElement): Promise<void> {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.append(name, String(value));
  body.set('act', 'tap');
  try {
    const answer = await fetch(form.action, { method: 'POST', body, keepalive: true, credentials: 'omit' });
    if (!answer.ok) throw new Error(String(answer.status));
    status.textContent = 'Your answer is kept.';
  } catch {
    status.textContent = 'Not kept yet. Use the button below to send it.';
  }
}

if (form && status)
  form.addEventListener('change', () => void store(form, status));
