// A power cut, simulated: the clinic's file lies on an ext4 in a loop file. Under load the program is stopped where it
// stands, the loop file is copied (what the disk had received by then; what only the page cache held is not in it), the
// copy is mounted, and the acknowledged writes are looked for in it. The control run has synchronous=NORMAL and must lose
// some: else the test could not see a loss. EUTHYMIA_CYCLES says how often (./test --long: 50). Needs root and loop devices.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Clinic } from '../api/clinic.mjs';
import { Disk, ran, whyNot } from './disk.mjs';
import { Load } from './load.mjs';

const CYCLES = Number(process.env.EUTHYMIA_CYCLES ?? 3);
const here = dirname(fileURLToPath(import.meta.url));
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a power cut', { skip: whyNot() }, () => {
  let folder;
  before(() => { folder = mkdtempSync(join(tmpdir(), 'euthymia-power-')); });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** One cut. Answers what the surviving disk lacks. */
  async function cut(cycle, environment = {}) {
    const disk = new Disk(folder, `disk-${cycle}`).make();
    const survivor = new Disk(folder, `survivor-${cycle}`);
    const clinic = new Clinic('sqlite', [], { folder: disk.mount, environment });
    clinic.addUser('system', 'system');
    clinic.token('system');
    await clinic.start();
    ran('sync', '-f', disk.mount); // from here on only the program itself puts anything on the disk
    const load = new Load(clinic);
    const done = load.run(6);
    await wait(200 + Math.random() * 500);
    clinic.signal('SIGSTOP');
    copyFileSync(disk.file, survivor.file);
    load.stop();
    await clinic.end('SIGKILL');
    await done;
    disk.close();
    survivor.open();
    const again = new Clinic('sqlite', [], { folder: survivor.mount, like: clinic });
    try {
      await again.start();
      return { ...(await load.check(again)), acknowledged: load.acknowledged.length };
    } finally {
      await again.end('SIGKILL');
      survivor.close();
      rmSync(disk.file);
      rmSync(survivor.file);
    }
  }

  it(`loses nothing acknowledged in ${CYCLES} cuts`, async (t) => {
    let writes = 0;
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const { lost, torn, acknowledged } = await cut(cycle);
      assert.deepEqual({ lost, torn }, { lost: [], torn: [] }, `cut ${cycle}`);
      assert.ok(acknowledged > 0, `cut ${cycle}: nothing was acknowledged before it`);
      writes += acknowledged;
    }
    t.diagnostic(`${CYCLES} power cuts, ${writes} acknowledged writes, 0 lost, 0 torn`);
  });

  it('would see a loss: with synchronous=NORMAL there is one', async (t) => {
    const relaxed = join(folder, 'relaxed.so');
    ran('cc', '-shared', '-fPIC', '-D_GNU_SOURCE', '-o', relaxed, join(here, 'relaxed.c'), '-ldl');
    let lost = 0;
    for (let cycle = 0; cycle < 5 && !lost; cycle++) lost += (await cut(`relaxed-${cycle}`, { LD_PRELOAD: relaxed })).lost.length;
    assert.ok(lost > 0, 'nothing was lost, so this test could not see a loss');
    t.diagnostic(`${lost} acknowledged writes lost`);
  });
});
