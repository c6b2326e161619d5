// Every role by every way to a resource, by type: generated, and compared with a policy that is written down here a second time.
// Each resource carries a mark; where a role may not read its type, no answer to that role holds the mark.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { onEachEngine } from './clinic.mjs';

const roles = ['physician', 'nurse', 'admin', 'researcher', 'system'];
const concept = { text: 'x' };
const subject = { reference: 'Patient/marked' };
/** One resource of each type: whose it is and what R4 demands. */
const bodies = {
  Patient: { id: 'marked' }, Observation: { status: 'final', code: concept, subject }, Condition: { subject }, Encounter: { status: 'finished', class: { code: 'AMB' }, subject },
  AllergyIntolerance: { clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' }] }, patient: subject }, QuestionnaireResponse: { status: 'completed', subject }, Questionnaire: { status: 'active' }, Consent: { status: 'active', scope: concept, category: [concept], policyRule: concept, patient: subject },
  MedicationStatement: { status: 'active', medicationCodeableConcept: concept, subject }, DocumentReference: { status: 'current', content: [{ attachment: { url: 'urn:x' } }], subject }, CareTeam: { subject },
  CarePlan: { status: 'active', intent: 'plan', subject }, MedicationRequest: { status: 'active', intent: 'order', medicationCodeableConcept: concept, subject },
  MedicationAdministration: { status: 'completed', medicationCodeableConcept: concept, subject, effectiveDateTime: '2026-10-01' }, Procedure: { status: 'completed', subject },
  Task: { status: 'requested', intent: 'order', for: subject }, Flag: { status: 'active', code: concept, subject }, RiskAssessment: { status: 'final', subject }, DetectedIssue: { status: 'final', patient: subject },
  Coverage: { status: 'active', beneficiary: subject, payor: [subject] }, ExplanationOfBenefit: undefined, Device: { patient: subject },
  Practitioner: {}, Organization: { name: 'x' }, Location: {}, PlanDefinition: { status: 'active' },
  Basic: { code: concept, subject }, Invoice: { status: 'draft', subject },
};
delete bodies.ExplanationOfBenefit;
const types = Object.keys(bodies);
const among = (...list) => (type) => list.includes(type);
const entered = among('Patient', 'Observation', 'Condition', 'Encounter', 'AllergyIntolerance', 'QuestionnaireResponse', 'Questionnaire', 'Consent', 'MedicationStatement', 'DocumentReference', 'CareTeam');
const staff = among('Practitioner', 'Organization', 'Location'), machines = among('Basic', 'Invoice'), definitions = among('PlanDefinition');
/** What each role may: the second writing of the server's table. */
const policy = {
  physician: { read: (type) => !machines(type), write: entered, remove: () => false },
  nurse: { read: (type) => !machines(type), write: entered, remove: () => false },
  admin: { read: (type) => staff(type) || definitions(type), write: staff, remove: () => false },
  researcher: { read: definitions, write: () => false, remove: () => false },
  system: { read: () => true, write: () => true, remove: () => true },
};

const mark = (type) => `secret-${type}`;
const marked = (type) => ({ resourceType: type, id: 'marked', meta: { tag: [{ system: 'urn:leak', code: mark(type) }] }, ...bodies[type] });
const json = (type, ...entry) => ['POST', '/fhir', { resourceType: 'Bundle', type, entry }];
const form = { 'content-type': 'application/x-www-form-urlencoded' }, patch = { 'content-type': 'application/json-patch+json' };

/** [name, method, path, body, headers]: the answer holds the mark where the type may be read. */
const reads = (type) => [
  ['read', 'GET', `/fhir/${type}/marked`], ['vread', 'GET', `/fhir/${type}/marked/_history/1`], ['history', 'GET', `/fhir/${type}/marked/_history`],
  ['history of the type', 'GET', `/fhir/${type}/_history`], ['search over types', 'GET', `/fhir?_type=${type}`], ['search over types by POST', 'POST', '/fhir/_search', `_type=${type}`, form], ['search', 'GET', `/fhir/${type}`], ['search by tag', 'GET', `/fhir/${type}?_tag=urn:leak|${mark(type)}`],
  ['search by POST', 'POST', `/fhir/${type}/_search`, '_id=marked', form], ['$meta', 'GET', `/fhir/${type}/marked/$meta`],
  ['parts', 'GET', `/fhir/${type}/marked?_elements=id`], ['in a batch', ...json('batch', { request: { method: 'GET', url: `${type}/marked` } })],
  ['search in a batch', ...json('batch', { request: { method: 'GET', url: `${type}?_id=marked` } })], ['in a transaction', ...json('transaction', { request: { method: 'GET', url: `${type}/marked` } })],
];
/** Ways round: never refused as such, and never with the mark where the type may not be read. */
const ways = (type) => [
  ['revinclude', 'GET', `/fhir/Patient?_id=marked&_revinclude=${type}:*`], ['revinclude of staff', 'GET', `/fhir/Practitioner?_revinclude=${type}:*`],
  ['include', 'GET', `/fhir/${type}?_include=*`], ['chart', 'GET', '/fhir/Patient/marked/$everything'], ['documents', 'GET', '/fhir/DocumentReference/$docref?patient=marked'], ['history of all', 'GET', '/fhir/_history?_count=1000'],
  ['total', 'GET', `/fhir/${type}?_summary=count`], ['chart in a batch', ...json('batch', { request: { method: 'GET', url: 'Patient/marked/$everything' } })],
];
const writes = (type) => {
  const body = { resourceType: type, id: 'none', wrong: true };
  return [
    ['create', 'POST', `/fhir/${type}`, body], ['update', 'PUT', `/fhir/${type}/none`, body], ['patch', 'PATCH', `/fhir/${type}/none`, [], patch],
    ['conditional create', 'POST', `/fhir/${type}`, body, { 'if-none-exist': '_id=none' }], ['conditional update', 'PUT', `/fhir/${type}?_id=none`, body],
    ['conditional patch', 'PATCH', `/fhir/${type}?_id=none`, [], patch], ['in a transaction', ...json('transaction', { resource: body, request: { method: 'PUT', url: `${type}/none` } })],
    ['in a batch', ...json('batch', { resource: body, request: { method: 'PUT', url: `${type}/none` } })],
  ];
};
const removals = (type) => [['delete', 'DELETE', `/fhir/${type}/none`], ['conditional delete', 'DELETE', `/fhir/${type}?_id=none`],
  ['cascade', 'DELETE', `/fhir/${type}/none?_cascade=delete`], ['in a transaction', ...json('transaction', { request: { method: 'DELETE', url: `${type}/none` } })]];

const refused = (answer) => answer.status === 403 || answer.json?.entry?.[0]?.response?.status === '403';

onEachEngine(describe, { before, after }, (clinic) => {
  const leaks = [];
  let cases = 0;
  const ask = async (role, [, method, path, body, headers]) => {
    cases++;
    return clinic().call(role, method, path, body, headers);
  };

  before(async () => {
    for (const type of types) {
      const answer = await clinic().call('system', 'PUT', `/fhir/${type}/marked`, marked(type));
      assert.equal(answer.status, 201, `${type}: ${answer.text}`);
    }
  });

  for (const role of roles)
    it(`${role}: reads what the policy says, by every way`, async () => {
      for (const type of types) {
        const may = policy[role].read(type);
        for (const row of reads(type)) {
          const answer = await ask(role, row), what = `${role} ${type} ${row[0]}: ${answer.status} ${answer.text.slice(0, 200)}`;
          assert.equal(refused(answer), !may, what);
          assert.equal(answer.text.includes(mark(type)), may, what);
        }
        for (const row of ways(type)) {
          const answer = await ask(role, row);
          for (const other of types)
            if (!policy[role].read(other) && answer.text.includes(mark(other)) && !row[2].includes(mark(other))) leaks.push(`${role} ${type} ${row[0]} shows ${other}`);
        }
      }
      assert.deepEqual(leaks, []);
    });

  for (const role of roles)
    it(`${role}: writes what the policy says, by every way`, async () => {
      for (const type of types) {
        for (const row of writes(type)) assert.equal(refused(await ask(role, row)), !policy[role].write(type), `${role} ${type} ${row[0]}`);
        for (const row of removals(type)) assert.equal(refused(await ask(role, row)), !policy[role].remove(type), `${role} ${type} ${row[0]}`);
      }
    });

  it('has asked at least a thousand times', () => assert.ok(cases >= 1000, `${cases}`));
});
