// Structured Data Capture: a form filled in from the record, and what its answers say as Observations.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { onEachEngine, patient } from './clinic.mjs';

const sdc = 'http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-';
const loinc = (code) => [{ system: 'http://loinc.org', code }];
const expression = (text, language = 'text/fhirpath') => ({ url: `${sdc}initialExpression`, valueExpression: { language, expression: text } });
const link = (value, code) => ({ url: `${sdc}observationLinkPeriod`, valueDuration: { value, code, system: 'http://unitsofmeasure.org' } });
const unit = (code) => ({ url: 'http://hl7.org/fhir/StructureDefinition/questionnaire-unit', valueCoding: { system: 'http://unitsofmeasure.org', code } });
const extract = (valueBoolean) => ({ url: `${sdc}observationExtract`, valueBoolean });
const options = ['male', 'female', 'unknown'].map((code) => ({ valueCoding: { system: 'http://hl7.org/fhir/administrative-gender', code } }));
const severity = ['LA6568-5', 'LA6569-3'].map((code) => ({ valueCoding: { system: 'http://loinc.org', code } }));
const days = (n) => new Date(Date.now() - n * 86_400_000).toISOString();

const form = {
  resourceType: 'Questionnaire', url: 'http://clinic.example/intake', version: '2', status: 'active', extension: [extract(true)],
  item: [
    { linkId: 'who', type: 'group', text: 'Who', extension: [extract(false)], item: [
      { linkId: 'born', type: 'date', code: loinc('21112-8'), extension: [expression('%patient.birthDate')] },
      { linkId: 'name', type: 'string', extension: [expression("%patient.name.where(use = 'official').given.first()")] },
      { linkId: 'sex', type: 'choice', answerOption: options, extension: [expression('%patient.gender')] },
      { linkId: 'names', type: 'string', extension: [expression('%patient.name.given')] },
      { linkId: 'all names', type: 'string', repeats: true, extension: [expression('%patient.name.given')] },
      { linkId: 'visit', type: 'string', extension: [expression('%encounter.status')] },
      { linkId: 'grown', type: 'boolean', extension: [expression("%patient.birthDate < '2008-01-01'")] },
      { linkId: 'cql', type: 'string', extension: [expression('x', 'text/cql')] },
    ] },
    { linkId: 'kg', type: 'decimal', code: loinc('29463-7'), text: 'Weight', extension: [link(1, 'mo'), unit('kg')] },
    { linkId: 'lb', type: 'decimal', code: loinc('29463-7'), extension: [link(1, 'mo'), unit('[lb_av]')] },
    { linkId: 'weight', type: 'quantity', code: loinc('29463-7'), extension: [link(1, 'mo'), extract(false)] },
    { linkId: 'long ago', type: 'decimal', code: loinc('8302-2'), extension: [link(2, 'd'), unit('cm')] },
    { linkId: 'mood', type: 'choice', code: loinc('44255-8'), answerOption: severity, extension: [link(1, 'a')] },
    { linkId: 'coffee', type: 'integer', initial: [{ valueInteger: 0 }], code: loinc('11111-1') },
  ],
};

