// EU-S-01 The program never moves a pump: infuse has no way out of the process, and its screens never promise one.
//   node tests/infuse/no_device.mjs LIBRARY.a WEB_SCREENS_FOLDER
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [library, screens] = process.argv.slice(2);
const faults = [];

// ---- the library asks the system for nothing that could reach a device, a file, a process or a network
const undefinedSymbols = execFileSync('nm', ['--undefined-only', library], { encoding: 'utf8' })
  .split('\n').map((line) => line.trim().split(/\s+/).pop().replace(/@.*$/, '')).filter(Boolean);
const waysOut = /^(socket|connect|send(to|msg|file)?|bind|listen|accept4?|open(at)?(64)?|fopen(64)?|fdopen|creat|ioctl|write|pwrite|writev|dprintf|tcsetattr|tcgetattr|cfset\w*|popen|system|fork|vfork|exec\w*|posix_spawn\w*|dlopen|curl_\w+|libusb_\w+|mmap(64)?)$/;
for (const symbol of undefinedSymbols) if (waysOut.test(symbol)) faults.push(`libinfuse uses ${symbol}`);
if (!undefinedSymbols.some((symbol) => symbol === 'fhir_put')) faults.push('nm showed nothing: the test itself is broken');

// ---- the words of the screens
const files = [join(screens, 'infuse.tsx'),
  ...(existsSync(join(screens, 'infuse')) ? readdirSync(join(screens, 'infuse')).map((f) => join(screens, 'infuse', f)) : [])];
const page = files.map((file) => readFileSync(file, 'utf8')).join('\n');
const commands = [
  /\b(start|pause|stop|resume|end)s? (the )?infusion\b/i,   // reads as if a button did it
  /\bemergency stop\b/i,
  /\bpump (is|was|will be|has been) (now )?(started|paused|stopped|slowed)\b/i, // asserts what nobody has seen
  /\bpaused by (rule|the program)\b/i,
  /\b(sent|sending|command) to the pump\b/i,
  />\s*(Start|Pause|Stop|Resume) (the )?pump\s*</,           // a bare command as a label
];
for (const pattern of commands) {
  const hit = page.match(pattern);
  if (hit) faults.push(`the Infuse screen says "${hit[0]}"`);
}
for (const record of ['Pump started', 'Pump paused', 'Pump stopped', 'Rate now', 'Pump volume left'])
  if (!page.includes(record)) faults.push(`the Infuse screen has no record named "${record}"`);

// ---- scales: nothing is preselected (EU-S-13)
if (/aria-pressed=\{true\}|defaultChecked|checked=\{true\}/.test(page)) faults.push('the Infuse screen preselects a value');

if (faults.length) {
  console.error(faults.join('\n'));
  process.exit(1);
}
console.log(`EU-S-01 ${undefinedSymbols.length} symbols and ${files.length} files: no way to a pump, and no words of one`);
