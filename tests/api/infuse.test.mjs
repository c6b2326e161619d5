// A session from the chair to the milligrams given, over FHIR, on the real program. What evaluate and plan would have
// left in the record is written here directly, so that each missing fact can be left out.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { onEachEngine } from './clinic.mjs';

const minute = 60_000;
const ago = (minutes) => new Date(Date.now() - minutes * minute).toISOString();

const url = (name) => `urn:euthymia:extension:${name}`;
const rxnorm = { coding: [{ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: '6130', display: 'ketamine' }] };

function observation(id, value, more = {}) {
  return { resourceType: 'Observation', status: 'final', subject: { reference: `Patient/${id}` }, effectiveDateTime: ago(5), issued: ago(5),
    method: { coding: [{ system: 'urn:euthymia:measured', code: 'clinic' }] }, ...value, ...more };
}
const loinc = (code) => ({ coding: [{ system: 'http://loinc.org', code }] });
const quantity = (value, unit) => ({ value, unit, system: 'http://unitsofmeasure.org', code: unit });
const pressure = (id, systolic, diastolic, minutes) => observation(id, { code: loinc('85354-9'), component: [
  { code: loinc('8480-6'), valueQuantity: quantity(systolic, 'mm[Hg]') }, { code: loinc('8462-4'), valueQuantity: quantity(diastolic, 'mm[Hg]') }] },
{ effectiveDateTime: ago(minutes), issued: ago(minutes) });

/** A patient whom everything lets start; leave: what is left out. */
async function readyPatient(call, leave = '') {
  const create = async (resource) => {
    const answer = await call('system', 'POST', `/fhir/${resource.resourceType}`, resource);
    assert.equal(answer.status, 201, answer.text);
    return answer.json.id;
  };
  const id = await create({ resourceType: 'Patient', name: [{ given: ['Ada'], family: 'Test' }], gender: 'female', birthDate: '1990-04-01' });
  const subject = { reference: `Patient/${id}` };
  if (leave !== 'weight') await create(observation(id, { code: loinc('29463-7'), valueQuantity: quantity(80, 'kg') }));
  if (leave !== 'escort') await create(observation(id, { code: { coding: [{ system: 'urn:euthymia:fact', code: 'escort' }] }, valueBoolean: true, note: [{ text: 'Ruth, sister' }] }));
  if (leave !== 'evaluation') await create({ resourceType: 'GuidanceResponse', moduleUri: 'urn:euthymia:rule-set:evaluate:1', status: 'success', subject, occurrenceDateTime: ago(5) });
  if (leave !== 'course') {
    const plan = await create({ resourceType: 'CarePlan', status: 'active', intent: 'plan', title: 'IV-6x2', instantiatesUri: ['urn:euthymia:protocol:IV-6x2'], subject,
      created: ago(60 * 24), author: { display: 'Dr Raman' }, activity: Array.from({ length: 6 }, (_, i) => ({ detail: { status: 'scheduled', kind: 'MedicationRequest',
        scheduledPeriod: { start: new Date(Date.now() + i * 84 * 60 * minute).toISOString() } } })) });
    await create({ resourceType: 'MedicationRequest', status: 'active', intent: 'order', medicationCodeableConcept: rxnorm, subject, basedOn: [{ reference: `CarePlan/${plan}` }],
      authoredOn: ago(60 * 24), extension: [{ url: url('concentration-mg-per-ml'), valueDecimal: 0.4 }],
      dosageInstruction: [{ timing: { repeat: { duration: 40, durationUnit: 'min' } }, doseAndRate: [{ doseQuantity: quantity(40, 'mg'), rateQuantity: quantity(150, 'mL/h') }] }] });
  }
  if (leave !== 'pressures') {
    await create(pressure(id, 132, 82, 20));
    await create(pressure(id, 130, 80, 10));
  }
  return id;
}

