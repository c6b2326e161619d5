// The disk is full: writes are refused with 507 and leave nothing, reads go on, what they owe the audit is kept in the
// reserve, and when there is room again all of it goes on as before.
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Clinic, euthymia, patient } from '../api/clinic.mjs';
import { Disk, whyNot } from './disk.mjs';

describe('a full disk', { skip: whyNot() }, () => {
  let folder, disk, clinic, ballast;
  const post = (family) => clinic.call('system', 'POST', '/fhir/Patient', patient(family));

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'euthymia-full-'));
    disk = new Disk(folder, 'disk').make();
    clinic = new Clinic('sqlite', [], { folder: disk.mount });
    clinic.addUser('system', 'system');
    clinic.addUser('admin', 'admin');
    for (const role of ['system', 'admin']) clinic.token(role);
    await clinic.start();
  });
  after(async () => {
    await clinic?.end();
    disk?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function fill() {
    ballast = join(disk.mount, 'ballast');
    const file = openSync(ballast, 'w');
    const part = Buffer.alloc(64 * 1024);
    for (let size = part.length; size >= 512;)
      try { writeSync(file, part, 0, size); } catch { size >>= 1; }
    closeSync(file);
  }

  it('refuses writes, answers reads, and goes on when there is room', async () => {
    const { headers } = await post('Before');
    const place = headers.get('location').replace(/\/_history.*/, '');
    fill();
    const refused = [];
    for (let i = 0; i < 40 && refused.length < 5; i++) {
      const answer = await post(`Full${i}`);
      if (answer.status !== 201) refused.push({ family: `Full${i}`, answer });
    }
    assert.equal(refused.length, 5, 'the disk never became full');
    for (const { answer } of refused) {
      assert.equal(answer.status, 507, answer.text);
      assert.equal(answer.json.resourceType, 'OperationOutcome');
    }
    const reads = [];
    for (let i = 0; i < 20; i++) {
      const answer = await clinic.call('system', 'GET', place);
      assert.equal(answer.status, 200, answer.text);
      reads.push(answer.headers.get('x-request-id'));
    }
    rmSync(ballast);
    assert.equal((await post('After')).status, 201);
    for (const { family } of refused)
      assert.equal((await clinic.call('system', 'GET', `/fhir/Patient?family=${family}`)).json.entry?.length ?? 0, 0, 'nothing of what was refused is there');
    const rows = new Set((await clinic.audit()).map((row) => row.request));
    assert.deepEqual(reads.filter((id) => !rows.has(id)), [], 'each read has its audit row');
    assert.deepEqual(JSON.parse(euthymia(['verify', '--index', '--json', '--db', clinic.db]).stdout).faults, []);
  });
});
