// Every request leaves exactly one row, whatever became of it.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { onEachEngine, patient, weight } from './clinic.mjs';

onEachEngine(describe, { before, after }, (clinic) => {
  const call = (...args) => clinic().call(...args);

  it('one row a request: done, refused, not found, broken, static, streamed', async () => {
    const { id } = (await call('nurse', 'POST', '/fhir/Patient', patient())).json;
    await clinic().audit();
    const requests = [
      ['nurse', 'GET', `/fhir/Patient/${id}`, 200], ['nurse', 'GET', '/fhir/Patient/nobody', 404],
      ['nurse', 'POST', '/fhir/Observation', 201, weight(id)], ['nurse', 'POST', '/fhir/Observation', 422, { resourceType: 'Observation' }],
      ['nurse', 'POST', '/fhir/Observation', 400, '{"resourceType":'], ['nurse', 'POST', '/fhir/CarePlan', 403, { resourceType: 'CarePlan' }],
      [null, 'GET', '/fhir/Patient', 401], [null, 'GET', '/health', 200], [null, 'GET', '/no-such-file.js', 404],
      ['nurse', 'GET', `/fhir/Observation?patient=${id}`, 200], ['nurse', 'GET', '/fhir?_type=Nobody', 400],
      ['nurse', 'GET', '/fhir/a/b/c/d/e', 404], [null, 'POST', '/auth/sign-in', 401, { name: 'nurse', password: 'wrong word' }],
      [null, 'GET', `/r/secret-of-a-link`, 404],
    ];
    const answers = [];
    for (const [role, method, path, status, body] of requests) {
      const answer = await call(role, method, path, body, path === '/auth/sign-in' ? { 'content-type': 'application/json' } : {});
      if (!path.startsWith('/r/')) assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
      answers.push(answer);
    }
    const abort = new AbortController();
    const stream = await fetch(`${clinic().url}/events`, { headers: { authorization: `Bearer ${clinic().token('nurse')}` }, signal: abort.signal });
    abort.abort();
    const rows = await clinic().audit();
    for (const [i, answer] of [...answers, stream].entries()) {
      const found = rows.filter((row) => row.request === answer.headers.get('x-request-id'));
      assert.equal(found.length, 1, `row of ${requests[i]?.slice(0, 3) ?? 'the stream'}`);
      assert.equal(found[0].status, answer.status);
    }
    const row = (i) => rows.find((r) => r.request === answers[i].headers.get('x-request-id'));
    for (const i of [0, 2, 9]) assert.equal(row(i).patient, id, requests[i].slice(1, 3).join(' '));
    assert.deepEqual([row(0).account, row(0).role, row(0).address], ['nurse', 'nurse', '127.0.0.1']);
    assert.equal(row(12).account, 'nurse');
    assert.equal(row(9).path, '/fhir/Observation', 'a search is named without what was searched for');
    assert.equal(row(13).path, '/r/-', 'a link is named without its secret');
  });

  it('a patient who is linked to another is the one whom it concerns', async () => {
    const first = (await call('nurse', 'POST', '/fhir/Patient', patient())).json.id;
    const link = [{ other: { reference: `Patient/${first}` }, type: 'seealso' }];
    const created = await call('nurse', 'POST', '/fhir/Patient', { ...patient(), link });
    const updated = await call('nurse', 'PUT', `/fhir/Patient/${created.json.id}`, { ...created.json, active: true });
    const rows = await clinic().audit();
    for (const answer of [created, updated])
      assert.equal(rows.find((row) => row.request === answer.headers.get('x-request-id')).patient, created.json.id);
  });

  describe('as AuditEvents', () => {
    const search = async (query) => (await call('admin', 'GET', `/fhir/AuditEvent?${query}`)).json;
    const events = async (query) => ((await search(query)).entry ?? []).map((e) => e.resource);
    const detail = (event, type) => event.entity.at(-1).detail.find((d) => d.type === type)?.valueString;
    let id, nurse;

    before(async () => {
      nurse = (await call('nurse', 'GET', '/auth/me')).json.personId;
      id = (await call('nurse', 'POST', '/fhir/Patient', patient())).json.id;
    });

    it('are the rows: one for each, valid, with who, what, whose and how it ended', async () => {
      const requests = [['POST', '/fhir/Observation', weight(id), 'create', 'C', '0'], ['GET', `/fhir/Patient/${id}`, undefined, 'read', 'R', '0'], ['GET', `/fhir/Patient/${id}/_history/1`, undefined, 'vread', 'R', '0'],
        ['GET', `/fhir/Observation?patient=${id}`, undefined, 'search-type', 'E', '0'], ['GET', `/fhir/Patient/${id}/_history`, undefined, 'history-instance', 'R', '0'],
        ['GET', `/fhir/Patient/${id}/$chart`, undefined, 'operation', 'E', '0'], ['DELETE', `/fhir/Patient/${id}`, undefined, 'delete', 'D', '4'], ['POST', '/fhir/Observation', { ...weight(id), status: 'no' }, 'create', 'C', '4']];
      for (const [method, path, body, subtype, action, outcome] of requests) {
        const answer = await call('nurse', method, path, body), request = answer.headers.get('x-request-id');
        const [event, ...more] = (await events('_count=20')).filter((e) => detail(e, 'request') === request);
        assert.deepEqual(more, [], path);
        assert.deepEqual([event.subtype[0].code, event.action, event.outcome, event.agent[0].who.reference, event.agent[0].who.identifier.value, detail(event, 'status')],
          [subtype, action, outcome, `Practitioner/${nurse}`, 'nurse', String(answer.status)], path);
        if (answer.status < 300) assert.equal(event.entity[0].what.reference, `Patient/${id}`, path);
        const read = await call('admin', 'GET', `/fhir/AuditEvent/${event.id}`);
        assert.deepEqual(read.json, event);
        const checked = await call('system', 'POST', '/fhir/AuditEvent/$validate', event);
        assert.equal(checked.json.issue[0].severity, 'information', checked.text);
      }
      const [signIn] = (await clinic().signIn('nurse', 'wrong word'), await events('_count=5')).filter((e) => e.type.code === '110114');
      assert.deepEqual([signIn.outcome, signIn.type.system], ['4', 'http://dicom.nema.org/resources/ontology/DCM']);
    });

    it('are searched by patient, person, account, time and outcome, in pages that miss none', async () => {
      const ofPatient = await events(`patient=Patient/${id}&_count=1000`);
      assert.ok(ofPatient.length >= 7 && ofPatient.every((e) => e.entity[0].what.reference === `Patient/${id}`));
      assert.deepEqual((await events(`patient=${id}&_count=1000`)).map((e) => e.id).filter((x) => ofPatient.some((e) => e.id === x)).length, ofPatient.length);
      assert.ok((await events(`agent=Practitioner/${nurse}&outcome=4`)).every((e) => e.outcome === '4' && e.agent[0].who.reference === `Practitioner/${nurse}`));
      assert.deepEqual(await events('agent-name=nobody-of-that-name'), []);
      const [, second] = ofPatient;
      assert.ok((await events(`patient=${id}&date=lt${second.recorded}&_count=1000`)).every((e) => e.recorded < second.recorded));
      assert.deepEqual((await events(`_id=${second.id}`)).map((e) => e.id), [second.id]);
      assert.deepEqual(await events('date=1999'), []);
      const seen = [];
      for (let next = `${clinic().fhir}/AuditEvent?patient=${id}&_count=3&_sort=date&date=le${second.recorded}`; next;) {
        const page = (await call('admin', 'GET', next)).json;
        seen.push(...(page.entry ?? []).map((e) => e.resource.id));
        next = page.link.find((l) => l.relation === 'next')?.url;
      }
      const all = (await events(`patient=${id}&_count=1000&date=le${second.recorded}`)).map((e) => e.id);
      assert.deepEqual(seen, all.reverse());
    });

    it('are read by an administrator, written by nobody, and refuse a condition that they do not know', async () => {
      for (const role of ['physician', 'nurse', 'researcher']) assert.equal((await call(role, 'GET', '/fhir/AuditEvent')).status, 403);
      const [event] = await events('_count=1');
      for (const [method, path] of [['POST', ''], ['PUT', `/${event.id}`], ['DELETE', `/${event.id}`]]) {
        const answer = await call('system', method, `/fhir/AuditEvent${path}`, method === 'DELETE' ? undefined : event);
        assert.equal(answer.status, 403, method);
        assert.match(answer.json.issue[0].details.text, /written by the server itself/);
      }
      for (const query of ['entity=x', 'patient.name=x', 'date=soon', 'date=ne2026', 'outcome=12', '_sort=agent', '_count=0']) assert.equal((await call('admin', 'GET', `/fhir/AuditEvent?${query}`)).status, 400, query);
      assert.equal((await call('admin', 'GET', '/fhir/AuditEvent/nothing')).status, 404);
      assert.equal((await call('admin', 'GET', '/fhir?_type=AuditEvent')).status, 400);
    });
  });

  it('counts the same under load', async () => {
    const before = (await clinic().audit()).length;
    const answers = await Promise.all(Array.from({ length: 300 }, (_, i) =>
      call('nurse', 'GET', i % 3 ? '/fhir/Patient/nobody' : '/fhir/Patient?_count=1')));
    const rows = await clinic().audit();
    const ids = new Set(rows.map((row) => row.request));
    assert.ok(answers.every((answer) => ids.has(answer.headers.get('x-request-id'))));
    assert.equal(rows.length - before, 300 + 1 + (before >= 1000 ? 1 : 0), 'the requests, and the reading of the audit before them');
  });

  it('keeps a row of what broke off or was no HTTP at all', async () => {
    const { port } = new URL(clinic().url);
    const raw = (text) => new Promise((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => { socket.write(text); setTimeout(() => { socket.destroy(); resolve(); }, 200); });
      socket.on('error', resolve);
    });
    await raw('GET /broken HTTP/1.1\r\nHost: x\r\nbad header line\r\n\r\n');
    await raw('POST /auth/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"name"');
    await new Promise((resolve) => setTimeout(resolve, 500));
    const rows = await clinic().audit();
    assert.ok(rows.some((row) => row.path === '/auth/sign-in' && row.status === 408));
    assert.equal((await call(null, 'GET', '/health')).status, 200);
  });

  const settled = async (path, status) => {
    for (let i = 0; i < 100; i++) {
      const answer = await call('nurse', 'GET', path);
      if (answer.status === status) return answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`${path} never answered ${status}`);
  };
  const isRecorded = async (answer) => (await clinic().audit()).some((row) => row.request === answer.headers.get('x-request-id'));

  it('stores no write that it cannot record; keeps the rows of reads aside and merges them', async () => {
    clinic().sql('ALTER TABLE audit RENAME TO audit_away');
    let read;
    try {
      read = await call('nurse', 'GET', '/fhir/Patient');
      assert.equal(read.status, 200, 'its row has a place: the reserve, or memory until it is known that there is none');
      const write = await call('nurse', 'POST', '/fhir/Patient', patient('Unrecorded'));
      assert.ok(write.status >= 500, `${write.status}`);
      /* With PostgreSQL there is no reserve here: nothing of a patient leaves any more. */
      if (clinic().engine === 'postgresql') assert.ok(!(await settled('/fhir/Patient', 503)).text.includes('Patient/'));
      assert.equal((await call(null, 'GET', '/health')).status, 200);
    } finally {
      clinic().sql('ALTER TABLE audit_away RENAME TO audit');
    }
    await settled('/fhir/Patient', 200);
    assert.equal((await call('nurse', 'GET', '/fhir/Patient?family=Unrecorded')).json.entry?.length ?? 0, 0);
    assert.ok(await isRecorded(read));
  });
});
