// kill -9 under mixed load, again and again: nothing acknowledged is lost, nothing is there by halves, and each write has
// its audit row. EUTHYMIA_CYCLES says how often (./test --long: 200).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Clinic, engines, euthymia } from '../api/clinic.mjs';
import { Load } from './load.mjs';

const CYCLES = Number(process.env.EUTHYMIA_CYCLES ?? 4);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

for (const engine of engines)
  describe(engine, () => {
    let clinic;
    before(async () => { clinic = await Clinic.open(engine); });
    after(() => clinic?.close());

    it(`keeps what it acknowledged through ${CYCLES} kills`, async (t) => {
      let writes = 0;
      for (let cycle = 0; cycle < CYCLES; cycle++) {
        const load = new Load(clinic);
        const done = load.run(8);
        await wait(150 + Math.random() * 350);
        await clinic.end('SIGKILL');
        load.stop();
        await done;
        await clinic.start();
        assert.deepEqual(await load.check(), { lost: [], torn: [] }, `cycle ${cycle}`);
        assert.deepEqual(load.refused, []);
        if (cycle === CYCLES - 1 || cycle % 50 === 0) assert.deepEqual(await load.unaudited(), [], 'writes without an audit row');
        assert.ok(load.acknowledged.length > 0, `cycle ${cycle}: nothing was acknowledged before the kill`);
        writes += load.acknowledged.length;
      }
      const verified = euthymia(['verify', '--index', '--json', '--db', clinic.db]);
      assert.deepEqual(JSON.parse(verified.stdout).faults, [], 'the audit’s chains and the index');
      t.diagnostic(`${CYCLES} kills, ${writes} acknowledged writes, 0 lost, 0 torn`);
    });
  });
