// PostgreSQL itself crashes under load, again and again: what was acknowledged is there when it is back. Transactions commit
// without waiting for its log and are answered after a flush (src/db/barrier.c): an answer that came too early would show
// here. The control proves that such a crash takes what was not flushed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const CYCLES = Number(process.env.EUTHYMIA_CYCLES ?? 4);
const skip = process.env.EUTHYMIA_TEST_PG ? false : 'PostgreSQL is not here';
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

describe('postgresql', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'euthymia-pgcrash-'));
  const cluster = (action) => execFileSync(new URL('../../tools/postgres.sh', import.meta.url).pathname, [action, folder], { encoding: 'utf8', stdio: ['ignore', action === 'start' ? 'pipe' : 'ignore', 'inherit'] });
  let url, Clinic, Load, psql, clinic;

  before(async () => {
    url = process.env.EUTHYMIA_TEST_PG = cluster('start').trim();
    ({ Clinic, psql } = await import('../api/clinic.mjs'));
    ({ Load } = await import('./load.mjs'));
    clinic = await Clinic.open('postgresql');
  });
  after(async () => {
    await clinic?.end('SIGKILL');
    cluster('stop');
  });

  /* The audit finds its database again within a quarter of a second; until then what concerns a patient is 503. */
  const served = async () => {
    for (let tries = 0; tries < 100; tries++) {
      if ((await clinic.call('system', 'GET', '/fhir/Observation?_count=1')).status === 200) return;
      await wait(100);
    }
    assert.fail('the server does not find its database again');
  };

  it('loses what was committed and not flushed, where nobody waits for it (the control)', () => {
    psql(url, 'CREATE TABLE control (n INT)');
    for (let tries = 0; tries < 20; tries++) {
      psql(url, `SET synchronous_commit = off; INSERT INTO control VALUES (${tries})`);
      cluster('crash');
      cluster('again');
      try {
        psql(url, `DO $$ BEGIN IF NOT EXISTS (SELECT FROM control WHERE n = ${tries}) THEN RAISE 'lost'; END IF; END $$`);
      } catch (error) {
        assert.match(String(error), /lost/);
        return;
      }
    }
    assert.fail('no commit was lost: this crash is none');
  });

  it(`keeps what it acknowledged through ${CYCLES} crashes`, async (t) => {
    let writes = 0;
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const load = new Load(clinic);
      const done = load.run(16);
      await wait(250 + Math.random() * 400);
      cluster('crash');
      load.stop();
      await done;
      cluster('again');
      await served();
      assert.deepEqual(await load.check(), { lost: [], torn: [] }, `cycle ${cycle}`);
      assert.deepEqual([...new Set(load.refused)].filter((status) => status !== 503 && status !== 500), []);
      assert.ok(load.acknowledged.length > 0, `cycle ${cycle}: nothing was acknowledged before the crash`);
      writes += load.acknowledged.length;
    }
    t.diagnostic(`${CYCLES} crashes, ${writes} acknowledged writes, 0 lost, 0 torn`);
  });
});
