// A write happens once, whole, and within bounds.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { issue, onEachEngine, patient } from './clinic.mjs';

const key = () => Array.from({ length: 32 }, () => '0123456789abcdef'[Math.floor(Math.random() * 16)]).join('');

onEachEngine(describe, { before, after }, (clinic) => {
  const call = (...args) => clinic().call(...args);
  const post = (family, idempotencyKey, role = 'nurse') =>
    call(role, 'POST', '/fhir/Patient', patient(family), { 'idempotency-key': idempotencyKey });

  it('gives a repeat the first answer', async () => {
    const k = key();
    const [first, again] = [await post('Once', k), await post('Once', k)];
    assert.deepEqual([again.status, again.text], [201, first.text]);
    for (const name of ['location', 'etag', 'content-type']) assert.equal(again.headers.get(name), first.headers.get(name));
    assert.equal((await call('nurse', 'GET', '/fhir/Patient?family=Once')).json.entry.length, 1);
  });

  it('refuses the same key for something else, and an odd key', async () => {
    const k = key();
    await post('One', k);
    assert.equal((await post('Two', k)).status, 422);
    assert.equal((await call('nurse', 'POST', '/fhir/Basic', { resourceType: 'Basic' }, { 'idempotency-key': k })).status, 422);
    assert.equal((await post('Two', k, 'physician')).status, 201, "another's key is another key");
    assert.equal((await post('Two', 'short')).status, 400);
  });

  it('keeps no refusal: what was wrong may be put right', async () => {
    const k = key();
    assert.equal((await call('nurse', 'POST', '/fhir/Patient', { resourceType: 'Patient', birthDate: 'x' }, { 'idempotency-key': k })).status, 422);
    assert.equal((await post('Right', k)).status, 201);
  });

  it('stores one of many at the same moment', async () => {
    const k = key();
    const answers = await Promise.all(Array.from({ length: 12 }, () => post('Racing', k)));
    assert.ok(answers.every((a) => a.status === 201 || (a.status === 409 && a.headers.get('retry-after'))), answers.map((a) => a.status).join());
    assert.equal((await call('nurse', 'GET', '/fhir/Patient?family=Racing')).json.entry.length, 1);
  });

  it('writes again what another transaction crossed: no client hears of a deadlock', async () => {
    const ids = ['left', 'right'].map((side) => `crossed-${side}`);
    const put = (id) => ({ resource: { resourceType: 'Basic', id, code: { text: key() } }, request: { method: 'PUT', url: `Basic/${id}` } });
    const send = (order) => call('system', 'POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: order.map(put) });
    assert.equal((await send(ids)).status, 200);
    for (let round = 0; round < 12; round++) {
      const answers = await Promise.all([send(ids), send([...ids].reverse()), send(ids), send([...ids].reverse())]);
      for (const { status, text } of answers) assert.ok(status === 200 || status === 409, `${status} ${text}`);
    }
  });

  it('remembers after a crash', async () => {
    const k = key();
    const first = await post('Survivor', k);
    await clinic().end('SIGKILL');
    await clinic().start();
    const again = await post('Survivor', k);
    assert.deepEqual([again.status, again.json.id], [201, first.json.id]);
    assert.equal((await call('nurse', 'GET', '/fhir/Patient?family=Survivor')).json.entry.length, 1);
  });

  it('refuses a body that is too large, deep or not JSON, and goes on', async () => {
    const large = `{"resourceType":"Patient","name":[{"family":"${'x'.repeat(33 * 1024 * 1024)}"}]}`;
    assert.equal((await call('nurse', 'POST', '/fhir/Patient', large)).status, 413);
    assert.equal((await call(null, 'POST', '/auth/sign-in', ' '.repeat(70_000), { 'content-type': 'application/json' })).status, 413);
    const deep = await call('nurse', 'POST', '/fhir/Patient', `{"resourceType":"Patient","a":${'['.repeat(2000)}${']'.repeat(2000)}}`);
    assert.equal(deep.status, 400);
    assert.ok(issue(deep).details.text);
    assert.equal((await post('After', key())).status, 201);
  });

  it('refuses a large body of nobody without keeping it', async () => {
    const answer = await call(null, 'POST', '/fhir/Patient', ' '.repeat(5 * 1024 * 1024));
    assert.equal(answer.status, 401);
  });
}, [], { pooled: true });
