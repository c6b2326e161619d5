// Builds the page into web/dist: one script, one style sheet, the phone's style sheet and script, index.html; each
// also as .gz, which the server sends to browsers that take it. `--watch` is not offered: the whole build takes less
// than a second.
import { build } from 'esbuild';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

const common = { bundle: true, minify: true, write: false, target: 'es2022', legalComments: 'none', logLevel: 'warning' };
const script = (await build({
  ...common,
  entryPoints: [join(here, 'src/main.tsx')],
  format: 'esm',
  jsx: 'automatic',
  jsxImportSource: 'preact',
})).outputFiles[0].contents;

/* A screen's sheet holds on that screen alone (main[data-screen]), so two screens may use one short name. */
const everywhere = ['tokens.css', 'components.css', 'shell.css'];
const css = (name) => readFileSync(join(here, 'css', name), 'utf8');
const scoped = (name) => `main[data-screen='${name.replace('.css', '')}'] {\n${css(name)}\n}`;
const screens = readdirSync(join(here, 'css')).filter((name) => !everywhere.includes(name)).sort();
const minifyCss = async (text) =>
  (await build({ ...common, stdin: { contents: text, loader: 'css', resolveDir: join(here, 'css') } })).outputFiles[0].contents;
const style = await minifyCss([...everywhere.map(css), ...screens.map(scoped)].join('\n'));

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 12);
/* Fixed names, so that the build that links them in has fixed inputs; the hash in the address defeats old caches. */
const page = readFileSync(join(here, 'index.html'), 'utf8')
  .replace('APP_JS', `app.js?v=${hash(script)}`).replace('APP_CSS', `app.css?v=${hash(style)}`);

const files = { 'index.html': page, 'app.js': script, 'app.css': style,
  'mark.svg': readFileSync(join(here, 'mark.svg')) };
if (existsSync(join(here, 'phone/phone.css')))
  files['phone.css'] = await minifyCss(readFileSync(join(here, 'css/tokens.css'), 'utf8') + readFileSync(join(here, 'phone/phone.css'), 'utf8'));
if (existsSync(join(here, 'phone/phone.ts')))
  files['phone.js'] = (await build({ ...common, entryPoints: [join(here, 'phone/phone.ts')], format: 'iife' })).outputFiles[0].contents;

let first = 0;
for (const [name, bytes] of Object.entries(files)) {
  writeFileSync(join(dist, name), bytes);
  const packed = gzipSync(bytes, { level: 9 });
  writeFileSync(join(dist, name + '.gz'), packed);
  if (!name.startsWith('phone')) first += packed.length;
}
console.log(`web/dist: ${Object.keys(files).length} files, first load ${(first / 1024).toFixed(1)} kB packed, ` +
  `${((script.length + style.length + page.length) / 1024).toFixed(1)} kB unpacked`);
if (script.length + style.length + page.length > 300 * 1024) {
  console.error('web/dist: the first load is over 300 kB');
  process.exit(1);
}
