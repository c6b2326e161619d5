// A clinic that limits its clinicians to their own patients: by every way to a record, nothing of another one's patient shows,
// and whoever is related sees it whole.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { issue, onEachEngine, patient } from './clinic.mjs';

const form = { 'content-type': 'application/x-www-form-urlencoded' }, plain = { 'content-type': 'application/json' };
const concept = { text: 'x' };
const json = (type, ...entry) => ['POST', '/fhir', { resourceType: 'Bundle', type, entry }];
const get = (url) => ({ request: { method: 'GET', url } });
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
const system = 'http://loinc.org', code = '8867-4';
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A patient with a chart, each part with the mark. */
const chart = (id) => {
  const mark = `secret-${id}`, subject = { reference: `Patient/${id}` }, meta = { tag: [{ system: 'urn:leak', code: mark }] };
  return [
    { resourceType: 'Patient', id, meta, name: [{ family: `Family${id}` }], identifier: [{ system: 'urn:mrn', value: `mrn-${id}` }] },
    { resourceType: 'Observation', id: `${id}-o`, meta, status: 'final', code: { coding: [{ system, code }] }, subject, effectiveDateTime: '2026-10-01', valueQuantity: { value: 71 } },
    { resourceType: 'Condition', id: `${id}-c`, meta, subject, code: concept },
    { resourceType: 'Task', id: `${id}-t`, meta, status: 'requested', intent: 'order', for: subject, description: mark },
    { resourceType: 'DocumentReference', id: `${id}-d`, meta, status: 'current', subject, content: [{ attachment: { url: 'urn:x' } }] },
    { resourceType: 'GuidanceResponse', id: `${id}-g`, meta, status: 'success', moduleUri: 'urn:x', subject },
  ];
};
const parts = (id) => chart(id).map((r) => [r.resourceType, r.id]);

/** A form that asks for the mark. */
const asking = { resourceType: 'Questionnaire', status: 'active', item: [{ linkId: '1', type: 'string', extension: [{
  url: 'http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-initialExpression', valueExpression: { language: 'text/fhirpath', expression: '%patient.meta.tag.code' } }] }] };
const filledIn = (id) => ({ resourceType: 'Parameters', parameter: [{ name: 'questionnaire', resource: asking }, { name: 'subject', valueReference: { reference: `Patient/${id}` } }] });

/** [name, method, path, body, headers]: answers with the mark of the patient where, and only where, the asker is related. */
const ways = (id) => [
  ...parts(id).flatMap(([type, at]) => [
    ['read', 'GET', `/fhir/${type}/${at}`], ['vread', 'GET', `/fhir/${type}/${at}/_history/1`], ['history', 'GET', `/fhir/${type}/${at}/_history`], ['$meta', 'GET', `/fhir/${type}/${at}/$meta`],
    ['search', 'GET', `/fhir/${type}?_id=${at}`], ['by POST', 'POST', `/fhir/${type}/_search`, `_id=${at}`, form],
    ['by tag', 'GET', `/fhir/${type}?_tag=urn:leak|secret-${id}`], ['history of the type', 'GET', `/fhir/${type}/_history?_count=1000`],
    ['in a batch', ...json('batch', get(`${type}/${at}`))], ['in a transaction', ...json('transaction', get(`${type}/${at}`))],
  ]),
  ['$everything', 'GET', `/fhir/Patient/${id}/$everything`], ['$lastn', 'GET', `/fhir/Observation/$lastn?patient=${id}`], ['$docref', 'GET', `/fhir/DocumentReference/$docref?patient=${id}`],
  ['history of all', 'GET', '/fhir/_history?_count=1000'], ['$populate', 'POST', '/fhir/Questionnaire/$populate', filledIn(id)],
  ['by name', 'GET', `/fhir/Patient?family=Family${id}`], ['chained', 'GET', `/fhir/Observation?patient.family=Family${id}`], ['by has', 'GET', `/fhir/Patient?_has:Observation:patient:code=${code}&_count=1000`],
  ['included', 'GET', `/fhir/Observation?_id=${id}-o&_include=Observation:subject`], ['everything referring', 'GET', `/fhir/Patient?_id=${id}&_revinclude=*`],
];
/** Ways that name no patient, and must not show anybody else's. */
const wide = [['all observations', 'GET', '/fhir/Observation?_count=1000&_include=*'], ['patients', 'GET', '/fhir/Patient?_count=1000&_revinclude=*'],
  ['staff, and what refers to them', 'GET', '/fhir/Practitioner?_revinclude=*&_count=1000'], ['everything by time', 'GET', '/fhir/_history?_count=1000']];
/** The mark in a resource of the answer: a link may repeat what was asked for. */
const holds = (answer, id) => {
  const mark = `secret-${id}`, { entry, link, ...rest } = answer.json ?? {};
  return [rest, ...(entry ?? []).map((e) => e.resource ?? {})].some((part) => JSON.stringify(part).includes(mark));
};

