// The record's further interactions: patch, conditional ones, cascades, history, batch, includes, FHIR's own operations.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { issue, onEachEngine, patient, weight } from './clinic.mjs';

const patchType = { 'content-type': 'application/json-patch+json' };
const system = 'urn:test:record';
const withIdentifier = (value, extra = {}) => ({ ...patient(), identifier: [{ system, value }], ...extra });
const ids = (bundle, mode) => (bundle.entry ?? []).filter((entry) => !mode || entry.search?.mode === mode).map(({ resource }) => `${resource.resourceType}/${resource.id}`);

onEachEngine(describe, { before, after }, (clinic) => {
  const call = (...args) => clinic().call('system', ...args);
  const make = async (resource) => {
    const answer = await call('POST', `/fhir/${resource.resourceType}`, resource);
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
  };

  describe('patch', () => {
    it('changes what it names, and keeps the text of numbers', async () => {
      const { id } = await make(patient());
      const observation = (await call('POST', '/fhir/Observation', JSON.stringify(weight(id)).replace('71.5', '71.50'))).json;
      const path = `/fhir/Observation/${observation.id}`;
      const answer = await call('PATCH', path, JSON.stringify([
        { op: 'test', path: '/status', value: 'final' },
        { op: 'replace', path: '/status', value: 'amended' },
        { op: 'add', path: '/note', value: [{ text: 'b' }] },
        { op: 'add', path: '/note/0', value: { text: 'a' } },
        { op: 'add', path: '/note/-', value: { text: 'c' } },
        { op: 'copy', from: '/note/0', path: '/note/3' },
        { op: 'move', from: '/note/3', path: '/note/0' },
        { op: 'remove', path: '/note/1' },
      ]), patchType);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.get('etag'), 'W/"2"');
      assert.equal(answer.json.status, 'amended');
      assert.deepEqual(answer.json.note.map(({ text }) => text), ['a', 'b', 'c']);
      assert.match((await call('GET', path)).text, /"value":71\.50[,}]/);
    });

    it('replaces numbers and booleans', async () => {
      const { id } = await make(patient());
      const { id: observation } = await make(weight(id));
      const answer = await call('PATCH', `/fhir/Observation/${observation}`, '[{"op":"replace","path":"/valueQuantity/value","value":70.0}]', patchType);
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.text, /"value":70\.0[,}]/);
      assert.equal((await call('PATCH', `/fhir/Patient/${id}`, [{ op: 'add', path: '/active', value: true }], patchType)).json.active, true);
    });

    for (const [patch, status, where] of [
      [{}, 400], ['[', 400], [[{ op: 'append', path: '/gender' }], 400, '[0].op'], [[{ op: 'add', path: 'gender', value: 'x' }], 400, '[0].path'],
      [[{ op: 'add', path: '/gender' }], 400, '[0].value'], [[{ op: 'remove', path: '/nothing' }], 422, '[0].path'],
      [[{ op: 'test', path: '/birthDate', value: '1984-02-29' }, { op: 'test', path: '/birthDate', value: '1999-01-01' }], 422, '[1].value'],
      [[{ op: 'add', path: '/name/7', value: {} }], 422, '[0].path'], [[{ op: 'replace', path: '/gender', value: 'none' }], 422],
      [[{ op: 'add', path: '/birthDate', value: '2021-02-30' }], 422], [[{ op: 'replace', path: '/id', value: 'other' }], 400],
      [[{ op: 'move', from: '/name', path: '/name/0' }], 422, '[0].path'], [[{ op: 'replace', path: '', value: {} }], 422, '[0].path'],
    ])
      it(`refuses ${JSON.stringify(patch)}`, async () => {
        const { id } = await make(patient());
        const answer = await call('PATCH', `/fhir/Patient/${id}`, patch, patchType);
        assert.equal(answer.status, status, answer.text);
        if (where) assert.deepEqual(issue(answer).expression, [where]);
        assert.equal((await call('GET', `/fhir/Patient/${id}`)).json.meta.versionId, '1');
      });

    it('takes FHIRPath Patches: alone, where a query finds one, in a batch and in a transaction', async () => {
      const operation = (type, path, ...more) => ({ name: 'operation', part: [{ name: 'type', valueCode: type }, { name: 'path', valueString: path }, ...more] });
      const patchOf = (...parameter) => ({ resourceType: 'Parameters', parameter });
      const birth = (date) => patchOf(operation('replace', 'Patient.birthDate', { name: 'value', valueDate: date }));
      const { id } = await make({ ...patient('Pathpatch'), identifier: [{ system, value: 'path-patch' }] });
      const alone = await call('PATCH', `/fhir/Patient/${id}`, patchOf(operation('delete', "Patient.identifier.where(value = 'none')"),
        operation('add', 'Patient.name[0]', { name: 'name', valueString: 'given' }, { name: 'value', valueString: 'Ana' }), operation('replace', 'Patient.birthDate', { name: 'value', valueDate: '1990-01-01' })));
      assert.deepEqual([alone.status, alone.json.birthDate, alone.json.name, alone.json.meta.versionId], [200, '1990-01-01', [{ family: 'Pathpatch', given: ['Ana'] }], '2'], alone.text);
      assert.equal((await call('PATCH', `/fhir/Patient?identifier=${system}|path-patch`, birth('1991-01-01'))).json.birthDate, '1991-01-01');
      for (const [type, date] of [['batch', '1992-01-01'], ['transaction', '1993-01-01']]) {
        const answer = await call('POST', '/fhir', { resourceType: 'Bundle', type, entry: [{ resource: birth(date), request: { method: 'PATCH', url: `Patient/${id}` } }] });
        assert.equal(answer.json.entry[0].response.status.slice(0, 3), '200', answer.text);
        assert.equal((await call('GET', `/fhir/Patient/${id}`)).json.birthDate, date);
      }
      for (const [patch, status, expression] of [[birth('1990-02-30'), 422, 'Patient.birthDate'], [patchOf(operation('replace', 'Patient.photo[0]', { name: 'value', valueString: 'x' })), 422, 'parameter[0].path'],
        [patchOf(operation('replace', 'Patient.(', { name: 'value', valueString: 'x' })), 400, 'parameter[0].path']]) {
        const answer = await call('PATCH', `/fhir/Patient/${id}`, patch);
        assert.deepEqual([answer.status, answer.json.issue[0].expression], [status, [expression]], answer.text);
      }
      assert.equal((await call('GET', `/fhir/Patient/${id}`)).json.birthDate, '1993-01-01');
    });

    it('asks for the version that was seen, and for a media type that is a patch', async () => {
      const { id } = await make(patient());
      const patch = [{ op: 'add', path: '/active', value: true }];
      assert.equal((await call('PATCH', `/fhir/Patient/${id}`, patch, { ...patchType, 'if-match': 'W/"9"' })).status, 412);
      assert.equal((await call('PATCH', `/fhir/Patient/${id}`, patch)).status, 400, 'a list is no FHIRPath Patch');
      assert.equal((await call('PATCH', `/fhir/Patient/${id}`, patch, { 'content-type': 'text/plain' })).status, 415);
      assert.equal((await call('PATCH', `/fhir/Patient/${id}`, { resourceType: 'Parameters', parameter: [] }, patchType)).status, 400, 'nor the other way');
      assert.equal((await call('PATCH', '/fhir/Patient/nobody', patch, patchType)).status, 404);
    });
  });

  describe('conditions', () => {
    it('creates one of twenty that ask at once', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () =>
        call('POST', '/fhir/Patient', withIdentifier('race'), { 'if-none-exist': `identifier=${system}|race` })));
      assert.equal(answers.filter(({ status }) => status === 201).length, 1, answers.map(({ status }) => status).join());
      assert.ok(answers.every(({ status }) => [200, 201, 503].includes(status)), answers.map(({ status }) => status).join());
      assert.equal((await call('GET', `/fhir/Patient?identifier=${system}|race&_summary=count`)).json.total, 1);
    });

    it('updates, patches and deletes the one that a search finds', async () => {
      const query = `/fhir/Patient?identifier=${system}|one`;
      const made = await call('PUT', query, withIdentifier('one'));
      assert.equal(made.status, 201, made.text);
      const changed = await call('PUT', query, withIdentifier('one', { active: true }));
      assert.deepEqual([changed.status, changed.json.id, changed.json.active], [200, made.json.id, true]);
      assert.equal((await call('PUT', query, { ...withIdentifier('one'), id: 'other' })).status, 400);
      const patched = await call('PATCH', query, [{ op: 'replace', path: '/active', value: false }], patchType);
      assert.deepEqual([patched.status, patched.json.active], [200, false]);
      assert.equal((await call('DELETE', query)).status, 204);
      assert.equal((await call('GET', `/fhir/Patient/${made.json.id}`)).status, 410);
      assert.equal((await call('DELETE', query)).status, 404);
      assert.equal((await call('PATCH', query, [{ op: 'remove', path: '/active' }], patchType)).status, 404);
    });

    it('does nothing where several match, or the search is none', async () => {
      await make(withIdentifier('two'));
      await make(withIdentifier('two'));
      const query = `identifier=${system}|two`;
      assert.equal((await call('POST', '/fhir/Patient', withIdentifier('two'), { 'if-none-exist': query })).status, 412);
      assert.equal((await call('PUT', `/fhir/Patient?${query}`, withIdentifier('two'))).status, 412);
      assert.equal((await call('DELETE', `/fhir/Patient?${query}`)).status, 412);
      assert.equal((await call('DELETE', '/fhir/Patient?nothing=1')).status, 400);
      assert.equal((await call('DELETE', '/fhir/Patient')).status, 400);
      assert.equal((await call('GET', `/fhir/Patient?${query}&_summary=count`)).json.total, 2);
    });
  });

  describe('a transaction', () => {
    const transaction = (...entry) => call('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry });
    const binary = (patch) => ({ resourceType: 'Binary', contentType: 'application/json-patch+json', data: Buffer.from(JSON.stringify(patch)).toString('base64') });

    it('updates, patches and deletes what queries find', async () => {
      const { id } = await make(withIdentifier('in-transaction'));
      const { id: gone } = await make(withIdentifier('to-delete'));
      const { id: patched } = await make(withIdentifier('to-patch'));
      const answer = await transaction(
        { request: { method: 'PATCH', url: `Patient?identifier=${system}|to-patch` }, resource: binary([{ op: 'add', path: '/active', value: true }]) },
        { request: { method: 'PUT', url: `Patient?identifier=${system}|in-transaction` }, resource: withIdentifier('in-transaction', { gender: 'male' }) },
        { request: { method: 'DELETE', url: `Patient?identifier=${system}|to-delete` } }, { request: { method: 'DELETE', url: `Patient?identifier=${system}|never-was` } },
        { request: { method: 'PUT', url: `Patient?identifier=${system}|made-here` }, resource: withIdentifier('made-here') });
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.json.entry.map(({ response }) => response.status.slice(0, 3)), ['200', '200', '204', '204', '201']);
      assert.equal((await call('GET', `/fhir/Patient/${patched}`)).json.active, true);
      assert.equal((await call('GET', `/fhir/Patient/${id}`)).json.gender, 'male');
      assert.equal((await call('GET', `/fhir/Patient/${gone}`)).status, 410);
      assert.equal((await call('GET', `/fhir/Patient?identifier=${system}|made-here&_summary=count`)).json.total, 1);
    });

    it('does nothing where one entry cannot be done', async () => {
      const { id } = await make(withIdentifier('kept'));
      const change = { request: { method: 'PUT', url: `Patient?identifier=${system}|kept` }, resource: withIdentifier('kept', { gender: 'male' }) };
      for (const [entry, status] of [
        [{ request: { method: 'PATCH', url: `Patient/${id}x` }, resource: binary([]) }, 404],
        [{ request: { method: 'PATCH', url: `Patient?identifier=${system}|never-was` }, resource: binary([]) }, 404],
        [{ request: { method: 'PATCH', url: `Patient?identifier=${system}|to-patch` }, resource: binary([{ op: 'replace', path: '/gender', value: 'none' }]) }, 422],
        [{ request: { method: 'PATCH', url: `Patient?identifier=${system}|to-patch` }, resource: patient() }, 400],
        [{ request: { method: 'PUT', url: `Patient?identifier=${system}|kept` }, resource: withIdentifier('kept') }, 400],
        [{ request: { method: 'DELETE', url: `Patient?identifier=${system}|two` } }, 412],
      ]) {
        const answer = await transaction(change, entry);
        assert.equal(answer.status, status, answer.text);
        assert.equal((await call('GET', `/fhir/Patient/${id}`)).json.meta.versionId, '1');
      }
    });
  });

  describe('deletion', () => {
    it('refuses what others refer to, and with a cascade takes them along', async () => {
      const { id } = await make(patient());
      const { id: encounter } = await make({ resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' }, subject: { reference: `Patient/${id}` } });
      const { id: observation } = await make({ ...weight(id), encounter: { reference: `Encounter/${encounter}` } });
      const refused = await call('DELETE', `/fhir/Encounter/${encounter}`);
      assert.equal(refused.status, 409);
      assert.match(issue(refused).details.text, new RegExp(`Observation/${observation} refers to it`));
      const denied = await clinic().call('nurse', 'DELETE', `/fhir/Patient/${id}?_cascade=delete`);
      assert.equal(denied.status, 403);
      assert.equal((await call('GET', `/fhir/Patient/${id}`)).status, 200);
      assert.equal((await call('DELETE', `/fhir/Patient/${id}?_cascade=delete`)).status, 204);
      for (const path of [`Patient/${id}`, `Encounter/${encounter}`, `Observation/${observation}`])
        assert.equal((await call('GET', `/fhir/${path}`)).status, 410, path);
      assert.equal((await call('GET', `/fhir/Observation?patient=${id}&_summary=count`)).json.total, 0);
    });
  });

  describe('history', () => {
    it('has every version of a resource, newest first, deleted ones too', async () => {
      const made = await make(patient());
      await call('PUT', `/fhir/Patient/${made.id}`, { ...made, active: true });
      await call('DELETE', `/fhir/Patient/${made.id}`);
      const bundle = (await call('GET', `/fhir/Patient/${made.id}/_history`)).json;
      assert.equal(bundle.type, 'history');
      assert.deepEqual(bundle.entry.map(({ request, response }) => [request.method, response.status.slice(0, 3), response.etag]),
        [['DELETE', '204', 'W/"3"'], ['PUT', '200', 'W/"2"'], ['POST', '201', 'W/"1"']]);
      assert.deepEqual(bundle.entry.map(({ resource }) => resource?.meta.versionId), [undefined, '2', '1']);
      assert.equal((await call('GET', '/fhir/Patient/nobody/_history')).status, 404);
    });

    it('pages through a type, each version once, while versions are added', async () => {
      const since = (await make(patient())).meta.lastUpdated;
      for (let i = 0; i < 5; i++) await make(patient(`History${i}`));
      let next = `/fhir/Patient/_history?_count=2&_since=${encodeURIComponent(since)}`;
      const seen = [];
      while (next) {
        const bundle = (await call('GET', next)).json;
        seen.push(...(bundle.entry ?? []).map(({ resource, response }) => `${resource.id} ${response.etag}`));
        await make(patient('Later'));
        next = bundle.link.find(({ relation }) => relation === 'next')?.url.replace(clinic().url, '');
      }
      assert.ok(seen.length >= 6, `${seen.length}`);
      assert.equal(new Set(seen).size, seen.length);
    });

    it('of the whole record leaves out what a role may not read', async () => {
      await make(patient());
      const all = (await call('GET', '/fhir/_history?_count=20')).json.entry.map(({ resource }) => resource?.resourceType);
      assert.ok(all.includes('Patient'));
      const seen = (await clinic().call('admin', 'GET', '/fhir/_history?_count=200')).json.entry ?? [];
      assert.ok(seen.every(({ resource, request }) => !/^(Patient|Observation|Encounter)/.test(resource?.resourceType ?? request.url)));
      for (const query of ['_count=0', '_count=x', '_since=then', '_cursor=1']) assert.equal((await call('GET', `/fhir/Patient/_history?${query}`)).status, 400, query);
    });
  });

  describe('batch', () => {
    it('answers each entry for itself', async () => {
      const { id } = await make(patient());
      const binary = { resourceType: 'Binary', contentType: 'application/json-patch+json', data: Buffer.from('[{"op":"add","path":"/active","value":true}]').toString('base64') };
      const answer = await call('POST', '/fhir', { resourceType: 'Bundle', type: 'batch', entry: [
        { request: { method: 'GET', url: `Patient/${id}` } }, { request: { method: 'GET', url: 'Patient/nobody' } },
        { request: { method: 'POST', url: 'Patient' }, resource: patient() }, { request: { method: 'POST', url: 'Patient' }, resource: { resourceType: 'Patient', gender: 'none' } },
        { request: { method: 'PUT', url: `Patient/${id}`, ifMatch: 'W/"7"' }, resource: { ...patient(), id } }, { request: { method: 'GET', url: `Patient?_id=${id}` } },
        { request: { method: 'PATCH', url: `Patient/${id}` }, resource: binary }, { request: { method: 'GET' } },
        { request: { method: 'GET', url: `Patient/${id}`, ifNoneMatch: 'W/"2"' } },
      ] });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json.type, 'batch-response');
      assert.deepEqual(answer.json.entry.map(({ response }) => response.status), ['200', '404', '201', '422', '412', '200', '200', '400', '304']);
      assert.equal(answer.json.entry[0].resource.id, id);
      assert.equal(answer.json.entry[1].response.outcome.resourceType, 'OperationOutcome');
      assert.match(answer.json.entry[2].response.location, /\/Patient\/.*\/_history\/1$/);
      assert.deepEqual(ids(answer.json.entry[5].resource), [`Patient/${id}`]);
    });

    it('gives nobody more than their own rights, and writes a row of audit an entry', async () => {
      const { id } = await make(patient());
      const before = (await clinic().audit()).length;
      const answer = await clinic().call('admin', 'POST', '/fhir', { resourceType: 'Bundle', type: 'batch', entry: [
        { request: { method: 'GET', url: `Patient/${id}` } }, { request: { method: 'GET', url: `Patient/${id}/$everything` } },
        { request: { method: 'POST', url: 'Patient' }, resource: patient() }, { request: { method: 'GET', url: '../audit' } },
      ] });
      assert.deepEqual(answer.json.entry.map(({ response }) => response.status), ['403', '403', '403', '404']);
      const rows = (await clinic().audit()).slice(before);
      assert.equal(rows.filter(({ request }) => request === answer.headers.get('x-request-id')).length, 5);
    });
  });

  describe('includes and parts', () => {
    it('brings what is referred to and what refers, once each', async () => {
      const { id } = await make(patient());
      const { id: encounter } = await make({ resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' }, subject: { reference: `Patient/${id}` } });
      const { id: first } = await make({ ...weight(id), encounter: { reference: `Encounter/${encounter}` } });
      const { id: second } = await make({ ...weight(id), encounter: { reference: `Encounter/${encounter}` } });
      const get = async (query) => (await call('GET', `/fhir/${query}`)).json;
      const forward = await get(`Observation?patient=${id}&_include=Observation:subject&_include=Observation:encounter`);
      assert.deepEqual(ids(forward, 'match').sort(), [`Observation/${first}`, `Observation/${second}`].sort());
      assert.deepEqual(ids(forward, 'include').sort(), [`Encounter/${encounter}`, `Patient/${id}`].sort());
      assert.deepEqual(ids(await get(`Observation?_id=${first}&_include=Observation:subject:Group`), 'include'), []);
      assert.deepEqual(ids(await get(`Observation?_id=${first}&_include=*`), 'include').length, 2);
      assert.equal(ids(await get(`Patient?_id=${id}&_revinclude=Observation:subject`), 'include').length, 2);
      const iterated = await get(`Observation?_id=${first}&_include=Observation:encounter&_include:iterate=Encounter:subject&_revinclude:iterate=Observation:encounter`);
      assert.deepEqual(ids(iterated, 'include').sort(), [`Encounter/${encounter}`, `Patient/${id}`, `Observation/${second}`].sort());
      const before = forward.link.find(({ relation }) => relation === 'self').url;
      assert.match(before, /_include=Observation:subject/);
    });

    it('follows no chain to, and includes no resource of, a type that the role may not read', async () => {
      for (const query of ['Practitioner?_revinclude=Patient:general-practitioner', 'Practitioner?_has:Patient:general-practitioner:name=Test', 'Organization?_has:Patient:organization:name=Test']) {
        const answer = await clinic().call('admin', 'GET', `/fhir/${query}`);
        assert.ok(answer.status === 403 || !ids(answer.json, 'include').length, query);
      }
      assert.equal((await clinic().call('admin', 'GET', '/fhir/Practitioner?_has:Patient:general-practitioner:name=Test')).status, 403);
    });

    it('sends parts of resources, marked as parts', async () => {
      const { id } = await make(withIdentifier('parts', { active: true, gender: 'female' }));
      const elements = (await call('GET', `/fhir/Patient/${id}?_elements=gender`)).json;
      assert.deepEqual(Object.keys(elements).sort(), ['gender', 'id', 'meta', 'resourceType']);
      assert.equal(elements.meta.tag[0].code, 'SUBSETTED');
      const { id: observation } = await make(weight(id));
      const part = (await call('GET', `/fhir/Observation?_id=${observation}&_elements=subject`)).json.entry[0].resource;
      assert.deepEqual(Object.keys(part).sort(), ['code', 'id', 'meta', 'resourceType', 'status', 'subject'], 'mandatory members stay');
      assert.ok((await call('GET', `/fhir/Patient?_id=${id}&_summary=true`)).json.entry[0].resource.name);
      assert.equal((await call('GET', `/fhir/Patient?_id=${id}&_summary=text`)).json.entry[0].resource.name, undefined);
      assert.equal((await call('GET', `/fhir/Patient/${id}?_summary=some`)).status, 400);
      assert.equal((await call('GET', `/fhir/Patient/${id}`)).json.meta.tag, undefined, 'nothing of it is stored');
    });
  });

  describe('operations', () => {
    it('$validate says what is wrong and stores nothing', async () => {
      const bad = await call('POST', '/fhir/Observation/$validate', { resourceType: 'Observation', code: { text: 'x' } });
      assert.deepEqual([bad.status, issue(bad).severity, issue(bad).expression?.[0]], [200, 'error', 'Observation.status']);
      const good = await call('POST', '/fhir/Patient/$validate', { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: patient('Validated') }] });
      assert.deepEqual([good.status, issue(good).severity], [200, 'information'], good.text);
      assert.equal((await call('GET', '/fhir/Patient?name=validated&_summary=count')).json.total, 0);
      assert.equal(issue(await call('POST', '/fhir/Patient/$validate', '{"a":1,"a":2}')).severity, 'error');
    });

    it('$everything brings the chart and whom it names, page by page', async () => {
      const { id: practitioner } = await make({ resourceType: 'Practitioner', name: [{ family: 'Raman' }] });
      const { id } = await make({ ...patient(), generalPractitioner: [{ reference: `Practitioner/${practitioner}` }] });
      for (let i = 0; i < 5; i++) await make(weight(id, 70 + i));
      const whole = (await call('GET', `/fhir/Patient/${id}/$everything`)).json;
      assert.equal(ids(whole, 'match').length, 6);
      assert.deepEqual(ids(whole, 'include'), [`Practitioner/${practitioner}`]);
      const seen = [];
      for (let next = `/fhir/Patient/${id}/$everything?_count=4`; next;) {
        const page = (await call('GET', next)).json;
        seen.push(...ids(page, 'match'));
        next = page.link.find(({ relation }) => relation === 'next')?.url.replace(clinic().url, '');
      }
      assert.deepEqual(seen.sort(), ids(whole, 'match').sort());
      assert.equal(ids((await call('GET', `/fhir/Patient/${id}/$everything?_type=Observation`)).json, 'match').length, 5);
      assert.equal((await call('GET', '/fhir/Patient/nobody/$everything')).status, 404);
    });

    it('$lastn brings the newest of each code', async () => {
      const { id } = await make(patient());
      const at = (day, code, kg) => ({ ...weight(id, kg), code: { coding: [{ system: 'http://loinc.org', code }] }, effectiveDateTime: `2026-10-0${day}` });
      for (const [day, code] of [[1, '29463-7'], [3, '29463-7'], [2, '29463-7'], [1, '8302-2']]) await make(at(day, code, 70 + day));
      const days = async (query) => (await call('GET', `/fhir/Observation/$lastn?patient=${id}${query}`)).json.entry.map(({ resource }) => resource.effectiveDateTime).sort();
      assert.deepEqual(await days(''), ['2026-10-01', '2026-10-03']);
      assert.deepEqual(await days('&max=2'), ['2026-10-01', '2026-10-02', '2026-10-03']);
      assert.deepEqual(await days('&code=http://loinc.org|29463-7'), ['2026-10-03']);
      assert.equal((await call('GET', '/fhir/Observation/$lastn')).status, 400);
    });

    it('$meta brings the meta', async () => {
      const { id } = await make(patient());
      assert.equal((await call('GET', `/fhir/Patient/${id}/$meta`)).json.parameter[0].valueMeta.versionId, '1');
    });
  });
}, [], { pooled: true });
