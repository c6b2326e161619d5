// Links files into the program: writes an assembler file with one .incbin a file and the C table of
// base/embed.h. The files are inputs of the build step, so a changed file is noticed.
//   node tools/embed.mjs ROOT OUT.S OUT.c FILE...      (paths in the table are relative to ROOT)
import { writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';

const [root, outS, outC, ...files] = process.argv.slice(2);
const rows = files
  .map((file) => ({ file: resolve(file), path: relative(root, file).replaceAll('\\', '/') }))
  .sort((a, b) => (a.path < b.path ? -1 : 1));

writeFileSync(outS, rows.map((row, i) =>
  `.section .rodata\n.global embedded_${i}_start, embedded_${i}_end\n.balign 16\n` +
  `embedded_${i}_start:\n.incbin ${JSON.stringify(row.file)}\nembedded_${i}_end:\n.byte 0\n`).join('') +
  '.section .note.GNU-stack,"",%progbits\n');

writeFileSync(outC, '#include "base/embed.h"\n\n' +
  rows.map((_, i) => `extern const char embedded_${i}_start[], embedded_${i}_end[];\n`).join('') +
  '\nconst EmbeddedFile embedded_files[] = {\n' +
  rows.map((row, i) => `    { ${JSON.stringify(row.path)}, embedded_${i}_start, embedded_${i}_end },\n`).join('') +
  '    { 0 },\n};\n');
