// What each role may do: the table of the server asked from outside, and every operation called as each role.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { issue, onEachEngine, patient, weight } from './clinic.mjs';

const entered = ['Patient', 'Observation', 'Condition', 'MedicationStatement', 'AllergyIntolerance', 'RelatedPerson', 'Consent',
  'QuestionnaireResponse', 'Encounter', 'Questionnaire'];
const guarded = ['CarePlan', 'MedicationRequest', 'MedicationAdministration', 'Procedure', 'DetectedIssue', 'GuidanceResponse', 'Task', 'Flag',
  'RiskAssessment', 'Provenance', 'AuditEvent', 'Practitioner', 'PractitionerRole'];

onEachEngine(describe, { before, after }, (clinic) => {
  const call = (...args) => clinic().call(...args);
  let id;
  before(async () => { id = (await call('system', 'POST', '/fhir/Patient', patient())).json.id; });

  it('lets clinicians enter what they observe', async () => {
    for (const role of ['physician', 'nurse'])
      for (const type of entered)
        assert.notEqual((await call(role, 'POST', `/fhir/${type}`, { resourceType: type })).status, 403, `${role} ${type}`);
    assert.equal((await call('nurse', 'POST', '/fhir/Observation', weight(id))).status, 201);
  });

  it('EU-S-10 what the verbs decide cannot be written round them', async () => {
    for (const role of ['physician', 'nurse', 'admin'])
      for (const type of guarded.filter((t) => role !== 'admin' || !/^Practitioner/.test(t)))
        for (const [method, path] of [['POST', type], ['PUT', `${type}/x`], ['DELETE', `${type}/x`]]) {
          const answer = await call(role, method, `/fhir/${path}`, method === 'DELETE' ? undefined : { resourceType: type, id: 'x' });
          assert.equal(answer.status, 403, `${role} ${method} ${type}`);
          assert.ok(issue(answer).details.text.length > 20);
        }
  });

  it('EU-S-10 nor inside a transaction, whatever its address says', async () => {
    const bundle = (resource, method, url) => ({ resourceType: 'Bundle', type: 'transaction', entry: [{ resource, request: { method, url } }] });
    const plan = { resourceType: 'CarePlan', status: 'active', intent: 'plan', subject: { reference: `Patient/${id}` } };
    for (const role of ['physician', 'nurse', 'admin']) {
      assert.equal((await call(role, 'POST', '/fhir', bundle(plan, 'POST', 'CarePlan'))).status, 403);
      assert.equal((await call(role, 'POST', '/fhir', bundle(plan, 'PUT', 'CarePlan/x'))).status, 403);
      assert.ok((await call(role, 'POST', '/fhir', bundle(plan, 'POST', 'Observation'))).status >= 400);
      assert.ok((await call(role, 'POST', '/fhir', bundle(plan, 'post', 'CarePlan'))).status >= 400);
    }
    assert.equal((await call('nurse', 'POST', '/fhir', bundle(weight(id), 'POST', 'Observation'))).status, 200);
    assert.equal((await call('system', 'GET', '/fhir/CarePlan')).json.entry?.length ?? 0, 0);
  });

  it('shows an administrator no clinical content', async () => {
    for (const path of ['Patient', `Patient/${id}`, `Patient/${id}/_history/1`, 'Observation?code=29463-7', 'CarePlan'])
      assert.equal((await call('admin', 'GET', `/fhir/${path}`)).status, 403, path);
    assert.equal((await call('admin', 'POST', '/fhir/Observation/_search', 'code=1', { 'content-type': 'application/x-www-form-urlencoded' })).status, 403);
    assert.equal((await call('admin', 'GET', '/fhir/Practitioner')).status, 200);
    for (const role of ['physician', 'nurse']) assert.equal((await call(role, 'GET', '/audit')).status, 403);
  });

  it('shows an administrator and a researcher counts, and no patient by an operation either', async () => {
    for (const role of ['admin', 'researcher']) {
      assert.equal((await call(role, 'GET', '/fhir/$outcomes')).status, 200, role);
      for (const path of ['$patients', '$today', '$tasks', `Patient/${id}/$chart`, `Patient/${id}/$evaluate`, `Patient/${id}/$plan`, `Patient/${id}/$follow`, `Patient/${id}/$everything`])
        assert.equal((await call(role, 'GET', `/fhir/${path}`)).status, 403, `${role} ${path}`);
    }
    assert.equal((await call('researcher', 'GET', '/fhir/PlanDefinition')).status, 200);
    assert.equal((await call('researcher', 'GET', '/audit')).status, 403);
  });

  it('lets nobody but a machine delete, and a machine do everything', async () => {
    assert.equal((await call('physician', 'DELETE', `/fhir/Patient/${id}`)).status, 403);
    assert.equal((await call('system', 'DELETE', `/fhir/Observation/x`)).status, 404);
    assert.equal((await call('system', 'POST', '/fhir/Flag', { resourceType: 'Flag' })).status, 422);
  });

  it('EU-S-10 every operation refuses each role that its row does not name', async () => {
    const statement = (await call(null, 'GET', '/fhir/metadata')).json;
    const rest = statement.rest[0];
    const operations = [
      ...(rest.operation ?? []).map((o) => `/fhir/$${o.name}`),
      ...rest.resource.flatMap((r) => (r.operation ?? []).map((o) => `/fhir/${r.type}/none/$${o.name}`)),
    ];
    const counts = { refused: 0, asked: 0 };
    for (const path of operations) {
      assert.equal((await call(null, 'POST', path, { resourceType: 'Parameters' })).status, 401, path);
      for (const role of ['physician', 'nurse', 'admin', 'researcher', 'system']) {
        const answer = await call(role, 'POST', path, { resourceType: 'Parameters' });
        counts[answer.status === 403 ? 'refused' : 'asked']++;
        assert.ok(answer.status < 500, `${role} ${path}: ${answer.status} ${answer.text}`);
        assert.notEqual(answer.status, 401);
        /* What only writes is not to be had by following a link. */
        const got = await call(role, 'GET', path);
        assert.ok([200, 400, 403, 404, 405, 410, 422].includes(got.status), `${role} GET ${path}: ${got.status}`);
      }
    }
    if (operations.length) assert.ok(counts.refused > 0 && counts.asked > 0, JSON.stringify(counts));
  });
});
