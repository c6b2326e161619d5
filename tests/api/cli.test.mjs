// The commands, as a person or a script uses them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Clinic, euthymia, onEachEngine, password, root } from './clinic.mjs';

const commands = ['serve', 'import', 'user', 'token', 'verify', 'backup', 'restore', 'export', 'simulate', 'trial', 'forecast', 'advise', 'fit'];
const folder = mkdtempSync(join(tmpdir(), 'euthymia-cli-'));
const db = `sqlite:${join(folder, 'clinic.db')}`;
after(() => rmSync(folder, { recursive: true, force: true }));

const bundle = (entry) => JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry });
const uuid = 'urn:uuid:0190a000-0000-7000-8000-000000000001';
const person = { fullUrl: uuid, resource: { resourceType: 'Patient', birthDate: '1970-01-01' }, request: { method: 'POST', url: 'Patient' } };
const file = (name, text) => { writeFileSync(join(folder, name), text); return join(folder, name); };

describe('commands', () => {
  it('each have --help; a wrong use is 2', () => {
    for (const command of commands) {
      const help = euthymia([command, '--help']);
      assert.equal(help.status, 0, command);
      assert.match(help.stdout, new RegExp(`euthymia ${command}`));
      assert.equal(euthymia([command, '--no-such-option']).status, 2, command);
      assert.ok(euthymia(['--help']).stdout.includes(command));
    }
    assert.equal(euthymia([]).status, 2);
    assert.equal(euthymia(['dance']).status, 2);
    assert.equal(euthymia(['user', 'add', 'x', '--role', 'king', '--db', db]).status, 2);
    assert.equal(euthymia(['serve', '--now', 'soon', '--db', db]).status, 2);
    assert.equal(euthymia(['serve', '--zone', 'Mars/Olympus', '--db', db]).status, 2);
  });

  it('user add: makes the database and the person, once', () => {
    const add = (name, word = password) => euthymia(['user', 'add', name, '--role', 'nurse', '--password-stdin', '--json', '--db', db], word);
    const made = add('mei');
    assert.equal(made.status, 0, made.stderr);
    assert.equal(JSON.parse(made.stdout).role, 'nurse');
    assert.equal(add('mei').status, 1);
    assert.equal(add('Mei Castellano').status, 1);
    assert.equal(add('short', 'seven77').status, 1);
  });

  it('token: prints one token and nothing else', () => {
    const made = euthymia(['token', 'mei', '--db', db]);
    assert.match(made.stdout, /^[\w-]{43}\n$/);
    assert.equal(euthymia(['token', 'nobody', '--db', db]).status, 1);
  });

  it('serve: refuses an open address without TLS, and a taken one', async () => {
    const open = euthymia(['serve', '--listen', '0.0.0.0:0', '--db', db]);
    assert.equal(open.status, 1);
    assert.match(open.stderr, /TLS/);
    assert.equal(open.stdout, '');
    const clinic = new Clinic('sqlite');
    await clinic.start();
    assert.equal(euthymia(['serve', '--listen', new URL(clinic.url).host, '--db', db]).status, 1);
    assert.equal(await clinic.close(), 0);
    assert.match(clinic.readyLine, /^euthymia is ready at http:\/\/127\.0\.0\.1:\d+$/);
  });
});

describe('import', () => {
  onEachEngine(describe, { before, after }, (clinic) => {
    const load = (...files) => euthymia(['import', '--json', '--db', clinic().db, ...files]);

    it('counts what it wrote; a second time it writes nothing', async () => {
      const one = file('one.json', bundle([person]));
      const first = load(one);
      assert.equal(first.status, 0, first.stderr);
      assert.deepEqual(JSON.parse(first.stdout), { written: 1, unchanged: 0, types: [{ type: 'Patient', created: 1, updated: 0, unchanged: 0 }] });
      assert.equal(JSON.parse(load(one).stdout).written, 0);
      assert.match(euthymia(['import', '--db', clinic().db, one]).stdout, /^0 written, 1 unchanged$/m);
      assert.equal((await clinic().call('nurse', 'GET', `/fhir/Patient/${uuid.slice(9)}`)).status, 200, 'while serve runs');
    });

    it('stores nothing of a bundle with an error, and names entry and path', async () => {
      const wrong = { resource: { resourceType: 'Observation', status: 'fine', code: { text: 'x' } }, request: { method: 'POST', url: 'Observation' } };
      const other = { ...person, fullUrl: uuid.replace(/1$/, '2') };
      const ran = load(file('wrong.json', bundle([other, wrong])));
      assert.equal(ran.status, 1);
      assert.match(ran.stderr, /Bundle\.entry\[1\]\.resource\.status/);
      assert.equal((await clinic().call('nurse', 'GET', `/fhir/Patient/${uuid.slice(9).replace(/1$/, '2')}`)).status, 404);
      assert.equal(load(file('no.json', '{"resourceType":')).status, 1);
      assert.equal(load(join(folder, 'not-there.json')).status, 1);
    });

    it('loads a real patient whole', () => {
      const files = [join(root, 'tests/data/synthea-milan-beatty.json')];
      const first = load(...files);
      assert.equal(first.status, 0, first.stderr);
      assert.equal(JSON.parse(first.stdout).written, 220);
      assert.equal(JSON.parse(load(...files).stdout).written, 0);
    });
  });
});
