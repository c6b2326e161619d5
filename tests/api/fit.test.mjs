// `euthymia fit`: theophylline through the command line, one person's parameters, and what is refused.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { euthymia, root } from './clinic.mjs';

const theophylline = join(root, 'tests/data/estimate/theophylline.csv');
const fit = (...args) => euthymia(['fit', ...args]);
const rows = (ran) => {
  const [head, ...lines] = ran.stdout.trim().split('\n');
  assert.equal(head, 'what,id,name,value,se_log,low95,high95,shrinkage');
  return lines.map((line) => line.split(','));
};
const value = (list, what, name, id = '') => Number(list.find((row) => row[0] === what && row[1] === id && row[2] === name)[3]);
const near = (got, want, within, what) => assert.ok(Math.abs(got - want) <= within, `${what}: ${got}, not ${want}`);

it('estimates theophylline as other programs do', () => {
  const ran = fit(theophylline, '--absorption', '--error', 'additive', '--persons');
  assert.equal(ran.status, 0, ran.stderr);
  const list = rows(ran);
  near(value(list, 'objective', ''), 118.102, 0.01, 'objective');
  near(value(list, 'typical', 'CL'), Math.exp(1.0117), 0.01, 'CL');
  near(value(list, 'sd_log', 'KA') ** 2, 0.405, 0.001, 'variance of KA');
  near(value(list, 'error', 'additive'), 0.6959, 0.0002, 'error');
  assert.equal(new Set(list.filter(([what]) => what === 'person').map(([, id]) => id)).size, 12);
  // The first sample of person 5 at 1 h lies far off in every published fit of these data.
  assert.ok(list.some(([what, id, time]) => what === 'outlier_sd' && id === '5' && time === '1'));
});

it('takes one dose that stands on every row, and says the same in JSON', () => {
  const [, ...lines] = readFileSync(theophylline, 'utf8').trim().split('\n');
  const cells = lines.map((line) => line.split(','));
  const amount = Object.fromEntries(cells.filter((row) => row[4] === '1').map((row) => [row[0], row[2]]));
  const text = ['"ID","TIME","DV","AMT"', ...cells.filter((row) => row[4] === '0').map((row) => [row[0], row[1], row[3], amount[row[0]]].join())].join('\n');
  const args = ['-', '--absorption', '--error', 'additive', '--method', 'focei', '--json'];
  const refused = euthymia(['fit', ...args], text);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /row 2, column AMT.*--one-dose/s);
  const ran = euthymia(['fit', ...args, '--one-dose'], text);
  assert.equal(ran.status, 0, ran.stderr);
  near(JSON.parse(ran.stdout).find((row) => row.what === 'objective').value, 116.803, 0.002, 'objective');
});

it('finds one person in a population that is given', () => {
  const population = ['--method', 'map', '--absorption', '--error', 'additive', '--start', 'CL=2.75', '--start', 'V1=31.6', '--start', 'KA=1.58',
    '--start', 'SD.CL=0.265', '--start', 'SD.V1=0.136', '--start', 'SD.KA=0.636', '--start', 'ADD=0.696'];
  const ran = fit(theophylline, ...population);
  assert.equal(ran.status, 0, ran.stderr);
  const list = rows(ran);
  assert.ok(!list.some(([what]) => what === 'objective'));
  near(value(list, 'person', 'CL', '1'), 1.711, 0.01, 'clearance of person 1');
});

for (const [args, message] of [
  [[], /one file is needed/],
  [[theophylline, '--vary', 'Q2'], /--vary: "Q2"/],
  [[theophylline, '--compartments', '4'], /from 1 to 3/],
  [[theophylline, '--method', 'saem'], /agq, laplace, focei or map/],
  [[theophylline, '--start', 'CL=-1'], /--start: "CL=-1"/],
  [[theophylline, '--error', 'none'], /additive, proportional or combined/],
])
  it(`refuses ${args.slice(1).join(' ') || 'no file'}`, () => {
    const ran = fit(...args, '--absorption');
    assert.equal(ran.status, 2, ran.stderr);
    assert.match(ran.stderr, message);
    assert.equal(ran.stdout, '');
  });

it('tells where a file is wrong', () => {
  const ran = euthymia(['fit', '-'], 'ID,TIME,DV\n1,0,x\n');
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /-: row 2, column DV: .*not "x"/);
});
