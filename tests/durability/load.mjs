// Mixed writes by several clients at once, each remembered with what the server said of it; and the question that counts
// after a crash: is all that was acknowledged still there, and nothing by halves?
import { randomUUID } from 'node:crypto';
import assert from 'node:assert/strict';

const CODE = 'urn:euthymia:durability';
const observation = (marker, step) => ({
  resourceType: 'Observation', status: 'final', code: { text: 'durability' },
  identifier: [{ system: CODE, value: marker }], valueInteger: step,
});
const bundle = (marker) => ({
  resourceType: 'Bundle', type: 'transaction',
  entry: [0, 1].map((half) => ({ fullUrl: `urn:uuid:${randomUUID()}`, resource: observation(marker, half), request: { method: 'POST', url: 'Observation' } })),
});
const versionOf = (answer) => Number(/W\/"(\d+)"/.exec(answer.headers.get('etag') ?? '')?.[1]);

export class Load {
  /** What was answered with 2xx: { id, version, step (undefined: deleted), request }. */
  acknowledged = [];
  /** Markers of transactions that were sent, with how many resources the answer named (0: no answer came). */
  transactions = new Map();
  refused = [];
  #running = true;

  constructor(clinic) { this.clinic = clinic; }

  /** Writes with so many clients until stop(); resolves when all have ended. */
  run(clients) { return Promise.all(Array.from({ length: clients }, () => this.#client())); }
  stop() { this.#running = false; }

  async #client() {
    const mine = []; // { id, version, step } that this client alone changes
    while (this.#running) {
      try {
        const pick = Math.random();
        if (pick < 0.4 || !mine.length) await this.#create(mine);
        else if (pick < 0.7) await this.#update(mine[Math.floor(Math.random() * mine.length)]);
        else if (pick < 0.9) await this.#transaction();
        else await this.#remove(mine.splice(Math.floor(Math.random() * mine.length), 1)[0]);
      } catch (error) {
        if (this.#running && error instanceof assert.AssertionError) throw error;
        return; // the server is gone: what was on its way has no answer
      }
    }
  }

  #note(answer, entry) {
    if (answer.status >= 300) { this.refused.push(answer.status); return false; }
    this.acknowledged.push({ ...entry, request: answer.headers.get('x-request-id') });
    return true;
  }
  async #create(mine) {
    const answer = await this.clinic.call('system', 'POST', '/fhir/Observation', observation(randomUUID(), 0));
    const entry = { id: answer.headers.get('location')?.split('/').at(-3), version: 1, step: 0 };
    if (this.#note(answer, entry)) mine.push(entry);
  }
  async #update(entry) {
    const step = entry.step + 1;
    const answer = await this.clinic.call('system', 'PUT', `/fhir/Observation/${entry.id}`, { ...observation('changed', step), id: entry.id }, { 'if-match': `W/"${entry.version}"` });
    if (this.#note(answer, { id: entry.id, version: versionOf(answer), step })) Object.assign(entry, { version: versionOf(answer), step });
  }
  async #remove(entry) {
    const answer = await this.clinic.call('system', 'DELETE', `/fhir/Observation/${entry.id}`);
    this.#note(answer, { id: entry.id, version: entry.version + 1, step: undefined });
  }
  async #transaction() {
    const marker = randomUUID();
    this.transactions.set(marker, 0);
    const answer = await this.clinic.call('system', 'POST', '/fhir', bundle(marker));
    if (answer.status >= 300) { this.refused.push(answer.status); return; }
    this.transactions.set(marker, answer.json.entry.length);
    for (const [half, { response }] of answer.json.entry.entries())
      this.acknowledged.push({ id: response.location.split('/').at(-3), version: 1, step: half, request: answer.headers.get('x-request-id') });
  }

  /** Asks the server, which runs again, for all of it. Answers { lost, torn }: what should not be. */
  async check(clinic = this.clinic) {
    const lost = [], torn = [];
    const each = async (items, look) => {
      const queue = [...items];
      await Promise.all(Array.from({ length: 8 }, async () => { for (let item; (item = queue.pop());) await look(item); }));
    };
    await each(this.acknowledged, async (entry) => {
      const answer = await clinic.call('system', 'GET', `/fhir/Observation/${entry.id}/_history/${entry.version}`);
      const there = entry.step === undefined ? answer.status === 410 : answer.status === 200 && answer.json.valueInteger === entry.step;
      if (!there) lost.push({ ...entry, answer: answer.status });
    });
    await each(this.transactions, async ([marker]) => {
      const found = await clinic.call('system', 'GET', `/fhir/Observation?identifier=${encodeURIComponent(`${CODE}|${marker}`)}`);
      const halves = found.json.entry?.length ?? 0;
      if (halves !== 0 && halves !== 2) torn.push({ marker, halves });
    });
    return { lost, torn };
  }

  /** Every acknowledged write has its audit row: answers those that have none. */
  async unaudited(clinic = this.clinic) {
    const rows = new Set((await clinic.audit()).map((row) => row.request));
    return this.acknowledged.filter((entry) => !rows.has(entry.request));
  }
}
