// FHIR over HTTP, through a client that others wrote.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from 'fhir-kit-client';
import { issue, onEachEngine, patient, weight } from './clinic.mjs';

onEachEngine(describe, { before, after }, (clinic) => {
  const call = (...args) => clinic().call('system', ...args);
  const client = () => new Client({ baseUrl: clinic().fhir, bearerToken: clinic().token('system') });
  let ana;

  it('tells what it can do without sign-in', async () => {
    const statement = (await clinic().call(null, 'GET', '/fhir/metadata')).json;
    assert.equal(statement.resourceType, 'CapabilityStatement');
    assert.equal(statement.fhirVersion, '4.0.1');
    assert.deepEqual((await clinic().call(null, 'GET', '/health')).json,
      { status: 'ok', engine: clinic().engine, version: statement.software?.version ?? '0.1.0' });
    const { resource, interaction } = statement.rest[0];
    assert.deepEqual(interaction.map((i) => i.code).sort(), ['batch', 'history-system', 'search-system', 'transaction']);
    assert.deepEqual(resource.find((r) => r.type === 'AuditEvent').interaction.map((i) => i.code), ['read', 'search-type']);
    assert.equal(resource.find((r) => r.type === 'Patient').interaction.length, 9);
  });

  it('declares each operation that FHIR and US Core define', async () => {
    const { resource, operation } = (await clinic().call(null, 'GET', '/fhir/metadata')).json.rest[0];
    const of = (type) => (resource.find((r) => r.type === type).operation ?? []).map((o) => o.definition).filter((d) => d.startsWith('http://hl7.org/'));
    assert.deepEqual(operation.map((o) => o.definition).filter((d) => d.startsWith('http://hl7.org/')),
      ['http://hl7.org/fhir/OperationDefinition/Resource-validate', 'http://hl7.org/fhir/OperationDefinition/Resource-meta', 'http://hl7.org/fhir/OperationDefinition/Resource-convert']);
    assert.deepEqual(of('Patient'), ['http://hl7.org/fhir/OperationDefinition/Patient-everything']);
    assert.deepEqual(of('Observation'), ['http://hl7.org/fhir/OperationDefinition/Observation-lastn']);
    assert.deepEqual(of('DocumentReference'), ['http://hl7.org/fhir/us/core/OperationDefinition/docref']);
  });

  it('answers every search that US Core expects', async () => {
    const statement = (await clinic().call(null, 'GET', '/fhir/metadata')).json;
    const shall = (e) => e.url.endsWith('capabilitystatement-expectation') && e.valueCode === 'SHALL';
    const values = { date: 'ge2020-01-01', token: 'x', string: 'x', reference: 'x' };
    const asked = [];
    assert.deepEqual(statement.instantiates, ['http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server']);
    for (const r of statement.rest[0].resource.filter((type) => type.supportedProfile)) {
      const kinds = Object.fromEntries(r.searchParam.map((p) => [p.name, p.type]));
      const searches = [...r.searchParam.filter((p) => p.extension?.some(shall)).map((p) => [p.name]),
        ...(r.extension ?? []).filter((e) => e.extension.some(shall)).map((e) => e.extension.filter((x) => x.url === 'required').map((x) => x.valueString))];
      for (const params of searches) {
        const query = params.map((name) => `${name}=${values[kinds[name]]}`).join('&');
        const answer = await call('GET', `/fhir/${r.type}?${query}`, undefined, { prefer: 'handling=strict' });
        assert.equal(answer.status, 200, `${r.type}?${query}: ${answer.text}`);
        asked.push(`${r.type}?${params.join('+')}`);
      }
    }
    /* Counted in US Core's own statement: 30 of one parameter, 21 of several. */
    assert.deepEqual([asked.filter((a) => !a.includes('+')).length, asked.filter((a) => a.includes('+')).length], [30, 21]);
  });

  it('finds a patient’s documents', async () => {
    const made = async (body) => (await call('POST', `/fhir/${body.resourceType}`, body)).json.id;
    const who = await made(patient('Docref')), other = await made(patient('Docother'));
    const document = (of, code, start, end) => made({ resourceType: 'DocumentReference', status: 'current', subject: { reference: `Patient/${of}` },
      type: { coding: [{ system: 'http://loinc.org', code }] }, content: [{ attachment: { contentType: 'text/plain', data: 'YQ==' } }],
      context: { period: { start, end } } });
    const early = await document(who, '34133-9', '2025-01-01', '2025-01-31'), late = await document(who, '18842-5', '2026-01-01', '2026-01-31');
    await document(other, '34133-9', '2025-01-01', '2025-01-31');
    const ids = (answer) => { assert.equal(answer.status, 200, answer.text); return (answer.json.entry ?? []).map((e) => e.resource.id).sort(); };
    const get = (query) => call('GET', `/fhir/DocumentReference/$docref?${query}`);
    const post = (...parameter) => call('POST', '/fhir/DocumentReference/$docref', { resourceType: 'Parameters', parameter });
    const id = { name: 'patient', valueId: who };
    assert.deepEqual(ids(await get(`patient=${who}`)), [early, late].sort());
    assert.deepEqual(ids(await get(`patient=${who}&start=2025-06-01`)), [late]);
    assert.deepEqual(ids(await get(`patient=${who}&start=2025-01-15&end=2025-06-01`)), [early]);
    assert.deepEqual(ids(await get(`patient=${who}&type=http://loinc.org|18842-5`)), [late]);
    assert.deepEqual(ids(await post(id)), [early, late].sort());
    assert.deepEqual(ids(await post(id, { name: 'end', valueDateTime: '2025-06-01T00:00:00Z' }, { name: 'on-demand', valueBoolean: false })), [early]);
    assert.deepEqual(ids(await post(id, { name: 'type', valueCodeableConcept: { coding: [{ system: 'http://loinc.org', code: '34133-9' }] } })), [early]);
    for (const answer of [await get(''), await get(`patient=${who}&on-demand=true`), await get(`patient=${who}&start=soon`), await get(`patient=${who}&profile=x`),
      await post({ name: 'patient', valueReference: { reference: `Patient/${who}` } }), await call('POST', '/fhir/DocumentReference/$docref', patient('x'))])
      assert.deepEqual([answer.status, answer.json.resourceType], [400, 'OperationOutcome'], answer.text);
    assert.equal((await clinic().call('researcher', 'GET', `/fhir/DocumentReference/$docref?patient=${who}`)).status, 403);
  });

  it('searches several types, one after the other, in pages that miss none', async () => {
    const tag = { meta: { tag: [{ system: 'urn:types', code: 'x' }] } }, made = [];
    for (let i = 0; i < 7; i++) made.push(await call('POST', '/fhir/Patient', { ...patient(`Types${i}`), ...tag }));
    for (let i = 0; i < 5; i++) made.push(await call('POST', '/fhir/Observation', { ...weight(made[0].json.id, 60 + i), ...tag }));
    const wanted = made.map((a) => `${a.json.resourceType}/${a.json.id}`).sort();
    for (const count of [1, 2, 3, 5, 7, 12, 50]) {
      const seen = [];
      for (let next = `/fhir?_type=Observation,Device,Patient&_tag=urn:types|x&_count=${count}&_total=accurate`; next;) {
        const page = (await call('GET', next)).json;
        assert.ok((page.entry ?? []).length <= count);
        assert.equal(page.total, 12);
        seen.push(...(page.entry ?? []).map((e) => `${e.resource.resourceType}/${e.resource.id}`));
        next = page.link.find((l) => l.relation === 'next')?.url;
      }
      assert.deepEqual(seen.sort(), wanted, `in pages of ${count}`);
    }
    const posted = await call('POST', '/fhir/_search', '_type=Patient,Observation&_tag=urn:types|x&_summary=count', { 'content-type': 'application/x-www-form-urlencoded' });
    assert.deepEqual([posted.status, posted.json.total, posted.json.entry], [200, 12, undefined], posted.text);
    for (const query of ['_tag=x', '_type=Nothing', '_type=Patient&_sort=_id', '_type=Patient&_cursor=Observation', '_type=Patient&_count=-1'])
      assert.equal((await call('GET', `/fhir?${query}`)).status, 400, query);
    assert.equal((await clinic().call('nurse', 'GET', '/fhir?_type=Patient,Basic')).status, 403);
    assert.equal((await clinic().call('nurse', 'GET', '/fhir?_type=Patient&family=Types1')).json.entry.length, 1);
  });

  it('creates, ignoring the id of the client', async () => {
    const made = await call('POST', '/fhir/Patient', { ...patient('Müller'), id: 'mine' });
    ana = made.json;
    assert.equal(made.status, 201);
    assert.notEqual(ana.id, 'mine');
    assert.equal(made.headers.get('etag'), 'W/"1"');
    assert.equal(made.headers.get('location'), `${clinic().fhir}/Patient/${ana.id}/_history/1`);
    assert.ok(made.headers.get('last-modified'));
    assert.match(made.headers.get('content-type'), /^application\/fhir\+json/);
  });

  it('reads, and sends nothing where the client has it', async () => {
    assert.deepEqual(await client().read({ resourceType: 'Patient', id: ana.id }), ana);
    const again = await call('GET', `/fhir/Patient/${ana.id}`, undefined, { 'if-none-match': 'W/"1"' });
    assert.deepEqual([again.status, again.text], [304, '']);
    const head = await call('HEAD', `/fhir/Patient/${ana.id}`);
    assert.deepEqual([head.status, head.text, head.headers.get('etag')], [200, '', 'W/"1"']);
  });

  it('keeps the text of a decimal', async () => {
    const made = await call('POST', '/fhir/Observation', JSON.stringify(weight(ana.id)).replace('71.5', '0.50'));
    assert.match((await call('GET', `/fhir/Observation/${made.json.id}`)).text, /"value":0\.50\b/);
  });

  it('updates only the version that the client saw', async () => {
    const changed = await call('PUT', `/fhir/Patient/${ana.id}`, { ...ana, active: true }, { 'if-match': 'W/"1"' });
    assert.deepEqual([changed.status, changed.json.meta.versionId], [200, '2']);
    const late = await call('PUT', `/fhir/Patient/${ana.id}`, { ...ana, active: false }, { 'if-match': 'W/"1"' });
    assert.equal(late.status, 412);
    assert.equal((await call('GET', `/fhir/Patient/${ana.id}`)).json.active, true);
    assert.equal((await call('PUT', '/fhir/Patient/other', ana)).status, 400);
    assert.equal((await call('PUT', `/fhir/Patient/${ana.id}`, ana, { 'if-match': 'one' })).status, 400);
  });

  it('reads each version', async () => {
    const first = await client().vread({ resourceType: 'Patient', id: ana.id, version: '1' });
    assert.equal(first.active, undefined);
    assert.equal((await call('GET', `/fhir/Patient/${ana.id}/_history/9`)).status, 404);
  });

  it('lets exactly one of 20 racing writers win', async () => {
    const { json: basic } = await call('POST', '/fhir/Basic', { resourceType: 'Basic', code: { text: 'counter' } });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) =>
      call('PUT', `/fhir/Basic/${basic.id}`, { ...basic, code: { text: `writer ${i}` } }, { 'if-match': 'W/"1"' })));
    assert.deepEqual(answers.map((a) => a.status).sort(), [200, ...Array(19).fill(412)]);
  });

  it('deletes, keeping the versions', async () => {
    const { json: basic } = await call('POST', '/fhir/Basic', { resourceType: 'Basic', code: { text: 'x' } });
    assert.equal((await call('DELETE', `/fhir/Basic/${basic.id}`)).status, 204);
    const gone = await call('GET', `/fhir/Basic/${basic.id}`);
    assert.deepEqual([gone.status, issue(gone).code], [410, 'deleted']);
    assert.equal((await call('GET', `/fhir/Basic/${basic.id}/_history/1`)).status, 200);
    assert.equal((await call('DELETE', '/fhir/Basic/never-was')).status, 404);
  });

  it('sends back as much as is asked for', async () => {
    const post = (prefer) => call('POST', '/fhir/Basic', { resourceType: 'Basic', code: { text: 'x' } }, { prefer });
    assert.equal((await post('return=minimal')).text, '');
    assert.equal((await post('return=representation')).json.resourceType, 'Basic');
    assert.equal((await post('return=OperationOutcome')).json.resourceType, 'OperationOutcome');
  });

  it('searches by GET and by POST, page after page', async () => {
    for (let kg = 60; kg < 67; kg++) await call('POST', '/fhir/Observation', weight(ana.id, kg));
    const query = `patient=${ana.id}&code=29463-7&value-quantity=gt59`;
    const posted = await call('POST', '/fhir/Observation/_search', query, { 'content-type': 'application/x-www-form-urlencoded' });
    assert.equal(posted.json.entry.length, 7);
    const seen = [];
    for (let url = `/fhir/Observation?${query}&_count=3`; url;) {
      const page = (await call('GET', url)).json;
      assert.ok(page.link.some((link) => link.relation === 'self'));
      seen.push(...page.entry.map((entry) => entry.resource.id));
      url = page.link.find((link) => link.relation === 'next')?.url;
    }
    assert.equal(new Set(seen).size, 7);
    assert.equal(seen.length, 7);
    assert.equal((await call('GET', '/fhir/Patient?name=muller')).json.entry.length, 1);
  });

  it('drops an unknown search parameter, or refuses it where the client is strict', async () => {
    const lenient = await call('GET', '/fhir/Observation?nosuch=1&_count=1');
    assert.equal(lenient.status, 200);
    assert.ok(!lenient.json.link.find((link) => link.relation === 'self').url.includes('nosuch'));
    assert.equal((await call('GET', '/fhir/Observation?nosuch=1', undefined, { prefer: 'handling=strict' })).status, 400);
    assert.equal((await call('GET', '/fhir/Observation?code=%ff')).status, 400);
  });

  it('stores a transaction whole or not at all, naming the entry', async () => {
    const visit = 'urn:uuid:11111111-1111-4111-8111-111111111111';
    const encounter = { resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' }, subject: { reference: `Patient/${ana.id}` } };
    const entry = (resource, fullUrl) => ({ fullUrl, resource, request: { method: 'POST', url: resource.resourceType } });
    const bundle = (...entries) => ({ resourceType: 'Bundle', type: 'transaction', entry: entries });
    const stored = await call('POST', '/fhir', bundle(entry({ ...weight(ana.id), encounter: { reference: visit } }), entry(encounter, visit)));
    assert.equal(stored.json.type, 'transaction-response');
    const [observation, made] = stored.json.entry.map((e) => /(\w+\/[^/]+)\/_history/.exec(e.response.location)[1]);
    assert.equal((await call('GET', `/fhir/${observation}`)).json.encounter.reference, made);

    const before = (await call('GET', '/fhir/Encounter?_total=accurate')).json.total;
    const refused = await call('POST', '/fhir/', bundle(entry(encounter, visit), entry({ ...weight(ana.id), status: undefined })));
    assert.equal(refused.status, 422);
    assert.match(issue(refused).expression[0], /entry\[1\]/);
    assert.equal((await call('GET', '/fhir/Encounter?_total=accurate')).json.total, before);
  });

  it('refuses with a path and a sentence', async () => {
    const wrong = await call('POST', '/fhir/Patient', { resourceType: 'Patient', birthDate: '1984-02-30' });
    assert.equal(wrong.status, 422);
    assert.deepEqual(issue(wrong).expression, ['Patient.birthDate']);
    const twice = await call('POST', '/fhir/Patient', '{"resourceType":"Patient","name":[{"family":"a","family":"b"}]}');
    assert.equal(twice.status, 400);
    assert.match(issue(twice).expression[0], /name\[0\]\.family/);
    assert.equal((await call('POST', '/fhir/Patient', weight('x'))).status, 422);
  });

  it('knows its methods, types and formats', async () => {
    const method = await call('DELETE', '/fhir/metadata');
    assert.deepEqual([method.status, method.headers.get('allow')], [405, 'GET, HEAD']);
    assert.equal((await call('GET', '/fhir/Patientt/1')).status, 404);
    assert.equal((await call('GET', '/fhir/Patient/never-was')).status, 404);
    assert.equal((await call('GET', '/fhir/no/such/thing/at/all')).status, 404);
    assert.equal((await call('POST', '/fhir/Patient', '<Patient/>', { 'content-type': 'text/xml' })).status, 415);
    assert.equal((await call('GET', `/fhir/Patient/${ana.id}`, undefined, { accept: 'application/fhir+xml' })).status, 406);
    assert.equal((await call('GET', `/fhir/Patient/${ana.id}?_format=xml`)).status, 406);
    assert.equal((await call('GET', `/fhir/Patient/${ana.id}?_format=json`, undefined, { accept: 'text/html' })).status, 200);
  });

  it('says of what comes later that it is not supported, and does nothing', async () => {
    const cases = [
      ['GET', `/fhir/Patient/${ana.id}?_nothing=name`],
      ['DELETE', `/fhir/Patient/${ana.id}?_nothing=delete`], ['PUT', `/fhir/Patient/${ana.id}?_nothing=1`, patient()],
    ];
    for (const [method, path, body, headers] of cases) {
      const answer = await call(method, path, body, headers);
      assert.deepEqual([path, answer.status, issue(answer).code], [path, 501, 'not-supported']);
    }
    assert.equal((await call('GET', `/fhir/Patient/${ana.id}`)).status, 200);
  });
}, [], { pooled: true });
