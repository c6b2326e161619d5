// The Evaluate screen as a person uses it, and the facts that a complete work-up enters there.
export const workup = [
  { key: 'safety-plan', value: true },
  { key: 'consent', value: true },
  { key: 'capacity', value: true },
  { key: 'cost-estimate', value: true },
  { key: 'fasting', value: true },
  { key: 'acute-illness', value: false },
  { key: 'intoxication', value: false },
  { key: 'psychosis', value: 'none' },
  { key: 'mania', value: 'none' },
  { key: 'vascular-history', value: false },
  { key: 'cardiovascular', value: 'none' },
  { key: 'pressure-hazard', value: false },
  { key: 'intracranial-pressure', value: false },
  { key: 'eye-pressure', value: false },
  { key: 'ketamine-hypersensitivity', value: false },
  { key: 'allergies-asked', value: true },
  { key: 'substance-use', value: 'none' },
  { key: 'urine-drug-screen', value: 'negative' },
  { key: 'withdrawal', value: false },
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
  { key: 'thyroid', value: false },
  { key: 'cognition', value: false },
  { key: 'medicines-reconciled', value: true },
  { key: 'benzodiazepine-mg', value: '0' },
  { key: 'episode-months', value: '14' },
  { key: 'severity', value: 'moderate' },
  { key: 'augmentation-used', value: true },
  { key: 'ect-used', value: false },
];
export const dayFacts = [
  { key: 'level-of-care', value: 'outpatient', note: 'Safe at home with sister; seen again on Friday' },
  { key: 'escort', value: true, note: 'Ruth Beatty, sister, 555-0142' },
];
function group(list = []) {
  const result = {};
  for (const p of list) {
    const key = Object.keys(p).find((k) => k.startsWith('value'));
    const value = p.part ? group(p.part) : p[key];
    if (p.name in result) result[p.name] = [].concat(result[p.name], [value]);
    else result[p.name] = value;
  }
  return result;
}
const arr = (v) => v === undefined ? [] : Array.isArray(v) ? v : [v];
export class EvaluateScreen {
  constructor(page, clinic, patient) { Object.assign(this, { page, clinic, patient }); this.who = 'raman'; }
  async get() { return group((await this.clinic.call('raman', 'GET', `/fhir/Patient/${this.patient}/$evaluate`)).json.parameter); }
  async tell(op, body) {
    const name = /Lind/.test(await this.page.locator('.who').innerText()) ? 'lindqvist' : 'raman';
    const r = await this.clinic.call(name, 'POST', `/fhir/Patient/${this.patient}/${op}`, { resourceType: 'Parameters', parameter: Object.entries(body).map(([name, v]) => typeof v === 'boolean' ? { name, valueBoolean: v } : { name, valueString: String(v) }) });
    if (r.status !== 200) throw new Error(r.text);
  }
  async findings() { return arr((await this.get()).finding).map((f) => ({ ...f, overridden: arr(f.override?.signer).map((s) => s.name).join(' '), canOverride: f['override-kind'] !== 'none' })); }
  async finding(rule) { return (await this.findings()).find((f) => f.rule === rule); }
  enterReading(key, body) { return this.tell('$record-fact', { key, ...body }); }
  enterTrial(body) { return this.tell('$record-trial', { ...body, 'current-episode': true }); }
  enterFact({ key, value, note }) { return this.tell('$record-fact', note ? { key, value, note } : { key, value }); }
  enterScale(instrument, answers) { return this.tell('$record-screen', { instrument, ...Object.fromEntries(answers.map((a, i) => [`item-${i + 1}`, a])) }); }
  override(rule, { code, reason, expires }) { return this.tell('$override', { rule, 'reason-code': code, reason, expires }); }
  async resistance() { return JSON.stringify((await this.get()).resistance); }
  async maudsley() { return JSON.stringify((await this.get()).maudsley); }
  record() { return this.tell('$evaluate-record', {}); }
}
