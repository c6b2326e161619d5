// Prints what bench/server measured: server_table.mjs FOLDER BASELINE.json PROGRAM
import fs from 'node:fs';
import path from 'node:path';

const [folder, baselineFile, program] = process.argv.slice(2);
const read = (file) => (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined);
const result = (name) => read(path.join(folder, `${name}.json`));
const baseline = read(baselineFile);
const engines = ['sqlite', 'postgresql'].map((name) => [name, result(name)]).filter(([, found]) => found);

const rate = (run) => run?.rps ?? run?.res_per_s;
const cpu = (run) => run?.server_cpu_ms_per_req ?? run?.server_cpu_ms_per_resource;
const round = (x, digits = 0) => (x === undefined ? '' : x.toFixed(digits));
const times = (ours, theirs) => (ours && theirs ? `${(ours / theirs).toFixed(1)} x` : '');

const workloads = [
  ['creates', 'f1'], ['reads', 'f2'], ['the 50 newest of one code', 'f3'],
].flatMap(([title, key]) => [1, 16, 64, 512].map((conns) => [`${title}, ${conns} connections`, `${key}-c${conns}`]));
workloads.push(['import, resources, 1 connection (approximate: other bundles)', 'f4-c1']);

console.log('| a second (CPU ms each) | Medplum 5.0.10 |' + engines.map(([name]) => ` ${name} | |`).join(''));
console.log('|---|---|' + engines.map(() => '---|---|').join(''));
for (const [title, key] of workloads) {
  const theirs = baseline.runs[key];
  const cells = engines.map(([, found]) => {
    const run = found.runs[key];
    const errors = run?.errors ? `, ${run.errors} refused or failed` : '';
    return ` ${round(rate(run))} (${round(cpu(run), 3)})${errors} | ${times(rate(run), rate(theirs))} |`;
  });
  console.log(`| ${title} | ${theirs ? `${round(rate(theirs))} (${round(cpu(theirs), 2)})` : ''} |${cells.join('')}`);
}
const sqlite = result('sqlite'), nginx = rate(result('nginx')?.runs['f2-c64']);
const bare = Number(/^([\d.]+)/.exec(fs.readFileSync(path.join(folder, 'bare.txt'), 'utf8'))[1]);
console.log(`
creates at 64 connections to a bare loop of the same rows (${bare.toFixed(0)}/s): ${(rate(sqlite.runs['f1-c64']) / bare).toFixed(2)}
reads at 64 connections to nginx on files of the same bytes (${round(nginx)}/s): ${(rate(sqlite.runs['f2-c64']) / nginx).toFixed(2)}
memory: idle ${round(sqlite.idle?.pss, 1)} MiB, under creates of 64 connections ${round(sqlite.runs['f1-c64'].mem_pss_mib, 1)} MiB, after the imports ${round(sqlite.after?.pss, 1)} MiB
program: ${(fs.statSync(program).size / 1e6).toFixed(2)} MB`);
