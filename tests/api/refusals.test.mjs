// Bad input, and how it is refused: a table of cases, each with its status, the code of the issue and the place that is named.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { onEachEngine, patient } from './clinic.mjs';

const form = { 'content-type': 'application/x-www-form-urlencoded' }, patch = { 'content-type': 'application/json-patch+json' };
const P = (more) => ({ resourceType: 'Patient', ...more });
const O = (more) => ({ resourceType: 'Observation', status: 'final', code: { text: 'x' }, ...more });
const bundle = (type, ...entry) => ({ resourceType: 'Bundle', type, entry });
const entry = (resource, method, url) => ({ ...(resource ? { resource } : {}), request: { method, url } });
const deep = (n) => `{"resourceType":"Patient","contained":${'['.repeat(n)}${']'.repeat(n)}}`;
const xhtml = (inside) => ({ text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${inside}</div>` } });

/** [what, method, path, body, status, code, expression, headers]. ID is a patient of the clinic's. */
const cases = [
  // the text itself
  ['no JSON', 'POST', 'Patient', '{"resourceType":"Patient"', 400, 'structure', 'resourceType'],
  ['something after it', 'POST', 'Patient', '{"resourceType":"Patient"}x', 400, 'structure', undefined],
  ['a name twice', 'POST', 'Patient', '{"resourceType":"Patient","active":true,"active":false}', 400, 'structure', 'active'],
  ['a name twice, deep', 'POST', 'Patient', '{"resourceType":"Patient","name":[{"text":"a"},{"text":"a","text":"b"}]}', 400, 'structure', 'name[1].text'],
  ['a NUL', 'POST', 'Patient', '{"resourceType":"Patient","name":[{"text":"a\\u0000b"}]}', 400, 'structure', 'name[0].text'],
  ['half a surrogate', 'POST', 'Patient', '{"resourceType":"Patient","name":[{"text":"\\ud800"}]}', 400, 'structure', 'name[0].text'],
  ['bytes that are no UTF-8', 'POST', 'Patient', new Uint8Array([...Buffer.from('{"resourceType":"Patient","name":[{"text":"'), 0xff, ...Buffer.from('"}]}')]), 400, 'structure', 'name[0].text'],
  ['too deep', 'POST', 'Patient', deep(600), 400, 'structure', `contained${'[0]'.repeat(63)}`],
  ['nothing', 'POST', 'Patient', '', 400, 'structure', undefined],
  ['a list', 'POST', 'Patient', [], 422, 'invalid', 'Resource'],
  ['another media type', 'POST', 'Patient', '<Patient/>', 415, 'not-supported', undefined, { 'content-type': 'application/fhir+xml' }],
  // structure
  ['no type', 'POST', 'Patient', {}, 422, 'invalid', 'Resource'],
  ['another type', 'POST', 'Patient', O(), 422, 'invalid', 'Observation'],
  ['a member that R4 does not have', 'POST', 'Patient', P({ colour: 'red' }), 422, 'invalid', 'Patient.colour'],
  ['a member of R5', 'POST', 'Observation', O({ triggeredBy: [] }), 422, 'invalid', 'Observation.triggeredBy'],
  ['no list where one is wanted', 'POST', 'Patient', P({ name: { text: 'x' } }), 422, 'invalid', 'Patient.name'],
  ['a list where none is wanted', 'POST', 'Patient', P({ birthDate: ['1984'] }), 422, 'invalid', 'Patient.birthDate'],
  ['an empty list', 'POST', 'Patient', P({ name: [] }), 422, 'invalid', 'Patient.name'],
  ['an empty object', 'POST', 'Patient', P({ name: [{}] }), 422, 'invalid', 'Patient.name[0]'],
  ['null', 'POST', 'Patient', P({ birthDate: null }), 422, 'invalid', 'Patient.birthDate'],
  ['what is required is missing', 'POST', 'Observation', { resourceType: 'Observation', status: 'final' }, 422, 'invalid', 'Observation.code'],
  ['two of a choice', 'POST', 'Observation', O({ valueString: 'x', valueInteger: 1 }), 422, 'invalid', 'Observation.value[x]'],
  ['extensions of nothing', 'POST', 'Patient', P({ _birthDate: {} }), 422, 'invalid', 'Patient._birthDate'],
  ['an extension with value and extensions', 'POST', 'Patient', P({ extension: [{ url: 'urn:x', valueString: 'a', extension: [{ url: 'urn:y', valueString: 'b' }] }] }), 422, 'invalid', 'Patient.extension[0]'],
  // types
  ['30 February', 'POST', 'Patient', P({ birthDate: '1984-02-30' }), 422, 'invalid', 'Patient.birthDate'],
  ['29 February of no leap year', 'POST', 'Patient', P({ birthDate: '1985-02-29' }), 422, 'invalid', 'Patient.birthDate'],
  ['a date with a time', 'POST', 'Patient', P({ birthDate: '1984-02-29T10:00:00Z' }), 422, 'invalid', 'Patient.birthDate'],
  ['a time without a zone', 'POST', 'Observation', O({ effectiveDateTime: '2026-11-17T10:42:00' }), 422, 'invalid', 'Observation.effectiveDateTime'],
  ['an instant without seconds', 'POST', 'Observation', O({ issued: '2026-11-17T10:42Z' }), 422, 'invalid', 'Observation.issued'],
  ['a text for a boolean', 'POST', 'Patient', P({ active: 'true' }), 422, 'invalid', 'Patient.active'],
  ['a text for a number', 'POST', 'Observation', O({ valueQuantity: { value: '71.5' } }), 422, 'invalid', 'Observation.valueQuantity.value'],
  ['a fraction for an integer', 'POST', 'Observation', O({ valueInteger: 1.5 }), 422, 'invalid', 'Observation.valueInteger'],
  ['an integer beyond 32 bits', 'POST', 'Observation', O({ valueInteger: 2147483648 }), 422, 'invalid', 'Observation.valueInteger'],
  ['a code with a space at its end', 'POST', 'Patient', P({ language: 'en ' }), 422, 'invalid', 'Patient.language'],
  ['an empty text', 'POST', 'Patient', P({ name: [{ text: '' }] }), 422, 'invalid', 'Patient.name[0].text'],
  ['an id with a slash', 'PUT', 'Patient/a%2Fb', P({ id: 'a/b' }), 422, 'invalid', 'Patient.id'],
  ['an id of 65 characters', 'PUT', `Patient/${'a'.repeat(65)}`, P({ id: 'a'.repeat(65) }), 422, 'invalid', 'Patient.id'],
  ['no base64', 'POST', 'Patient', P({ photo: [{ contentType: 'image/png', data: '***' }] }), 422, 'invalid', 'Patient.photo[0].data'],
  // bindings, references, narrative, invariants
  ['a code outside a required binding', 'POST', 'Patient', P({ gender: 'man' }), 422, 'invalid', 'Patient.gender'],
  ['one deep inside', 'POST', 'Patient', P({ contact: [{ name: { use: 'stage', text: 'x' } }] }), 422, 'invalid', 'Patient.contact[0].name.use'],
  ['a reference to another type', 'POST', 'Observation', O({ subject: { reference: 'Observation/1' } }), 422, 'invalid', 'Observation.subject'],
  ['a script in the narrative', 'POST', 'Patient', P(xhtml('<script>alert(1)</script>')), 422, 'invalid', 'Patient.text.div'],
  ['a handler in the narrative', 'POST', 'Patient', P(xhtml('<p onclick="x()">x</p>')), 422, 'invalid', 'Patient.text.div'],
  ['an address of a script', 'POST', 'Patient', P(xhtml('<a href="javascript:x()">x</a>')), 422, 'invalid', 'Patient.text.div'],
  ['a value and why there is none', 'POST', 'Observation', O({ valueInteger: 1, dataAbsentReason: { text: 'x' } }), 422, 'invalid', 'Observation'],
  ['a period that ends before it starts', 'POST', 'Observation', O({ effectivePeriod: { start: '2026-11-02', end: '2026-11-01' } }), 422, 'invalid', 'Observation.effectivePeriod'],
  ['a contact of nobody', 'POST', 'Patient', P({ contact: [{ gender: 'male' }] }), 422, 'invalid', 'Patient.contact[0]'],
  ['a fragment of nothing', 'POST', 'Observation', O({ subject: { reference: '#nobody' } }), 422, 'invalid', 'Observation.subject'],
  // addresses, versions, conditions
  ['a type that R4 does not have', 'GET', 'Pattient', undefined, 404, 'not-found', undefined],
  ['an id that is not there', 'GET', 'Patient/nobody', undefined, 404, 'not-found', 'Patient'],
  ['a version that is not there', 'GET', 'Patient/ID/_history/99', undefined, 404, 'not-found', 'Patient'],
  ['an operation that is not there', 'POST', 'Patient/ID/$dance', { resourceType: 'Parameters' }, 404, 'not-found', undefined],
  ['a method that does not go', 'DELETE', 'metadata', undefined, 405, 'not-supported', undefined],
  ['another id in the content', 'PUT', 'Patient/ID', P({ id: 'x' }), 400, 'structure', 'Patient.id'],
  ['no id in the content', 'PUT', 'Patient/ID', P(), 400, 'structure', 'Patient.id'],
  ['a version that has passed', 'PUT', 'Patient/ID', P({ id: 'ID' }), 412, 'conflict', 'Patient.meta.versionId', { 'if-match': 'W/"99"' }],
  ['no version', 'PUT', 'Patient/ID', P({ id: 'ID' }), 400, 'structure', 'If-Match', { 'if-match': 'yesterday' }],
  ['a condition of a parameter that is not there', 'POST', 'Patient', P(), 400, 'structure', 'nothing', { 'if-none-exist': 'nothing=1' }],
  ['a key that is too short', 'POST', 'Patient', P(), 400, 'structure', 'Idempotency-Key', { 'idempotency-key': 'x' }],
  // patches
  ['a patch that is none', 'PATCH', 'Patient/ID', {}, 400, 'structure', undefined, patch],
  ['an operation that is none', 'PATCH', 'Patient/ID', [{ op: 'paint', path: '/active' }], 400, 'structure', '[0].op', patch],
  ['a place that is not there', 'PATCH', 'Patient/ID', [{ op: 'replace', path: '/photo/0/url', value: 'x' }], 422, 'business-rule', '[0].path', patch],
  ['a test that fails', 'PATCH', 'Patient/ID', [{ op: 'test', path: '/birthDate', value: '1900' }], 422, 'business-rule', '[0].value', patch],
  ['what would not be valid', 'PATCH', 'Patient/ID', [{ op: 'add', path: '/gender', value: 'man' }], 422, 'invalid', 'Patient.gender', patch],
  // searches
  ['an unknown parameter, strictly', 'GET', 'Patient?nothing=1', undefined, 400, 'structure', 'nothing', { prefer: 'handling=strict' }],
  ['an unknown modifier', 'GET', 'Patient?family:like=x', undefined, 400, 'structure', 'family:like'],
  ['no date', 'GET', 'Patient?birthdate=soon', undefined, 400, 'structure', 'birthdate'],
  ['a date that does not exist', 'GET', 'Patient?birthdate=1984-02-30', undefined, 400, 'structure', 'birthdate'],
  ['no number', 'GET', 'Observation?value-quantity=tall', undefined, 400, 'structure', 'value-quantity'],
  ['a chain that leads nowhere', 'GET', 'Observation?code.name=x', undefined, 400, 'structure', 'code.name'],
  ['a broken escape', 'GET', 'Patient?family=%4', undefined, 400, 'structure', undefined],
  ['no count', 'GET', 'Patient?_count=many', undefined, 400, 'structure', '_count'],
  ['a sort by nothing', 'GET', 'Patient?_sort=nothing', undefined, 400, 'structure', '_sort'],
  ['another one\'s cursor', 'GET', 'Patient?_cursor=x', undefined, 400, 'structure', '_cursor'],
  ['an include of nothing', 'GET', 'Patient?_include=Patient:family', undefined, 400, 'structure', '_include'],
  ['a form that is none', 'POST', 'Patient/_search', 'family=%', 400, 'structure', undefined, form],
  // conversions
  ['a conversion of XML', 'POST', '$convert', '<Patient/>', 415, 'not-supported', undefined, { 'content-type': 'application/fhir+xml' }],
  ['a conversion to XML', 'POST', '$convert?_format=xml', P(), 406, 'not-supported', undefined],
  ['a conversion of no resource', 'POST', '$convert', { resourceType: 'Letter' }, 400, 'structure', 'resourceType'],
  ['a conversion of what is wrong', 'POST', '$convert', P({ birthDate: '1984-02-30' }), 422, 'invalid', 'Patient.birthDate'],
  ['a search in JSON', 'POST', 'Patient/_search', {}, 415, 'not-supported', undefined],
  // bundles
  ['no bundle', 'POST', '', P(), 400, 'structure', 'resourceType'],
  ['a bundle of another kind', 'POST', '', bundle('collection'), 400, 'structure', 'Bundle.type'],
  ['an entry without a request', 'POST', '', bundle('transaction', { resource: P() }), 400, 'structure', 'Bundle.entry[0].request.method'],
  ['an entry of another type', 'POST', '', bundle('transaction', entry(P(), 'POST', 'Observation')), 400, 'structure', 'Bundle.entry[0].resource.resourceType'],
  ['a fault in the third entry', 'POST', '', bundle('transaction', entry(P(), 'POST', 'Patient'), entry(P(), 'POST', 'Patient'), entry(P({ birthDate: 'x' }), 'POST', 'Patient')), 422, 'invalid', 'Bundle.entry[2].resource.birthDate'],
  ['one resource written twice', 'POST', '', bundle('transaction', entry(P({ id: 'twice' }), 'PUT', 'Patient/twice'), entry(P({ id: 'twice' }), 'PUT', 'Patient/twice')), 400, 'structure', 'Bundle.entry[1]'],
  ['a reference that nothing matches', 'POST', '', bundle('transaction', entry(O({ subject: { reference: 'Patient?identifier=urn:x|nobody' } }), 'POST', 'Observation')), 412, 'conflict', 'Bundle.entry[0].resource.subject.reference'],
  ['one in a list that nothing matches', 'POST', '', bundle('transaction', entry(O({ performer: [{ display: 'somebody' }, { reference: 'Practitioner?identifier=urn:x|nobody' }] }), 'POST', 'Observation')), 412, 'conflict', 'Bundle.entry[0].resource.performer[1].reference'],
];

onEachEngine(describe, { before, after }, (clinic) => {
  let id;
  before(async () => { id = (await clinic().call('system', 'POST', '/fhir/Patient', patient('Standing'))).json.id; });
  const named = (value) => (value === undefined || value instanceof Uint8Array ? value : (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('ID', id));

  for (const [what, method, path, body, status, code, expression, headers] of cases)
    it(`${what} (${method} ${path})`, async () => {
      const answer = await clinic().call('system', method, `/fhir/${named(path)}`.replace(/\/$/, ''), named(body), headers);
      const issue = answer.json?.issue?.[0] ?? {};
      assert.equal(answer.json?.resourceType, 'OperationOutcome', answer.text.slice(0, 300));
      assert.deepEqual([answer.status, issue.code, issue.expression?.[0]?.replaceAll(id, 'ID')], [status, code, expression], answer.text.slice(0, 300));
      assert.ok(issue.severity === 'error' && issue.details.text.length > 10, answer.text);
    });

  it('left nothing behind', async () => {
    const { json } = await clinic().call('system', 'GET', '/fhir?_type=Patient,Observation&_summary=count');
    assert.equal(json.total, 1);
    assert.equal((await clinic().call('system', 'GET', `/fhir/Patient/${id}`)).json.meta.versionId, '1');
  });
});