const parameters = (body) => ({ resourceType: 'Parameters', parameter: Object.entries(body).map(([name, value]) =>
  typeof value === 'boolean' ? { name, valueBoolean: value } : typeof value === 'number' ? { name, valueDecimal: value } : { name, valueString: value }) });
function group(list = []) {
  const result = {};
  for (const p of list) {
    const key = Object.keys(p).find((k) => k.startsWith('value'));
    const value = p.part ? group(p.part) : p[key];
    if (p.name in result) result[p.name] = [].concat(result[p.name], [value]);
    else result[p.name] = value;
  }
  return result;
}
const all = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

onEachEngine(describe, { before, after }, (clinic) => {
  const call = (...args) => clinic().call(...args);
  const tell = async (path, body, role = 'nurse') => {
    const answer = await call(role, 'POST', `/fhir/${path}`, parameters(body));
    return { status: answer.status, text: answer.text, ...group(answer.json?.parameter) };
  };
  const show = async (encounter) => {
    const answer = await call('nurse', 'GET', `/fhir/Encounter/${encounter}/$infuse`);
    assert.equal(answer.status, 200, answer.text);
    return group(answer.json.parameter);
  };
  let chair = 0;
  const seat = async (patient) => {
    chair = chair % 4 + 1;
    const opened = await tell(`Patient/${patient}/$session-open`, { chair });
    assert.equal(opened.status, 200, opened.text);
    return opened.encounter;
  };
  const resources = async (type, encounter) => {
    const by = type === 'MedicationAdministration' ? 'context' : 'encounter';
    return ((await call('system', 'GET', `/fhir/${type}?${by}=Encounter/${encounter}&_count=200`)).json.entry ?? []).map((e) => e.resource);
  };
  const free = async (encounter) => { // leaves the chair to the next test
    await tell(`Encounter/${encounter}/$pump`, { action: 'stopped' });
    await tell(`Encounter/${encounter}/$pump`, { action: 'volume-left', 'volume-left-ml': '50' });
    const ended = await tell(`Encounter/${encounter}/$session-end`, {});
    assert.equal(ended.status, 200, ended.text);
  };

  it('runs from the chair to the milligrams given', async () => {
    const encounter = await seat(await readyPatient(call));
    const before = await show(encounter);
    assert.deepEqual([before.phase, before['pump-state'], before['gate-open']], ['prepare', 'not-started', true]);
    const pump = (body) => tell(`Encounter/${encounter}/$pump`, body);
    assert.equal((await pump({ action: 'started', 'rate-ml-per-h': '150' })).status, 200);
    assert.equal((await pump({ action: 'paused' })).status, 200);
    assert.equal((await pump({ action: 'resumed', 'rate-ml-per-h': '150' })).status, 200);
    assert.equal((await pump({ action: 'rate', 'rate-ml-per-h': '120' })).status, 200);
    assert.equal((await pump({ action: 'reading', 'volume-left-ml': '99.9' })).status, 200);
    assert.equal((await pump({ action: 'stopped' })).status, 200);
    assert.equal((await tell(`Encounter/${encounter}/$session-end`, {})).status, 422, 'the volume left is missing');
    assert.equal((await pump({ action: 'volume-left', 'volume-left-ml': '27.5' })).status, 200);
    const shown = await show(encounter);
    assert.equal(shown['given-mg'], 29);
    assert.equal(shown['given-by-volume-mg'], 29);
    assert.ok(shown['given-by-rate-mg'] < 1);
    assert.ok(Math.abs(shown['difference-mg'] - (29 - shown['given-by-rate-mg'])) < 1e-9);
    const ended = await tell(`Encounter/${encounter}/$session-end`, {});
    assert.deepEqual([ended.status, ended.phase, ended['given-mg']], [200, 'home', 29]);

    const [procedure] = await resources('Procedure', encounter);
    assert.equal(procedure.status, 'completed');
    assert.equal(procedure.extension.find((e) => e.url === url('given-mg')).valueDecimal, 29);
    const segments = await resources('MedicationAdministration', encounter);
    assert.deepEqual(segments.map((s) => [s.status, s.dosage.rateQuantity.value]).sort((a, b) => a[1] - b[1]),
      [['completed', 0], ['completed', 120], ['completed', 150], ['completed', 150]]);
    assert.equal((await call('system', 'GET', `/fhir/Encounter/${encounter}`)).json.status, 'finished');
  });

  for (const [missing, word] of [['weight', /weight/i], ['escort', /escort/i], ['evaluation', /evaluation/i], ['pressures', /pressures/i]])
    it(`EU-S-02 no start without ${missing}`, async () => {
      const encounter = await seat(await readyPatient(call, missing));
      const started = await tell(`Encounter/${encounter}/$pump`, { action: 'started', 'rate-ml-per-h': '150' });
      assert.equal(started.status, 422);
      assert.match(started.text, word);
      assert.equal((await resources('MedicationAdministration', encounter)).length, 0);
      assert.equal((await tell(`Encounter/${encounter}/$session-end`, {})).status, 200);
      assert.equal((await resources('Procedure', encounter))[0].status, 'not-done');
    });

  it('EU-S-02 no chair without a signed course, none for the dead, none twice', async () => {
    assert.match((await tell(`Patient/${await readyPatient(call, 'course')}/$session-open`, { chair: 4 })).text, /signed course/);
    const id = await readyPatient(call);
    const encounter = await seat(id);
    assert.equal((await tell(`Patient/${id}/$session-open`, { chair: chair % 4 + 1 })).status, 409);
    assert.equal((await tell(`Patient/${await readyPatient(call)}/$session-open`, { chair })).status, 409);
    const patient = (await call('system', 'GET', `/fhir/Patient/${id}`)).json;
    await call('system', 'PUT', `/fhir/Patient/${id}`, { ...patient, deceasedDateTime: ago(1) });
    assert.match((await tell(`Encounter/${encounter}/$pump`, { action: 'started', 'rate-ml-per-h': '150' })).text, /died/);
    assert.equal((await tell(`Encounter/${encounter}/$session-end`, {})).status, 200);
    assert.equal((await tell(`Patient/${id}/$session-open`, { chair })).status, 422);
  });

  it('EU-S-04 no rate above the limit is recorded, at the start or later', async () => {
    const encounter = await seat(await readyPatient(call));
    const pump = (body) => tell(`Encounter/${encounter}/$pump`, body);
    assert.match((await pump({ action: 'started', 'rate-ml-per-h': '226' })).text, /1\.5 mg\/min/);
    assert.match((await pump({ action: 'started', 'rate-ml-per-h': '201' })).text, /30 min/);
    assert.equal((await pump({ action: 'started', 'rate-ml-per-h': '1e2' })).status, 422);
    assert.equal((await pump({ action: 'started' })).status, 422);
    assert.equal((await pump({ action: 'started', 'rate-ml-per-h': '150' })).status, 200);
    assert.match((await pump({ action: 'rate', 'rate-ml-per-h': '225.1' })).text, /limit/);
    await free(encounter);
  });

  it('refuses an order of events that cannot have been, with a sentence', async () => {
    const encounter = await seat(await readyPatient(call));
    const pump = (body) => tell(`Encounter/${encounter}/$pump`, body);
    for (const action of ['paused', 'stopped', 'reading']) assert.equal((await pump({ action })).status, 409, action);
    assert.equal((await pump({ action: 'started', 'rate-ml-per-h': '150' })).status, 200);
    const again = await pump({ action: 'started', 'rate-ml-per-h': '150' });
    assert.equal(again.status, 409);
    assert.match(again.text, /by the record the pump was running/);
    assert.match((await pump({ action: 'paused', at: new Date(Date.now() + 10 * minute).toISOString() })).text, /not come yet/);
    assert.match((await pump({ action: 'exploded' })).text, /at the pump/);
    await free(encounter);
  });

  it('raises, confirms, answers and ends the pressure alarm by readings alone', async () => {
    const patient = await readyPatient(call);
    const encounter = await seat(patient);
    await tell(`Encounter/${encounter}/$pump`, { action: 'started', 'rate-ml-per-h': '150' });
    const vitals = (body) => tell(`Encounter/${encounter}/$vitals`, body);
    const alarm = async () => all((await show(encounter)).alarm).find((a) => a.rule === 'EU-I-001');
    assert.equal((await vitals({ systolic: 164, diastolic: 90 }))['alarm-priority'], 'low');
    assert.equal((await vitals({ systolic: 168, diastolic: 102 }))['alarm-priority'], 'medium');
    const raised = await alarm();
    assert.match(raised.detail, /160 systolic OR 100 diastolic/);
    assert.equal((await tell(`Encounter/${encounter}/$alarm`, { alarm: raised.id, action: 'continued' })).status, 422, 'continued asks why');
    assert.equal((await tell(`Encounter/${encounter}/$alarm`, { alarm: raised.id, action: 'slowed' })).status, 200);
    assert.deepEqual([(await alarm()).acknowledged, all((await alarm()).acknowledgement)[0].by], [true, 'nurse']);
    const apart = await vitals({ systolic: 12, diastolic: 300 });
    assert.equal(all(apart.quarantined).length, 1, 'EU-S-06 an impossible pressure is kept apart');
    assert.ok(await alarm(), 'EU-S-06 and ends nothing');
    assert.equal((await vitals({ systolic: 184, diastolic: 92 }))['alarm-priority'], 'high');
    assert.equal((await alarm()).acknowledged, false);
    assert.match((await alarm()).title, /PAUSE THE PUMP NOW/);
    await tell(`Encounter/${encounter}/$pump`, { action: 'stopped' });
    await tell(`Encounter/${encounter}/$pump`, { action: 'volume-left', 'volume-left-ml': '90' });
    assert.match((await tell(`Encounter/${encounter}/$session-end`, {})).text, /still stands/);
    await vitals({ systolic: 138, diastolic: 84 });
    assert.equal(await alarm(), undefined);
    const issues = ((await call('system', 'GET', `/fhir/DetectedIssue?patient=${patient}&code=urn:euthymia:rule|EU-I-001`)).json.entry ?? []).map((e) => e.resource);
    assert.equal(issues.length, 1);
    assert.deepEqual([issues[0].status, issues[0].mitigation.length], ['final', 1]);
    assert.equal((await tell(`Encounter/${encounter}/$session-end`, {})).status, 200);
  });

  it('EU-S-13 a scale value out of its range is refused, and nothing is there before it was asked', async () => {
    const encounter = await seat(await readyPatient(call));
    for (const body of [{ dissociation: 11 }, { moaas: 6 }, { nausea: -1 }, { distress: 2.5 }])
      assert.equal((await tell(`Encounter/${encounter}/$vitals`, body)).status, 422, JSON.stringify(body));
    assert.equal((await tell(`Encounter/${encounter}/$vitals`, {})).status, 422);
    const measures = all((await show(encounter)).measure).filter((m) => ['dissociation', 'distress', 'nausea', 'moaas'].includes(m.measure));
    assert.deepEqual(measures.map((m) => m.state), ['none', 'none', 'none', 'none']);
    assert.equal((await tell(`Encounter/${encounter}/$vitals`, { dissociation: 3, moaas: 5 })).status, 200);
    await tell(`Encounter/${encounter}/$session-end`, {});
  });

  it('EU-S-15 a correction keeps both versions, and a late entry both times', async () => {
    const encounter = await seat(await readyPatient(call));
    const started = await tell(`Encounter/${encounter}/$pump`, { action: 'started', 'rate-ml-per-h': '105' });
    const id = started.recorded;
    assert.equal((await tell(`Encounter/${encounter}/$correct`, { id, 'rate-ml-per-h': '150' })).status, 422, 'a correction says why');
    assert.equal((await tell(`Encounter/${encounter}/$correct`, { id, 'rate-ml-per-h': '150', reason: 'Misread the display' })).status, 200);
    const history = await Promise.all([1, 2].map((v) => call('system', 'GET', `/fhir/Observation/${id}/_history/${v}`)));
    assert.deepEqual(history.map((h) => [h.json.status, h.json.valueQuantity.value]), [['final', 105], ['corrected', 150]]);
    assert.equal((await show(encounter))['rate-ml-per-h'], 150);
    const event = await tell(`Encounter/${encounter}/$event`, { code: 'anxious' });
    assert.equal((await tell(`Encounter/${encounter}/$correct`, { id: event.recorded, withdrawn: true, reason: 'Undone' })).status, 200);
    assert.equal(all((await show(encounter)).event).length, 0);
    assert.equal((await call('system', 'GET', `/fhir/Observation/${event.recorded}/_history/1`)).json.status, 'final');
    const late = await tell(`Encounter/${encounter}/$vitals`, { systolic: 140, diastolic: 80, at: ago(20) });
    assert.equal(late.status, 200, late.text);
    const stored = (await call('system', 'GET', `/fhir/Observation/${late.recorded}`)).json;
    assert.ok(Date.parse(stored.effectiveDateTime) < Date.parse(stored.issued));
    await tell(`Encounter/${encounter}/$pump`, { action: 'paused' });
    assert.match((await tell(`Encounter/${encounter}/$correct`, { id, withdrawn: true, reason: 'Never started' })).text, /does not fit what is recorded/);
    await free(encounter);
  });

  it('repeats a write with its key once', async () => {
    const encounter = await seat(await readyPatient(call));
    const key = { 'idempotency-key': 'c'.repeat(32) };
    const body = parameters({ action: 'started', 'rate-ml-per-h': '150' });
    const first = await call('nurse', 'POST', `/fhir/Encounter/${encounter}/$pump`, body, key);
    const second = await call('nurse', 'POST', `/fhir/Encounter/${encounter}/$pump`, body, key);
    assert.deepEqual([first.status, second.status, second.text], [200, 200, first.text]);
    await free(encounter);
  });

  it('shows the day: chairs, alarms, arrivals, counts', async () => {
    const patient = await readyPatient(call);
    const waiting = await readyPatient(call, 'escort');
    const encounter = await seat(patient);
    await tell(`Encounter/${encounter}/$pump`, { action: 'started', 'rate-ml-per-h': '150' });
    await tell(`Encounter/${encounter}/$vitals`, { systolic: 168, diastolic: 102, 'heart-rate': 92, spo2: 97 });
    await tell(`Encounter/${encounter}/$vitals`, { systolic: 170, diastolic: 102 });
    const day = group((await call('nurse', 'GET', '/fhir/$today')).json.parameter);
    assert.equal(all(day.chair).length, 4);
    const mine = all(day.chair).find((c) => c.encounter === encounter);
    assert.deepEqual([mine.name, mine.phase, mine.number], ['Ada Test', 'infuse', 1]);
    assert.deepEqual([all(day.alarm)[0].priority, all(day.alarm)[0].short], ['medium', 'BP 170/102']);
    assert.ok(all(day.visit).some((v) => v.patient === waiting && /escort/i.test(all(v.exception).join())));
    assert.equal(day.infusing, 1);
    await tell(`Encounter/${encounter}/$vitals`, { systolic: 130, diastolic: 80 });
    await free(encounter);
  });

  it('lets only the clinic in', async () => {
    const encounter = await seat(await readyPatient(call));
    assert.equal((await tell(`Encounter/${encounter}/$pump`, { action: 'started', 'rate-ml-per-h': '150' }, 'admin')).status, 403);
    assert.equal((await call('nurse', 'GET', `/fhir/Encounter/${encounter}/$pump`)).status, 405);
    await tell(`Encounter/${encounter}/$session-end`, {});
  });
});
