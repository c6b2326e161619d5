// Bundles of a large clinic, to be imported: large_clinic.mjs FOLDER [PATIENTS [READINGS]]
// PATIENTS (10,000), each with READINGS (13) of eight vital signs, weekly: 1,040,000 Observations. Values are a count,
// the same in every run. Beside the bundles lie patients.txt and observations.txt, the ids that a load harness asks for.
import fs from 'node:fs';
import path from 'node:path';

const [folder, patients = '10000', readings = '13'] = process.argv.slice(2);
const PATIENTS_A_BUNDLE = 50;
const signs = [['8867-4', '/min', 70], ['9279-1', '/min', 14], ['8310-5', 'Cel', 36.6], ['29463-7', 'kg', 75], ['8302-2', 'cm', 171],
  ['2708-6', '%', 97], ['8480-6', 'mm[Hg]', 124], ['8462-4', 'mm[Hg]', 78]];
const week = 7 * 86_400_000, start = Date.UTC(2024, 0, 1, 8);
const category = [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] }];

const put = (resource) => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } });

function patient(i) {
  const id = `large-${i}`;
  return put({ resourceType: 'Patient', id, active: true, identifier: [{ system: 'urn:bench:mrn', value: `L${100000 + i}` }],
    name: [{ family: `Large${i}`, given: ['Load'] }], gender: i % 2 ? 'male' : 'female', birthDate: `19${50 + (i % 50)}-0${1 + (i % 9)}-1${i % 10}` });
}

function observation(i, sign, k) {
  const [code, unit, usual] = signs[sign];
  return put({ resourceType: 'Observation', id: `large-${i}-${sign}-${k}`, status: 'final', category, code: { coding: [{ system: 'http://loinc.org', code }] },
    subject: { reference: `Patient/large-${i}` }, effectiveDateTime: new Date(start - k * week + sign * 60_000).toISOString(),
    valueQuantity: { value: usual + ((i * 7 + sign * 3 + k) % 20) / 10, unit, system: 'http://unitsofmeasure.org', code: unit } });
}

const people = [], observed = [];
for (let first = 0; first < +patients; first += PATIENTS_A_BUNDLE) {
  const entry = [];
  for (let i = first; i < Math.min(first + PATIENTS_A_BUNDLE, +patients); i++) {
    entry.push(patient(i));
    people.push(`large-${i}`);
    for (let sign = 0; sign < signs.length; sign++)
      for (let k = 0; k < +readings; k++) entry.push(observation(i, sign, k));
    observed.push(`large-${i}-${i % signs.length}-${i % +readings}`);
  }
  fs.writeFileSync(path.join(folder, `bundle-${String(first).padStart(6, '0')}.json`), JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }));
}
fs.writeFileSync(path.join(folder, 'patients.txt'), `${people.join('\n')}\n`);
fs.writeFileSync(path.join(folder, 'observations.txt'), `${observed.join('\n')}\n`);
