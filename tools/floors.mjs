// The floors check: a file includes its own folder or a lower floor, never a higher one, and no verb includes another.
// With no argument it checks src/; `--self-test` shows that it finds what it looks for.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const floors = { base: 0, db: 1, pkpd: 1, hl7: 1, fhir: 2, chart: 3, evaluate: 4, plan: 4, infuse: 4, follow: 4,
  learn: 4, server: 5, cli: 6 };
/* On one floor only the rooms themselves: fhir may use db, but db and pkpd, or two verbs, do not know each other. */
const onlyBase = new Set(['pkpd', 'hl7']);

export function fault(room, included) {
  const other = included.split('/')[0];
  if (!(other in floors)) return `includes "${included}", which is not a room: write the room's name ("base/str.h")`;
  if (other === room) return '';
  if (floors[other] > floors[room]) return `includes "${included}", a higher floor`;
  if (floors[other] === floors[room]) return `includes "${included}", a room on the same floor`;
  if (onlyBase.has(room) && other !== 'base') return `includes "${included}": ${room} may include base only`;
  return '';
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.[ch]$/.test(entry.name)) yield path;
  }
}

function check(root) {
  let faults = 0, files = 0;
  /* A room of the plan that is not built yet has no folder. */
  for (const room of Object.keys(floors).filter((name) => existsSync(join(root, 'src', name))))
    for (const path of sources(join(root, 'src', room))) {
      files++;
      readFileSync(path, 'utf8').split('\n').forEach((line, i) => {
        const included = /^\s*#\s*include\s+"([^"]+)"/.exec(line)?.[1];
        const why = included && fault(room, included);
        if (why) { console.error(`${path}:${i + 1}: ${why}`); faults++; }
      });
    }
  console.log(`floors: ${files} files, ${faults} faults`);
  return faults;
}

function selfTest() {
  const cases = [['db', 'fhir/store.h', true], ['evaluate', 'plan/plan.h', true], ['pkpd', 'db/db.h', true],
    ['fhir', 'db/db.h', false], ['plan', 'chart/chart.h', false], ['plan', 'plan/plan.h', false], ['base', 'str.h', true]];
  return cases.filter(([room, included, wrong]) => Boolean(fault(room, included)) !== wrong).length;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.exit((process.argv.includes('--self-test') ? selfTest() : selfTest() + check(root)) ? 1 : 0);
