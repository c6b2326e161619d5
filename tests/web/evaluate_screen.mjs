// The Evaluate screen as a person uses it, by clicks and keys; and the answers of a work-up without a finding.
import { until } from './browser.mjs';

export const workup = [
  { key: 'safety-plan', value: 'yes' },
  { key: 'consent', value: 'yes' },
  { key: 'capacity', value: 'yes' },
  { key: 'cost-estimate', value: 'yes' },
  { key: 'fasting', value: 'yes' },
  { key: 'acute-illness', value: 'no' },
  { key: 'intoxication', value: 'no' },
  { key: 'psychosis', value: 'none' },
  { key: 'mania', value: 'none' },
  { key: 'vascular-history', value: 'no' },
  { key: 'cardiovascular', value: 'none' },
  { key: 'pressure-hazard', value: 'no' },
  { key: 'intracranial-pressure', value: 'no' },
  { key: 'eye-pressure', value: 'no' },
  { key: 'ketamine-hypersensitivity', value: 'no' },
  { key: 'allergies-asked', value: 'yes' },
  { key: 'substance-use', value: 'none' },
  { key: 'urine-drug-screen', value: 'negative' },
  { key: 'withdrawal', value: 'no' },
  { key: 'monitoring-programme', value: 'clear' },
  { key: 'liver-disease', value: 'none' },
  { key: 'alt', value: '24' },
  { key: 'ast', value: '22' },
  { key: 'alp', value: '70' },
  { key: 'ggt', value: '30' },
  { key: 'bladder', value: 'none' },
  { key: 'icsi', value: '2' },
  { key: 'airway', value: 'none' },
  { key: 'seizures', value: 'none' },
  { key: 'thyroid', value: 'no' },
  { key: 'cognition', value: 'no' },
  { key: 'medicines-reconciled', value: 'yes' },
  { key: 'benzodiazepine-mg', value: '0' },
  { key: 'episode-months', value: '14' },
  { key: 'severity', value: 'moderate' },
  { key: 'augmentation-used', value: 'yes' },
  { key: 'ect-used', value: 'no' },
];
export const dayFacts = [
  { key: 'level-of-care', value: 'outpatient', note: 'Safe at home with his sister; seen again on Friday' },
  { key: 'escort', value: 'yes', note: 'Ruth Beatty, sister, 555-0142' },
];

export class EvaluateScreen {
  constructor(page) { this.page = page; }

  /** Every row as it stands on the screen, the level of care first. */
  findings() {
    return this.page.locator('main').evaluate((main) => {
      const words = (element) => element?.innerText.replace(/\s+/g, ' ').trim() ?? '';
      return [...main.querySelectorAll('.loc, .fd, .fine li')].map((row) => {
        const source = words(row.querySelector('.rl, .xs, small'));
        return {
          rule: /EU-E-\d+/.exec(`${row.id} ${source}`)?.[0] ?? '',
          title: words(row.querySelector('h3, b')),
          because: words(row.querySelector('.dt, p > span, span:not(.glyph)')),
          source: source || row.querySelector('small')?.title || '',
          level: row.closest('[aria-labelledby^=group-]')?.getAttribute('aria-labelledby').slice(6) ?? 'level-of-care',
          signed: [...row.querySelectorAll('.signed')].map(words).join(' '),
          canOverride: [...row.querySelectorAll('button')].some((button) => /Override/.test(button.innerText)),
        };
      });
    });
  }
  async finding(rule) {
    await this.page.locator('.fd, .fine li').first().waitFor();
    return (await this.findings()).find((finding) => finding.rule === rule);
  }
  /** Until a rule's row says so: the screen reads again after each entry. */
  async findingWith(rule, holds) {
    await until(async () => { const found = await this.finding(rule); return found && holds(found); }, { what: `${rule} as expected` });
    return this.finding(rule);
  }

  // ---- entering

