// Adds up what the tests printed: TAP files and meson's testlog.json. Shows each failure, names each skip, and with a
// second argument fails for every safety test (EU-S-..) that the page names and no run has passed.
// Ends in "N passed, N failed" and an exit code that is true to it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, safetyPage] = process.argv.slice(2);
const passed = [], failed = [], skipped = [];

function tapLine(line, source, nextLines) {
  const match = /^\s*(not ok|ok)\b\s*\d*\s*-?\s*(.*)$/.exec(line);
  if (!match) return;
  const name = match[2].replace(/\s*#\s*(time=|duration).*$/i, '').trim();
  if (/#\s*skip/i.test(match[2])) skipped.push(`${source}: ${name.replace(/\s*#\s*skip/i, ' (skipped)')}`);
  else if (match[1] === 'ok') passed.push(`${source}: ${name}`);
  else failed.push({ name: `${source}: ${name}`, detail: nextLines.filter((l) => /^\s*(#|---|\w+:|\s)/.test(l)).join('\n') });
}

/* In node's TAP a file is itself a test round its tests; the outer line is not one more test. */
function readTap(text, source) {
  const lines = text.split('\n');
  const hasInner = lines.some((l) => /^ +(not )?ok /.test(l));
  lines.forEach((line, i) => {
    if (hasInner && /^(not )?ok .*\.test\.mjs/.test(line)) return;
    if (/^# Subtest/.test(line.trim())) return;
    const inner = lines[i + 1] ?? '';
    if (/type: 'suite'/.test(lines.slice(i + 1, i + 5).join('\n')) && /^\s*---/.test(inner)) return;
    tapLine(line, source, lines.slice(i + 1, i + 25));
  });
}

for (const file of readdirSync(folder).sort()) {
  const text = readFileSync(join(folder, file), 'utf8');
  if (file.endsWith('.tap')) { readTap(text, file.replace('.tap', '')); continue; }
  for (const line of text.split('\n').filter(Boolean)) {
    const run = JSON.parse(line);
    const source = `${file.replace('.json', '')} ${run.name}`;
    const before = passed.length + failed.length + skipped.length;
    readTap(`${run.stdout ?? ''}`, source);
    const good = run.result === 'OK' || run.result === 'EXPECTEDFAIL';
    if (run.result === 'SKIP') skipped.push(source);
    else if (!good && !failed.some((f) => f.name.startsWith(source))) failed.push({ name: `${source}: ${run.result}`, detail: `${run.stdout ?? ''}\n${run.stderr ?? ''}`.slice(-4000) });
    else if (good && passed.length + failed.length + skipped.length === before) passed.push(source);
  }
}

if (safetyPage) {
  const named = new Set([...readFileSync(safetyPage, 'utf8').matchAll(/`(EU-S-\d\d [^`]+)`/g)].map((m) => m[1]));
  if (!named.size) failed.push({ name: 'docs/safety.md names no test', detail: '' });
  for (const test of named)
    if (!passed.some((name) => name.includes(test))) failed.push({ name: `docs/safety.md names a test that did not pass or is gone: ${test}`, detail: '' });
}

for (const name of skipped) console.log(`skipped: ${name}`);
for (const { name, detail } of failed) console.log(`FAILED: ${name}\n${detail}`);
console.log(`${passed.length} passed, ${failed.length} failed${skipped.length ? `, ${skipped.length} skipped` : ''}`);
process.exit(failed.length || !passed.length ? 1 : 0);
