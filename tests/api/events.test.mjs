// Live events: every open screen hears of a change within a second, and of what it missed after a break.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { onEachEngine, patient, weight } from './clinic.mjs';

/** Reads a stream in the background; wait(n) resolves when n events have come. */
class Listener {
  events = [];
  beats = [];
  resets = 0;
  #abort = new AbortController();
  #waiting = [];

  static async open(clinic, role, headers = {}) {
    const listener = new Listener();
    listener.response = await fetch(`${clinic.url}/events`, {
      headers: { ...(role ? { authorization: `Bearer ${clinic.token(role)}` } : {}), ...headers }, signal: listener.#abort.signal,
    });
    if (listener.response.ok) listener.done = listener.#read().catch(() => {});
    return listener;
  }

  async #read() {
    const reader = this.response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ''; ;) {
      const { done, value } = await reader.read();
      if (done) { this.ended = true; return; }
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop();
      blocks.forEach((block) => this.#block(block));
    }
  }

  #block(text) {
    const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
    const data = JSON.parse(field('data'));
    if (field('event') === 'beat') this.beats.push(data);
    else if (field('event') === 'reset') this.resets++;
    else this.events.push({ id: Number(field('id')), ...data });
    this.#waiting.forEach((check) => check());
  }

  until(holds, ms = 8000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('nothing came in time')), ms);
      const check = () => { if (holds(this)) { clearTimeout(timer); resolve(); } };
      this.#waiting.push(check);
      check();
    });
  }

  close() { this.#abort.abort(); }
}

onEachEngine(describe, { before, after }, (clinic) => {
  const create = (resource) => clinic().call('nurse', 'POST', `/fhir/${resource.resourceType}`, resource);

  it('tells of a change within a second', async () => {
    const listener = await Listener.open(clinic(), 'nurse');
    await listener.until((l) => l.beats.length > 0);
    const { json } = await create(patient());
    const written = performance.now();
    await listener.until((l) => l.events.some((e) => e.id === json.id || e.type === 'Patient'));
    assert.ok(performance.now() - written < 1000);
    const event = listener.events.find((e) => e.type === 'Patient');
    assert.deepEqual([event.patient, event.version, event.encounter], [json.id, 1, '']);
    assert.ok(Date.parse(event.at) > 0 && event.number > 0);
    listener.close();
  });

  it('replays what was missed, once and in order', async () => {
    const first = await Listener.open(clinic(), 'nurse');
    const { json } = await create(patient());
    await first.until((l) => l.events.some((e) => e.patient === json.id));
    first.close();
    const last = first.events.at(-1).number;
    for (let kg = 70; kg < 75; kg++) await create(weight(json.id, kg));
    const again = await Listener.open(clinic(), 'nurse', { 'last-event-id': String(last) });
    await again.until((l) => l.events.length >= 5);
    await create(weight(json.id, 80));
    await again.until((l) => l.events.length >= 6);
    const numbers = again.events.map((e) => e.number);
    assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
    assert.ok(numbers[0] > last && again.events.every((e) => e.type === 'Observation' && e.patient === json.id));
    again.close();
  });

  it('says to read again where it cannot replay', async () => {
    const listener = await Listener.open(clinic(), 'nurse', { 'last-event-id': '999999999' });
    await listener.until((l) => l.resets === 1);
    listener.close();
    assert.equal((await Listener.open(clinic(), 'nurse', { 'last-event-id': 'x' })).response.status, 400);
  });

  it('beats every 5 s with the time of the server', async () => {
    const listener = await Listener.open(clinic(), 'nurse');
    await listener.until((l) => l.beats.length >= 3, 12_000);
    const [, second, third] = listener.beats.map((b) => Date.parse(b.now));
    assert.ok(third - second > 4000 && third - second < 6500, `${third - second} ms`);
    assert.ok(Math.abs(third - Date.now()) < 2000);
    listener.close();
  });

  it('tells a role only what it may read', async () => {
    const admin = await Listener.open(clinic(), 'admin'), nurse = await Listener.open(clinic(), 'nurse');
    await create(patient());
    await nurse.until((l) => l.events.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(admin.events.length, 0);
    admin.close();
    nurse.close();
  });

  it('ends with the session', async () => {
    const cookie = await clinic().cookie('nurse');
    const listener = await Listener.open(clinic(), null, { cookie });
    await listener.until((l) => l.beats.length > 0);
    await clinic().call(null, 'POST', '/auth/sign-out', undefined, { cookie, origin: clinic().url });
    await listener.done;
    assert.equal(listener.ended, true);
  });

  it('feeds 64 screens at once and still answers', async () => {
    const listeners = await Promise.all(Array.from({ length: 64 }, () => Listener.open(clinic(), 'nurse')));
    await Promise.all(listeners.map((l) => l.until((x) => x.beats.length > 0)));
    const started = performance.now();
    const made = (await Promise.all(Array.from({ length: 10 }, () => create(patient())))).map((a) => a.json.id);
    await Promise.all(listeners.map((l) => l.until((x) => made.every((id) => x.events.some((e) => e.patient === id)))));
    assert.ok(performance.now() - started < 2000, `${performance.now() - started} ms`);
    assert.equal((await clinic().call(null, 'GET', '/health')).status, 200);
    listeners.forEach((l) => l.close());
  });

  it('closes cleanly with streams open, and goes on after a restart', async () => {
    const listener = await Listener.open(clinic(), 'nurse');
    await create(patient());
    await listener.until((l) => l.events.length > 0);
    const last = listener.events.at(-1).number;
    assert.equal(await clinic().end(), 0);
    await listener.done;
    await clinic().start();
    const { json } = await create(patient());
    const again = await Listener.open(clinic(), 'nurse', { 'last-event-id': String(last) });
    await again.until((l) => l.events.some((e) => e.patient === json.id && e.number > last));
    again.close();
  });

  it('several servers on one PostgreSQL hear of each other, in one order, none missed', async (t) => {
    if (clinic().engine !== 'postgresql') return t.skip('SQLite has one server');
    const servers = [clinic(), await clinic().second(), await clinic().second()];
    try {
      const listeners = await Promise.all(servers.map((server) => Listener.open(server, 'nurse')));
      await Promise.all(listeners.map((l) => l.until((x) => x.beats.length > 0)));
      const write = (i) => servers[i % servers.length].call('nurse', 'POST', '/fhir/Patient', patient(`Several${i}`));
      const made = [];
      for (let round = 0; round < 10; round++)
        made.push(...await Promise.all(Array.from({ length: 24 }, (_, i) => write(i))));
      assert.deepEqual([...new Set(made.map((a) => a.status))], [201]);
      const ids = made.map((a) => a.json.id);
      await Promise.all(listeners.map((l) => l.until((x) => ids.every((id) => x.events.some((e) => e.patient === id)))));
      const [first, ...others] = listeners.map((l) => l.events.map((e) => [e.number, e.patient]));
      assert.equal(first.length, ids.length);
      first.forEach(([number], i) => assert.equal(number, first[0][0] + i, 'no number is missing'));
      others.forEach((heard) => assert.deepEqual(heard, first));
      /* One that was away asks another server. */
      const again = await Listener.open(servers[1], 'nurse', { 'last-event-id': String(first[99][0]) });
      await again.until((l) => l.events.length >= first.length - 100);
      assert.deepEqual(again.events.map((e) => [e.number, e.patient]), first.slice(100));
      [...listeners, again].forEach((l) => l.close());
    } finally {
      for (const server of servers.slice(1)) await server.close();
    }
  });
}, [], { pooled: true });
