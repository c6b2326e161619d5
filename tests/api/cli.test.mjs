// The commands, as a person or a script uses them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Clinic, engines, euthymia, newDatabase, onEachEngine, password, psql, root } from './clinic.mjs';

const commands = ['serve', 'migrate', 'import', 'user', 'token', 'verify', 'backup', 'restore', 'export', 'simulate', 'trial', 'forecast', 'advise', 'fit'];
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

describe('migrate', () => {
  it('SQLite: makes the file; knows no roles', () => {
    const url = `sqlite:${join(folder, 'migrated.db')}`;
    assert.match(euthymia(['migrate', '--db', url]).stdout, /^the database has schema \d+$/m);
    const granted = euthymia(['migrate', '--db', url, '--grant', 'somebody']);
    assert.equal(granted.status, 1);
    assert.match(granted.stderr, /SQLite knows no roles/);
  });

  it('PostgreSQL: the owner makes the tables; the server is refused to run as the owner', { skip: !engines.includes('postgresql') && 'no PostgreSQL' }, () => {
    const database = newDatabase('postgresql', folder, false);
    const refused = (args, words) => {
      const ran = euthymia(args);
      assert.equal(ran.status, 1, args.join(' '));
      assert.match(ran.stderr, words);
    };
    try {
      refused(['serve', '--listen', '127.0.0.1:0', '--db', database.url], /the database has schema 0 .* run 'euthymia migrate --db OWNER_URL --grant ROLE'/);
      refused(['migrate', '--db', database.url], /permission denied/);
      refused(['migrate', '--db', database.owner, '--grant', 'nobody"; DROP TABLE audit; --'], /does not exist/);
      refused(['migrate', '--db', database.owner, '--grant', 'euthymia'], /the owner of the tables needs no grant/);
      assert.equal(euthymia(['migrate', '--db', database.owner]).status, 0);
      refused(['user', 'add', 'x', '--role', 'nurse', '--db', database.url], /permission denied/);
      const made = euthymia(['migrate', '--db', database.owner, '--grant', 'euthymia_server']);
      assert.match(made.stdout, /^euthymia_server may use it, and only add to the audit and to the history$/m);
      refused(['serve', '--listen', '127.0.0.1:0', '--db', database.owner], /the role euthymia could alter the audit \(table audit\): the server must run as another one/);
      const add = euthymia(['user', 'add', 'x', '--role', 'nurse', '--db', database.url]);
      assert.equal(add.status, 0, add.stderr);
    } finally {
      database.drop();
    }
  });

  it('PostgreSQL: the role of the server can do what it needs and no more', { skip: !engines.includes('postgresql') && 'no PostgreSQL' }, () => {
    const database = newDatabase('postgresql', folder);
    const refused = ['UPDATE audit SET status = 200', 'DELETE FROM audit', 'TRUNCATE audit', 'UPDATE resource_history SET version = 1', 'DELETE FROM resource_history',
      'TRUNCATE resource_history', 'DROP TABLE audit', 'ALTER TABLE audit DISABLE TRIGGER ALL', 'ALTER TABLE audit RENAME TO past', 'CREATE TABLE mine (x TEXT)',
      'CREATE TRIGGER t AFTER INSERT ON audit EXECUTE FUNCTION refuse_change()', "UPDATE migration SET number = 99", 'CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$'];
    try {
      for (const text of refused) assert.throws(() => psql(database.url, text), /permission denied|must be owner/, text);
      for (const table of ['resource', 'session', 'index_token', 'event']) psql(database.url, `DELETE FROM ${table}`);
      psql(database.url, "INSERT INTO audit (id, at_us, method, path, status) VALUES ('a', 1, 'GET', '/', 200)");
    } finally {
      database.drop();
    }
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