  /** Opens one question of "Record something else", fills it, records it. */
  async #record(key, fill) {
    const card = this.page.locator('section', { has: this.page.getByRole('heading', { name: 'Record something else' }) });
    await card.getByLabel('Which').selectOption(key);
    const form = card.locator('form');
    await form.waitFor();
    await fill(form);
    await form.locator('button.pri').click();
    await form.waitFor({ state: 'detached' });
  }
  static async #answer(form, name, value) {
    const option = form.locator(`label:has(input[type=radio][name="${name}"][value="${value}"])`);
    if (await option.count()) await option.click();
    else await form.locator(`[name="${name}"]`).fill(value);
  }

  enterMeasure(key, value) { return this.#record(key, (form) => form.locator('[name=value]').fill(value)); }

  enterPressures(readings) {
    return this.#record('pressure', async (form) => {
      for (const [i, nth] of ['first', 'second'].entries())
        for (const [part, value] of Object.entries(readings[i])) await form.locator(`[name=${nth}-${part}]`).fill(value);
    });
  }

  enterFact({ key, value, note }) {
    return this.#record(key, async (form) => {
      await EvaluateScreen.#answer(form, 'value', value);
      if (note) await form.locator('[name=note]').fill(note);
    });
  }

  /** The interview takes what it asks; the rest is recorded one by one. */
  async enterFacts(facts) {
    await this.page.getByRole('button', { name: /^Go through \d+ questions/ }).click();
    const form = this.page.getByRole('form', { name: 'Interview' });
    const left = [];
    for (const fact of facts) {
      if (!await form.locator(`[name="${fact.key}"]`).count()) { left.push(fact); continue; }
      await EvaluateScreen.#answer(form, fact.key, fact.value);
      if (fact.note) await form.locator(`[name="${fact.key}-note"]`).fill(fact.note);
    }
    await form.getByRole('button', { name: 'Record what was answered' }).click();
    await form.waitFor({ state: 'detached', timeout: 60_000 });
    for (const fact of left) await this.enterFact(fact);
  }

  async enterTrial({ drug, dose, weeks, adherence, improvement }) {
    const card = this.page.locator('section', { has: this.page.getByRole('heading', { name: 'Antidepressant trials' }) });
    const form = card.getByRole('form', { name: 'Antidepressant trial' });
    const before = await card.locator('table.ade tbody tr').count();
    if (!await form.isVisible()) await card.getByText('Add a trial').click();
    await form.locator('[name=drug]').selectOption(drug);
    for (const [name, value] of Object.entries({ dose, weeks, adherence, improvement })) await form.locator(`[name=${name}]`).fill(value);
    await form.locator('[name=stopped]').selectOption('inefficacy');
    await form.locator('[name=source]').selectOption('pharmacy');
    await form.locator('label:has([name=episode][value=yes])').click();
    await form.getByRole('button', { name: 'Add trial' }).click();
    await until(async () => await card.locator('table.ade tbody tr').count() > before, { what: 'the trial in the table' });
  }

  enterScale(instrument, answers) {
    return this.#record(instrument, async (form) => {
      for (const [i, value] of answers.entries()) await EvaluateScreen.#answer(form, `item-${i + 1}`, String(value));
    });
  }

  // ---- signing

  async override(rule, { code, reason, expires }) {
    const row = this.page.locator(`#${rule}`);
    await row.getByRole('button', { name: /^Override: / }).click();
    const form = row.locator('form.ov');
    await form.locator(`label:has([name=reason-code][value=${code}])`).click();
    await form.getByLabel('In your words').fill(reason);
    await form.getByLabel('Ends after').fill(expires);
    await form.getByRole('button', { name: 'Sign override' }).click();
    await form.waitFor({ state: 'detached' });
  }

  async record() {
    await this.page.getByRole('button', { name: 'Record this evaluation' }).click();
    await this.page.getByText(/^Recorded \d/).waitFor();
  }
}
