// An ext4 of its own in a loop file: for a test that cuts its power or fills it. Needs root and loop devices.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DISK_BYTES = 96 * 1024 * 1024;

export function ran(program, ...args) {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error ?? stderr}`);
}

export class Disk {
  constructor(folder, name) {
    this.file = join(folder, `${name}.img`);
    this.mount = join(folder, name);
    mkdirSync(this.mount);
  }
  make() {
    writeFileSync(this.file, '');
    truncateSync(this.file, DISK_BYTES);
    ran('mkfs.ext4', '-q', '-F', this.file);
    return this.open();
  }
  open() { ran('mount', '-o', 'loop', this.file, this.mount); return this; }
  close() { spawnSync('umount', [this.mount]); }
}

/** False where there are such disks here; else why not. */
export function whyNot() {
  if (process.getuid() !== 0) return 'needs root';
  const folder = mkdtempSync(join(tmpdir(), 'euthymia-loop-'));
  try {
    new Disk(folder, 'try').make().close();
    return false;
  } catch (error) {
    return `no loop devices here: ${error.message.trim().split('\n')[0]}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
