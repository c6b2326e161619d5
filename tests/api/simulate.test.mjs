// `euthymia simulate`, as others script it: the reference values through the command line, and what is refused.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { euthymia, root } from './clinic.mjs';

const scenarios = {
  S1: ['--model', 'domino1984', '--dose', 'iv bolus 140 mg'],
  S2: ['--model', 'kamp-2020', '--dose', 'iv 35 mg over 40 min'],
  S5b: ['--model', 'perez-ruixo2021', '--dose', 'in 56 mg', '--param', 'FRn=0.4374', '--time-unit', 'h'],
  S7: ['--model', 'simons2022', '--dose', 'sl 50 mg', '--dose', 'iv 20 mg over 20 min at 6 h'],
};
const rows = ['reference-s1-s2.csv', 'reference-s5b-s7.csv'].flatMap((file) =>
  readFileSync(join(root, 'tests/data', file), 'utf8').trim().split('\n').filter((line) => line.startsWith('S')).map((line) => line.split(',')));

for (const [name, args] of Object.entries(scenarios))
  it(`agrees with the reference ${name} to 1e-9`, () => {
    const wanted = rows.filter(([scenario]) => scenario === name);
    const times = [...new Set(wanted.map(([, time]) => time))];
    const ran = euthymia(['simulate', ...args, '--weight-kg', '70', '--times', times.join(','), '--csv']);
    assert.equal(ran.status, 0, ran.stderr);
    assert.equal(ran.stderr, '');
    const [head, ...lines] = ran.stdout.trim().split('\n');
    assert.equal(head, 'time,output,value,unit');
    const got = new Map(lines.map((line) => line.split(',')).map(([time, output, value, unit]) => [`${time},${output}`, { value: Number(value), unit }]));
    assert.equal(got.size, wanted.length);
    for (const [, time, output, value, unit] of wanted) {
      const point = got.get(`${time},${output}`);
      assert.equal(point.unit, unit);
      if (Number(value) > 1e-6) assert.ok(Math.abs(point.value / Number(value) - 1) <= 1e-9, `${time} ${output}: ${point.value}, not ${value}`);
    }
  });

it('prints a range in the unit that was asked for', () => {
  const ran = euthymia(['simulate', '--model', 'kamp2020', '--dose', 'iv 35 mg over 40 min at 2 d', '--times', '1.5:2.5:0.25', '--time-unit', 'd']);
  assert.deepEqual(ran.stdout.trim().split('\n').slice(1).map((line) => line.split(',').slice(0, 2).join()),
    ['1.5', '1.75', '2', '2.25', '2.5'].flatMap((time) => [`${time},Cp`, `${time},Ce`]));
});

it('prints JSON too', () => {
  const ran = euthymia(['simulate', '--dose', 'iv bolus 10 mg', '--times', '0', '--json']);
  assert.deepEqual(JSON.parse(ran.stdout).map(({ output, unit }) => [output, unit]), [['Cp', 'ng/mL'], ['Ce', 'ng/mL']]);
});

it('refuses with 2 what it cannot do, and says why', () => {
  const ok = ['--model', 'kamp2020', '--dose', 'iv 35 mg over 40 min', '--times', '10'];
  const change = (name, value) => ok.map((word, i) => ok[i - 1] === name ? value : word);
  for (const args of [change('--model', 'nobody1999'), change('--dose', 'iv 35 mg'), change('--dose', 'iv 35 mg over 40'), change('--dose', 'po 35 mg'),
    change('--dose', 'im 35 mg over 4 min'), change('--times', '10,5'), change('--times', '0:10'), change('--times', 'x'), ok.slice(0, 4), ok.slice(2, 3),
    [...ok, '--param', 'V9=1'], [...ok, '--param', 'V1'], [...ok, '--age-y', '8'], [...ok, '--weight-kg', '500'], [...ok, '--sex', 'x'], [...ok, '--time-unit', 'y'],
    ['--model', 'hornik2018', '--dose', 'iv bolus 10 mg', '--times', '1']]) {
    const ran = euthymia(['simulate', ...args]);
    assert.equal(ran.status, 2, args.join(' '));
    assert.equal(ran.stdout, '');
    assert.ok(ran.stderr.length > 10);
  }
});
