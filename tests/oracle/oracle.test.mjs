// The golden tables that the C program is held to (test_oracle.c) are the oracle's own, and agree with what was published.
import { it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { golden } from './oracle.mjs';

const table = (name) => readFileSync(new URL(`${name}.csv`, import.meta.url), 'utf8');
for (const name of Object.keys(golden))
  it(`the golden ${name} are the oracle’s`, () => assert.equal(table(name), golden[name]()));

it('the oracle gives the worked doses of the clinical fact base, 3c', () => {
  const rows = table('doses').trim().split('\n').map((line) => line.split(','));
  const of = (...start) => rows.find((row) => start.every((value, i) => row[i] === value));
  const eighty = of('male', '178', '80', 'actual', '0.5', '40', '50', '100', '1');
  assert.deepEqual(eighty.slice(9), ['80.0', '40.0', '40.0', '0.800', '0.4000', '150.0', '1.00']);
  for (const [basis, kg, mg] of [['actual', '110.0', '55.0'], ['ideal', '56.9', '28.5'], ['adjusted', '78.1', '39.0']])
    assert.deepEqual(of('female', '165', '110', basis, '0.5', '40').slice(9, 11), [kg, mg]);
});

it('the oracle gives the cross-model table: 35 mg over 40 min at 70 kg', () => {
  const cp = (model, minute) => Number(table('curves').split('\n').find((line) => line.startsWith(`${model},70,planned,${minute},`)).split(',')[4]);
  const published = { 'kamp-2020': { 20: 198, 40: 253, 60: 96, 110: 54, 230: 27 }, 'domino-1984': { 20: 210, 40: 240, 60: 55, 110: 38, 230: 18 } };
  for (const [model, points] of Object.entries(published))
    for (const [minute, ng] of Object.entries(points)) assert.equal(Math.round(cp(model, minute)), ng, `${model} at ${minute} min`);
});