onEachEngine(describe, { before, after }, (clinic) => {
  const call = (role, row) => clinic().call(role, ...row.slice(1));
  const put = async (resource, role = 'system') => clinic().call(role, 'PUT', `/fhir/${resource.resourceType}/${resource.id}`, resource);
  const who = {};
  let cases = 0;
  const shows = async (role, id, expected, why) => {
    for (const row of ways(id)) {
      const answer = await call(role, row);
      assert.equal(holds(answer, id), expected, `${why}: ${role} ${row[0]} ${row[2]}: ${answer.status} ${answer.text.slice(0, 300)}`);
      cases++;
    }
  };
  const total = async (role, query) => (await clinic().call(role, 'GET', `/fhir/${query}&_summary=count`)).json.total;

  before(async () => {
    for (const role of ['physician', 'nurse']) who[role] = (await clinic().call(role, 'GET', '/auth/me')).json.personId;
    for (const id of ['team', 'visit', 'old', 'cancelled', 'coming', 'role', 'task', 'seated', 'worried', 'other'])
      for (const resource of chart(id)) assert.equal((await put(resource)).status, 201);
    const actor = { reference: `Practitioner/${who.nurse}` }, subject = (id) => ({ reference: `Patient/${id}` });
    const visit = (id, days, status = 'finished') => ({ resourceType: 'Encounter', id: `${id}-e`, status, class: { code: 'AMB' }, subject: subject(id), participant: [{ individual: actor }],
      period: { start: inDays(days), end: inDays(days + 0.1) } });
    const links = [
      { resourceType: 'CareTeam', id: 'team-x', status: 'active', subject: subject('team'), participant: [{ member: actor }] },
      visit('visit', -29), visit('old', -40), visit('cancelled', -1, 'cancelled'),
      { resourceType: 'Appointment', id: 'coming-a', status: 'booked', start: inDays(20), end: inDays(20.1), participant: [{ actor, status: 'accepted' }, { actor: subject('coming'), status: 'accepted' }] },
      { resourceType: 'PractitionerRole', id: 'nurse-role', practitioner: actor },
      { resourceType: 'CareTeam', id: 'role-x', status: 'active', subject: subject('role'), participant: [{ member: { reference: 'PractitionerRole/nurse-role' } }] },
      { resourceType: 'Location', id: 'chair-2', name: 'Chair 2' },
      { ...visit('seated', 0, 'in-progress'), participant: undefined, location: [{ location: { reference: 'Location/chair-2' } }] },
      { resourceType: 'Task', id: 'worry', status: 'requested', intent: 'order', for: subject('worried'), code: { coding: [{ system: 'urn:euthymia:task', code: 'suicide-item' }] } },
      { resourceType: 'Task', id: 'task-own', status: 'in-progress', intent: 'order', for: subject('task'), owner: actor },
    ];
    for (const resource of links) assert.equal((await put(resource)).status, 201, resource.id);
  });

  it('shows whom the nurse is related to: care team, visit within 30 days, appointment, role, own task', async () => {
    for (const id of ['team', 'visit', 'coming', 'role', 'task']) await shows('nurse', id, true, 'related');
  });

  it('shows everybody who sits in a chair now, and whose worry has no owner', async () => {
    for (const id of ['seated', 'worried']) for (const role of ['nurse', 'physician']) await shows(role, id, true, 'everybody\'s');
    const worry = (await clinic().call('system', 'GET', '/fhir/Task/worry')).json;
    assert.equal((await put({ ...worry, status: 'accepted', owner: { reference: `Practitioner/${who.physician}` } })).status, 200);
    await shows('physician', 'worried', true, 'took it');
    await shows('nurse', 'worried', false, 'it has an owner');
    assert.equal((await put({ ...worry, status: 'completed', owner: { reference: `Practitioner/${who.physician}` } })).status, 200);
    const seated = (await clinic().call('system', 'GET', '/fhir/Encounter/seated-e')).json;
    assert.equal((await put({ ...seated, status: 'finished' })).status, 200);
    for (const id of ['seated', 'worried']) for (const role of ['nurse', 'physician']) await shows(role, id, false, 'nobody\'s any more');
  });

  it('shows nothing of others, by any way: a visit too long ago, one that was cancelled, none at all', async () => {
    for (const id of ['old', 'cancelled', 'other']) await shows('nurse', id, false, 'not related');
    for (const id of ['team', 'other']) await shows('physician', id, false, 'the relation of another person');
    for (const row of wide) {
      const nurse = await call('nurse', row), physician = await call('physician', row);
      assert.deepEqual([nurse.status, physician.status], [200, 200], row[0]);
      for (const id of ['old', 'cancelled', 'other']) assert.ok(!nurse.text.includes(`secret-${id}`), `${row[0]} shows ${id}`);
      assert.ok(nurse.text.includes('secret-') || row[0].startsWith('staff'), row[0]);
      assert.ok(!physician.text.includes('secret-'), row[0]);
    }
  });

  it('refuses the operations on others, and says what to do', async () => {
    for (const operation of ['$chart', '$evaluate', '$plan', '$follow', '$everything']) {
      const answer = await clinic().call('nurse', 'GET', `/fhir/Patient/other/${operation}`);
      assert.equal(answer.status, 403, operation);
      assert.match(issue(answer).details.text, /patient of others: .* break the glass, with a reason/);
    }
    const patients = await clinic().call('nurse', 'GET', '/fhir/$patients');
    assert.ok(patients.text.includes('"team"') && !patients.text.includes('"other"'), patients.text.slice(0, 300));
    assert.ok(!(await clinic().call('nurse', 'GET', '/fhir/$tasks')).text.includes('other'));
  });

  it('counts what may be seen, and all of it for a machine', async () => {
    assert.equal(await total('nurse', `Observation?code=${code}`), 5);
    assert.equal(await total('physician', `Observation?code=${code}`), 0);
    assert.equal(await total('system', `Observation?code=${code}`), 10);
    assert.equal(await total('nurse', 'Patient?family=Familyother'), 0);
    assert.ok((await clinic().call('nurse', 'GET', '/fhir/Practitioner?_count=100')).json.entry.length > 1, 'what is nobody\'s chart goes by its type alone');
  });

  it('lets nobody become related by writing', async () => {
    const subject = { reference: 'Patient/other' }, actor = { reference: `Practitioner/${who.nurse}` };
    const team = { resourceType: 'CareTeam', status: 'active', subject, participant: [{ member: actor }] };
    const visit = { resourceType: 'Encounter', status: 'planned', class: { code: 'AMB' }, subject, participant: [{ individual: actor }], period: { start: inDays(0) } };
    const observed = { resourceType: 'Observation', status: 'final', code: concept, subject };
    const post = (resource) => ({ resource, request: { method: 'POST', url: resource.resourceType } });
    for (const resource of [team, visit, observed]) assert.equal((await clinic().call('nurse', 'POST', `/fhir/${resource.resourceType}`, resource)).status, 403, resource.resourceType);
    assert.equal((await clinic().call('nurse', 'POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: [post(team), post(observed)] })).status, 403);
    assert.equal((await put({ ...chart('other')[1], subject: { reference: 'Patient/team' } }, 'nurse')).status, 403, 'somebody else\'s, taken over');
    assert.equal((await put({ ...chart('team')[1], subject }, 'nurse')).status, 403, 'an own one, given away');
    assert.equal((await put({ resourceType: 'CareTeam', id: 'team-x', status: 'active', subject, participant: [{ member: actor }] }, 'nurse')).status, 403);
    assert.equal((await clinic().call('nurse', 'PATCH', '/fhir/Observation/other-o', [{ op: 'replace', path: '/status', value: 'amended' }], { 'content-type': 'application/json-patch+json' })).status, 403);
    await shows('nurse', 'other', false, 'after all that');
    assert.equal(await total('system', 'Observation?subject=Patient/other'), 1);
  });

  it('makes no second patient of one that it does not show', async () => {
    const again = (role) => clinic().call(role, 'POST', '/fhir/Patient', { ...patient(), identifier: [{ system: 'urn:mrn', value: 'mrn-other' }] }, { 'if-none-exist': 'identifier=urn:mrn|mrn-other' });
    assert.equal((await again('nurse')).status, 403);
    assert.equal(await total('system', 'Patient?identifier=urn:mrn|mrn-other'), 1);
  });

  it('relates whoever registers a patient', async () => {
    const made = await clinic().call('nurse', 'POST', '/fhir/Patient', patient('Registered'));
    assert.equal(made.status, 201);
    assert.equal((await clinic().call('nurse', 'GET', `/fhir/Patient/${made.json.id}`)).status, 200);
    assert.equal((await clinic().call('physician', 'GET', `/fhir/Patient/${made.json.id}`)).status, 403);
    const uuid = 'urn:uuid:0190a000-0000-7000-8000-00000000000a';
    const whole = { resourceType: 'Bundle', type: 'transaction', entry: [
      { fullUrl: uuid, resource: patient('Whole'), request: { method: 'POST', url: 'Patient' } },
      { resource: { resourceType: 'Condition', subject: { reference: uuid }, code: concept }, request: { method: 'POST', url: 'Condition' } }] };
    assert.equal((await clinic().call('nurse', 'POST', '/fhir', whole)).status, 200);
  });

  it('tells of events only whom they concern', async () => {
    const listen = async (role, headers = {}) => {
      const abort = new AbortController(), heard = { text: '' };
      const response = await fetch(`${clinic().url}/events`, { headers: { authorization: `Bearer ${clinic().token(role)}`, ...headers }, signal: abort.signal });
      const done = (async () => { for await (const part of response.body.pipeThrough(new TextDecoderStream())) heard.text += part; })().catch(() => {});
      heard.stop = async () => { abort.abort(); await done; };
      return heard;
    };
    const until = async (done) => { for (let i = 0; i < 100 && !done(); i++) await pause(50); assert.ok(done()); };
    const [nurse, physician, machine] = await Promise.all(['nurse', 'physician', 'system'].map((role) => listen(role)));
    await until(() => [nurse, physician, machine].every((l) => l.text.includes('beat')));
    for (const id of ['other', 'team']) await put({ ...chart(id)[1], status: 'amended' });
    await put({ ...chart('other')[3], status: 'accepted' });
    assert.equal((await clinic().call('system', 'DELETE', '/fhir/Condition/other-c')).status, 204);
    await until(() => machine.text.includes('other-c'));
    await pause(300);
    assert.equal((await put(chart('other')[2])).status, 201);
    await until(() => machine.text.includes('other-t') && nurse.text.includes('team-o'));
    await pause(300);
    assert.ok(!nurse.text.includes('other') && !physician.text.includes('other') && !physician.text.includes('team-o'));
    const missed = await listen('nurse', { 'last-event-id': '1' });
    await until(() => missed.text.includes('team-o'));
    assert.ok(!missed.text.includes('other'), 'what is replayed likewise');
    for (const listener of [nurse, physician, machine, missed]) await listener.stop();
  });

  describe('break-glass', () => {
    const breakGlass = (role, body) => clinic().call(role, 'POST', '/access/break-glass', JSON.stringify(body), plain);
    const list = async (query = '') => (await clinic().call('admin', 'GET', `/access/break-glass${query}`)).json.rows;
    const reason = 'Found unconscious in the waiting room';
    let id;

    it('wants a reason, an end within a day, a patient that there is, and a clinician', async () => {
      for (const [role, body, status] of [['physician', { patient: 'other' }, 422], ['physician', { patient: 'other', reason: 'urgent' }, 422], ['physician', { patient: 'nobody', reason }, 404],
        ['physician', { reason }, 404], ['physician', { patient: 'other', reason, hours: 25 }, 422], ['physician', { patient: 'other', reason, hours: 0 }, 422], ['admin', { patient: 'other', reason }, 403],
        ['system', { patient: 'other', reason }, 403], ['researcher', { patient: 'other', reason }, 403], ['nurse', { patient: 'team', reason }, 409]])
        assert.equal((await breakGlass(role, body)).status, status, `${role} ${JSON.stringify(body)}`);
      assert.deepEqual(await list(), []);
    });

    it('opens that one record, to that one person', async () => {
      const opened = await breakGlass('physician', { patient: 'other', reason, hours: 1 });
      assert.equal(opened.status, 201, opened.text);
      id = opened.json.id;
      assert.ok(Math.abs(Date.parse(opened.json.until) - Date.now() - 3_600_000) < 60_000);
      assert.equal((await breakGlass('physician', { patient: 'other', reason })).status, 409, 'it is open');
      await shows('physician', 'other', true, 'broke the glass');
      await shows('nurse', 'other', false, 'did not');
      await shows('physician', 'team', false, 'of another patient');
    });

    it('is in the audit with its reason, and on the list until somebody else reviewed it', async () => {
      const [row] = await list('?open=true');
      assert.deepEqual([row.id, row.patient, row.person, row.reason, row.reviewed], [id, 'other', who.physician, reason, undefined]);
      const review = (role, words = 'Was right: the patient was in danger') => clinic().call(role, 'POST', `/access/break-glass/${id}/review`, JSON.stringify({ review: words }), plain);
      assert.equal((await review('nurse')).status, 403);
      assert.equal((await review('admin', 'ok')).status, 422);
      assert.equal((await review('admin')).status, 200);
      assert.equal((await review('admin')).status, 404, 'once');
      assert.deepEqual(await list('?open=true'), []);
      assert.equal((await list())[0].reviewedBy, 'admin');
      const audited = (await clinic().audit()).find((r) => r.path === '/access/break-glass' && r.status === 201);
      assert.deepEqual([audited.patient, audited.account, audited.reason], ['other', 'physician', reason]);
      assert.equal((await clinic().call('nurse', 'GET', '/access/break-glass')).status, 403);
    });

    it('ends', async () => {
      clinic().sql(`UPDATE access_grant SET until_us = from_us + 1 WHERE id = '${id}'`);
      await shows('physician', 'other', false, 'it has ended');
    });
  });

  it('has asked often enough', () => assert.ok(cases > 800, `${cases}`));
}, ['--own-patients']);