onEachEngine(describe, { before, after }, (clinic) => {
  const write = async (resource) => {
    const answer = await clinic().call('system', 'POST', `/fhir/${resource.resourceType}`, resource);
    assert.ok(answer.status < 300, answer.text);
    return answer.json;
  };
  const observation = (person, code, value, effectiveDateTime, status = 'final') => write({
    resourceType: 'Observation', status, subject: { reference: `Patient/${person}` }, code: { coding: loinc(code) }, effectiveDateTime, ...value,
  });
  const quantity = (value, code) => ({ valueQuantity: { value, unit: code, system: 'http://unitsofmeasure.org', code } });
  const part = (json, name) => json.parameter.find((p) => p.name === name)?.resource;
  const items = (response) => Object.fromEntries((function* walk(list) { for (const item of list ?? []) { if (item.answer) yield [item.linkId, item.answer.map((a) => Object.values(a)[0])]; yield* walk(item.item); } })(response.item));
  let person, questionnaire;

  before(async () => {
    questionnaire = await write(form);
    person = (await write({ ...patient('Filled'), name: [{ use: 'official', family: 'Filled', given: ['Ada', 'Bea'] }], birthDate: '1980-05-06', gender: 'female' })).id;
    await observation(person, '29463-7', quantity(99, 'kg'), days(10));
    await observation(person, '29463-7', quantity(80.5, 'kg'), days(3));
    await observation(person, '29463-7', quantity(500, 'kg'), days(1), 'entered-in-error');
    await observation(person, '8302-2', quantity(170, 'cm'), days(30));
    await observation(person, '44255-8', { valueCodeableConcept: { coding: [{ system: 'http://example.org', code: 'x' }, ...loinc('LA6569-3')] } }, days(100));
  });

  it('fills in what is known, and says what it left out', async () => {
    const { status, json, text } = await clinic().call('nurse', 'GET', `/fhir/Questionnaire/${questionnaire.id}/$populate?subject=Patient/${person}`);
    assert.equal(status, 200, text);
    const response = part(json, 'response');
    assert.deepEqual([response.status, response.questionnaire, response.subject.reference], ['in-progress', 'http://clinic.example/intake|2', `Patient/${person}`]);
    assert.deepEqual(items(response), {
      born: ['1980-05-06'], name: ['Ada'], sex: [options[1].valueCoding], 'all names': ['Ada', 'Bea'], grown: [true], kg: [80.5],
      weight: [quantity(80.5, 'kg').valueQuantity], mood: [severity[1].valueCoding], coffee: [0],
    });
    const issues = part(json, 'issues').issue;
    assert.deepEqual(issues.map((i) => /linkId = '(.*)'/.exec(i.expression[0])[1]), ['names', 'cql', 'lb']);
    assert.ok(issues.every((i) => i.severity === 'warning'));
    assert.equal((await clinic().call('nurse', 'POST', '/fhir/QuestionnaireResponse/$validate', response)).json.issue[0].severity, 'information');
  });

  it('takes the form and its context as parameters', async () => {
    const visit = await write({ resourceType: 'Encounter', status: 'in-progress', class: { code: 'AMB' }, subject: { reference: `Patient/${person}` } });
    const subject = { name: 'subject', valueReference: { reference: `Patient/${person}` } };
    const context = { name: 'context', part: [{ name: 'name', valueString: 'encounter' }, { name: 'content', valueReference: { reference: `Encounter/${visit.id}` } }] };
    const populate = async (...parameter) => clinic().call('nurse', 'POST', '/fhir/Questionnaire/$populate', { resourceType: 'Parameters', parameter });
    for (const which of [{ name: 'canonical', valueCanonical: 'http://clinic.example/intake' }, { name: 'questionnaire', resource: form }, { name: 'questionnaireRef', valueReference: { reference: `Questionnaire/${questionnaire.id}` } }]) {
      const { json, text } = await populate(which, subject, context);
      assert.deepEqual(items(part(json, 'response') ?? assert.fail(text)).visit, ['in-progress']);
    }
    assert.equal((await populate(subject)).status, 400);
    assert.equal((await populate({ name: 'canonical', valueUri: 'http://clinic.example/none' }, subject)).status, 404);
    assert.equal((await populate({ name: 'questionnaire', resource: form })).status, 400);
    assert.equal((await populate({ name: 'questionnaire', resource: { ...form, status: 'x' } }, subject)).status, 422);
    assert.equal((await populate({ name: 'questionnaire', resource: form }, { ...subject, valueReference: { reference: 'Patient/nobody' } })).status, 404);
    assert.equal((await clinic().call('researcher', 'GET', `/fhir/Questionnaire/${questionnaire.id}/$populate?subject=Patient/${person}`)).status, 403);
  });

  const answered = (more = {}) => ({
    resourceType: 'QuestionnaireResponse', status: 'completed', questionnaire: 'http://clinic.example/intake|2', subject: { reference: `Patient/${person}` }, authored: '2026-11-20T10:00:00Z',
    author: { reference: `Patient/${person}` },
    item: [
      { linkId: 'who', item: [{ linkId: 'born', answer: [{ valueDate: '1980-05-06' }] }] }, { linkId: 'kg', answer: [{ valueDecimal: 80.5 }] }, { linkId: 'weight', answer: [{ valueQuantity: { value: 1 } }] },
      { linkId: 'mood', answer: [{ valueCoding: { ...severity[1].valueCoding, display: 'Several days' } }] }, { linkId: 'coffee', answer: [{ valueInteger: 3 }] }, { linkId: 'lb' },
    ],
    ...more,
  });

  it('takes Observations out of what is marked, once however often they are sent', async () => {
    const stored = await write(answered());
    const { json } = await clinic().call('nurse', 'GET', `/fhir/QuestionnaireResponse/${stored.id}/$extract`);
    const bundle = part(json, 'return');
    assert.deepEqual(bundle.entry.map(({ resource }) => [resource.code.coding[0].code, resource.valueQuantity ?? resource.valueInteger ?? resource.valueCodeableConcept]), [
      ['29463-7', { value: 80.5, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' }],
      ['44255-8', { coding: [{ ...severity[1].valueCoding, display: 'Several days' }], text: 'Several days' }], ['11111-1', 3],
    ]);
    for (const { resource } of bundle.entry)
      assert.deepEqual([resource.status, resource.subject.reference, resource.effectiveDateTime, resource.performer[0].reference, resource.derivedFrom[0].reference],
        ['final', `Patient/${person}`, '2026-11-20T10:00:00Z', `Patient/${person}`, `QuestionnaireResponse/${stored.id}`]);
    for (const expected of ['201', '200']) {
      const sent = await clinic().call('nurse', 'POST', '/fhir', bundle);
      assert.deepEqual(sent.json.entry.map(({ response }) => response.status.slice(0, 3)), [expected, expected, expected], sent.text);
    }
  });

  it('refuses what is not finished, and what has no form', async () => {
    const post = (resource) => clinic().call('nurse', 'POST', '/fhir/QuestionnaireResponse/$extract', resource);
    assert.equal(part((await post(answered({ status: 'amended' }))).json, 'return').entry[0].resource.status, 'amended');
    assert.equal((await post(answered({ status: 'in-progress' }))).status, 422);
    assert.equal((await post(answered({ questionnaire: undefined }))).status, 422);
    assert.equal((await post(answered({ questionnaire: 'http://clinic.example/none' }))).status, 404);
    assert.equal((await post(patient())).status, 400);
    const none = await post({ resourceType: 'Parameters', parameter: [{ name: 'questionnaire-response', resource: answered({ item: [] , questionnaire: 'x' }) }, { name: 'questionnaire', resource: form }] });
    assert.equal(none.status, 422, none.text);
  });
});
