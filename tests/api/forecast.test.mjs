// `euthymia forecast` and `euthymia advise`: a course in, bands and ranked options out, and what is refused.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { euthymia } from './clinic.mjs';

const course = `date,what,value
2026-10-01,PHQ-9,19
2026-10-01,dose_mg_per_kg,0.5
2026-10-04,PHQ-9,13
2026-10-04,dose_mg_per_kg,0.5
2026-10-08,dose_mg_per_kg,0.5
2026-10-08,PHQ-9,9
`;
const forecast = (text, ...args) => euthymia(['forecast', '-', '--json', ...args], text);
const advise = (text, ...args) => euthymia(['advise', '-', '--json', ...args], text);
const person = ['--weight-kg', '70', '--systolic', '125'];
const rowsOf = (ran) => {
  assert.equal(ran.status, 0, ran.stderr);
  return JSON.parse(ran.stdout);
};

it('forecasts bands that lie in order and widen with time', () => {
  const rows = rowsOf(forecast(course, '--days', '28'));
  const scores = rows.filter((row) => row.quantity === 'score');
  assert.equal(scores.length, 29);
  for (const { p05, p25, p50, p75, p95 } of scores) assert.ok(p05 <= p25 && p25 <= p50 && p50 <= p75 && p75 <= p95 && p05 >= 0 && p95 <= 27);
  assert.ok(scores[28].p95 - scores[28].p05 > scores[1].p95 - scores[1].p05);
  assert.equal(rows.find((row) => row.quantity === 'prior_only').mean, 0);
  const [without, withIt, gain] = ['without', 'with', 'gain'].map((end) => rows.find((row) => row.quantity === `keep_28_d_${end}`).mean);
  assert.ok(without > 0 && without < withIt && withIt < 1);
  assert.ok(Math.abs(withIt - without - gain) < 1e-3);
});

it('says the same for the same seed, in CSV too', () => {
  const [json, again] = [forecast(course), forecast(course)];
  assert.equal(json.stdout, again.stdout);
  const csv = euthymia(['forecast', '-'], course).stdout.trim().split('\n');
  assert.equal(csv[0], 'quantity,day,date,mean,p05,p25,p50,p75,p95');
  assert.equal(csv.length - 1, rowsOf(json).length);
});

it('says so when there is no score', () => {
  const ran = forecast('date,what,value\n2026-10-01,dose_mg_per_kg,0.5\n');
  assert.match(ran.stderr, /population's prior only, not this person/);
  assert.equal(rowsOf(ran).find((row) => row.quantity === 'prior_only').mean, 1);
});

for (const [text, where] of [
  ['when,what,value\n', /row 1/],
  ['date,what,value\n2026-13-01,PHQ-9,3\n', /row 2, column date/],
  ['date,what,value\n2026-10-01,PHQ-9,28\n', /row 2, column value: A whole number of 0 to 27/],
  ['date,what,value\n2026-10-01,HAMD,8\n', /row 2, column what/],
  ['date,what,value\n2026-10-01,dose_mg,35\n', /--weight-kg/],
  ['date,what,value\n2026-10-01,dose_mg_per_kg,9\n', /0 to 2 mg\/kg/],
])
  it(`refuses ${JSON.stringify(text)}`, () => {
    const ran = forecast(text);
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, where);
    assert.equal(ran.stdout, '');
  });

it('advises with an interval, a reason and a place for every option', () => {
  const ran = advise(course, ...person, '--cost', '450', '--doses', '0.3,0.5,1.5', '--intervals-d', '3.5,7,14');
  const rows = rowsOf(ran);
  const options = rows.filter((row) => row.what === 'option');
  assert.equal(rows.length, 9);
  assert.equal(options.length, 6);
  for (const row of rows) assert.ok(row.interval_d > 0 && row.reason.length > 10);
  for (const row of options) {
    assert.equal(row.dose_mg, row.dose_mg_per_kg * 70);
    assert.equal(row.cost, 450 * row.infusions);
    assert.ok(Math.abs(row.exposure_mg - (105 + row.dose_mg * row.infusions)) < 1e-9);
    assert.ok(row.benefit_p05 <= row.benefit_points && row.benefit_points <= row.benefit_p95);
  }
  for (const row of rows.filter(({ what }) => what === 'refused')) assert.match(row.reason, /1\.5 mg\/kg is outside/);
  assert.match(ran.stderr, /never validated for one person/);
  assert.match(ran.stderr, /53 % better than at the baseline/);
});

it('does not rank what may pass a limit', () => {
  const rows = rowsOf(advise(course, ...person, '--exposure-mg', '250'));
  for (const row of rows) assert.equal(row.what, row.exposure_mg > 250 ? 'over_limit' : 'option');
  assert.ok(rows.some(({ what }) => what === 'over_limit') && rows.some(({ what }) => what === 'option'));
  const high = rowsOf(advise(course, '--weight-kg', '70', '--systolic', '170', '--doses', '0.5'));
  assert.ok(high.every(({ what, reason }) => what === 'over_limit' && /pressure/.test(reason)), JSON.stringify(high[0]));
});

for (const [args, message] of [
  [[], /--weight-kg.*needed/],
  [['--weight-kg', '70'], /--systolic.*needed/],
  [[...person, '--doses', '0'], /--doses/],
  [[...person, '--horizon-d', '91'], /--horizon-d/],
])
  it(`advise refuses ${args.join(' ') || 'no weight'}`, () => {
    const ran = advise(course, ...args);
    assert.equal(ran.status, 2);
    assert.match(ran.stderr, message);
  });

it('advises nobody whom no model covers', () => {
  const child = advise(course, ...person, '--age-y', '12');
  assert.equal(child.status, 1);
  assert.match(child.stderr, /for age 18 and over/);
});
