// A clinic that is copied while it is written to, sealed, and brought back on either engine is whole and identical.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clinic, engines, euthymia, root } from './clinic.mjs';
import { Load } from '../durability/load.mjs';

const bundle = join(root, 'tests/data/synthea-milan-beatty.json');
const passphrase = 'a long walk by the sea';
const lines = (db) => {
  const ran = euthymia(['export', '--db', db]);
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout.trim().split('\n');
};
/** What must be the same: all but the audit (each command adds a row) and the closing line. */
const content = (db) => lines(db).filter((line) => !/^\["(audit|end)",/.test(line)).sort();

describe('backup', () => {
  let folder, key;
  const file = (name) => join(folder, name);
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'euthymia-backup-'));
    key = file('key');
    writeFileSync(key, Buffer.from(Array.from({ length: 32 }, (_, i) => i * 7 & 255)));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const from of engines)
    it(`of a running ${from} clinic is one state of it, and comes back on ${engines.join(' and ')}`, async () => {
      const clinic = await Clinic.open(from);
      assert.equal(euthymia(['import', bundle, '--db', clinic.db]).status, 0);
      const load = new Load(clinic), done = load.run(4);
      await new Promise((resolve) => setTimeout(resolve, 200));
      const ran = euthymia(['backup', file(`${from}.sealed`), '--key-file', key, '--db', clinic.db]);
      load.stop();
      await done;
      assert.equal(ran.status, 0, ran.stderr);
      assert.ok(!readFileSync(file(`${from}.sealed`)).includes('Beatty'), 'nothing in it can be read');
      for (const to of engines) {
        const other = new Clinic(to);
        const back = euthymia(['restore', file(`${from}.sealed`), '--key-file', key, '--db', other.db]);
        assert.equal(back.status, 0, back.stderr);
        assert.deepEqual(JSON.parse(euthymia(['verify', '--index', '--json', '--db', other.db]).stdout).faults, []);
        await other.start();
        for (const [marker] of load.transactions) {
          const found = await other.call('system', 'GET', `/fhir/Observation?identifier=${encodeURIComponent(`urn:euthymia:durability|${marker}`)}`);
          assert.notEqual(found.json.entry?.length ?? 0, 1, 'a transaction is in a copy whole or not at all');
        }
        assert.equal((await other.call('system', 'GET', '/fhir/Patient?family=Beatty')).json.entry.length, 1);
        await other.close();
      }
      await clinic.close();
    });

  it('moves between engines and is identical afterwards', async () => {
    const clinic = await Clinic.open(engines[0]);
    assert.equal(euthymia(['import', bundle, '--db', clinic.db]).status, 0);
    await clinic.end();
    writeFileSync(file('clinic.ndjson'), `${lines(clinic.db).join('\n')}\n`);
    const other = new Clinic(engines.at(-1));
    const ran = euthymia(['import', file('clinic.ndjson'), '--db', other.db]);
    assert.equal(ran.status, 0, ran.stderr);
    assert.deepEqual(content(other.db), content(clinic.db));
    assert.equal(euthymia(['import', file('clinic.ndjson'), '--db', other.db]).status, 1, 'not into one that holds something');
    await other.start();
    await other.close();
    await clinic.start();
    await clinic.close();
  });

  it('opens for its passphrase alone', async () => {
    const clinic = await Clinic.open('sqlite');
    const sealed = file('words.sealed');
    assert.equal(euthymia(['backup', sealed, '--passphrase-stdin', '--db', clinic.db], `${passphrase}\n`).status, 0);
    const other = new Clinic('sqlite');
    for (const [args, input] of [[['--passphrase-stdin'], 'a long walk by the lake\n'], [['--key-file', key], '']]) {
      const ran = euthymia(['restore', sealed, ...args, '--db', other.db], input);
      assert.equal(ran.status, 1);
      assert.match(ran.stderr, /passphrase/);
    }
    assert.equal(euthymia(['restore', sealed, '--passphrase-stdin', '--db', other.db], `${passphrase}\n`).status, 0);
    assert.equal(euthymia(['backup', file('short'), '--passphrase-stdin', '--db', clinic.db], 'short\n').status, 1);
    assert.equal(euthymia(['backup', file('none'), '--db', clinic.db]).status, 2);
    await other.start();
    await other.close();
    await clinic.close();
  });

  it('is refused whole where it was altered or cut off', async () => {
    const clinic = await Clinic.open('sqlite');
    assert.equal(euthymia(['import', bundle, '--db', clinic.db]).status, 0);
    assert.equal(euthymia(['backup', file('good'), '--key-file', key, '--db', clinic.db]).status, 0);
    const good = readFileSync(file('good'));
    const altered = Buffer.from(good);
    altered[good.length >> 1] ^= 1;
    const exported = `${lines(clinic.db).join('\n')}\n`;
    const cases = [['altered', altered], ['cut', good.subarray(0, good.length - 70_000)], ['text', Buffer.from('no backup at all, but long enough to have a head: 0123456789012345678901234567890')]];
    const texts = [['fewer', exported.replace(/^\["resource",.*\n/m, '')], ['other', exported.replace('Milan', 'Nalim')], ['open', exported.slice(0, exported.lastIndexOf('["end"'))]];
    const other = new Clinic('sqlite');
    for (const [name, bytes] of cases) {
      writeFileSync(file(name), bytes);
      assert.equal(euthymia(['restore', file(name), '--key-file', key, '--db', other.db]).status, 1, name);
    }
    for (const [name, text] of texts) {
      writeFileSync(file(name), text);
      assert.equal(euthymia(['import', file(name), '--db', other.db]).status, 1, name);
    }
    assert.equal(euthymia(['restore', file('good'), '--key-file', key, '--db', other.db]).status, 0, 'it is still empty');
    await other.start();
    await other.close();
    await clinic.close();
  });
});
