// Starts the real program on a free port with a database of its own, for one test file. EUTHYMIA names the binary;
// EUTHYMIA_TEST_PG, where set, a PostgreSQL on which databases may be made; EUTHYMIA_TEST_PG_POOL, a pooler before it.
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const binary = process.env.EUTHYMIA ?? join(root, 'build-test/euthymia');
const postgres = process.env.EUTHYMIA_TEST_PG ?? '';
const pooler = process.env.EUTHYMIA_TEST_PG_POOL ?? '';

/** The engines that this run has. */
export const engines = postgres ? ['sqlite', 'postgresql'] : ['sqlite'];
export const password = 'correct horse battery staple';

function run(program, args) {
  const ran = spawnSync(program, args, { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`${program}: ${ran.error ?? ran.stderr}`);
}
export function psql(url, sql) {
  const program = '/usr/lib/postgresql/15/bin/psql';
  run(existsSync(program) ? program : 'psql', ['-q', '-v', 'ON_ERROR_STOP=1', url, '-c', sql]);
}

/* The role of tools/postgres.sh that a server runs as. */
const asServer = (url) => url.replace(/\/\/[^@/]*@/, '//euthymia_server@');

/** An empty database: { owner, url, drop }. Its tables are made, and on PostgreSQL url is of another role than owner. */
export function newDatabase(engine, folder, tables = true) {
  if (engine === 'sqlite') {
    const url = `sqlite:${join(folder, 'clinic.db')}`;
    return { url, owner: url, drop() {} };
  }
  const name = `euthymia_${randomUUID().replaceAll('-', '')}`;
  psql(postgres, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'`);
  const owner = postgres.replace(/\/[^/]*$/, `/${name}`);
  if (tables) run(binary, ['migrate', '--db', owner, '--grant', 'euthymia_server']);
  return { owner, url: asServer(owner), drop: () => psql(postgres, `DROP DATABASE ${name} WITH (FORCE)`) };
}

/** Runs a command to its end. */
export function euthymia(args, input = '') {
  return spawnSync(binary, args, { input, encoding: 'utf8', timeout: 60_000 });
}

export class Clinic {
  #process;
  #folder = mkdtempSync(join(tmpdir(), 'euthymia-api-'));
  #database;
  #tokens = {};
  log = '';

  /** folder: where its file lies, elsewhere than in a folder of its own; environment: of the program; like: another
   * clinic, whose tokens are good here too; beside: another clinic, whose database this one is a second server of. */
  constructor(engine, args = [], { folder, environment = {}, like, beside, pooled = false } = {}) {
    this.engine = engine;
    this.args = args;
    this.environment = environment;
    this.#database = beside ? { ...beside.#database, drop() {} } : newDatabase(engine, folder ?? this.#folder);
    this.db = this.#database.url;
    /* What the server is told; commands always go to the database itself. */
    this.served = pooled ? ['--db-pooled', '--db', asServer(pooler).replace(/\/[^/]*$/, this.db.slice(this.db.lastIndexOf('/')))] : ['--db', this.db];
    if (like ?? beside) this.#tokens = (like ?? beside).#tokens;
  }

  static async open(engine, args, more) {
    const clinic = new Clinic(engine, args, more);
    for (const role of ['physician', 'nurse', 'admin', 'researcher', 'system']) clinic.addUser(role, role);
    await clinic.start();
    return clinic;
  }

  /** A second server on the same database; close it before this one. */
  async second(more) {
    const other = new Clinic(this.engine, this.args, { ...more, beside: this });
    await other.start();
    return other;
  }

  addUser(name, role, more = []) {
    const ran = euthymia(['user', 'add', name, '--role', role, '--password-stdin', '--db', this.db, ...more], `${password}\n`);
    if (ran.status !== 0) throw new Error(ran.stderr);
  }

  async start(listen = '127.0.0.1:0') {
    this.#process = spawn(binary, ['serve', '--listen', listen, ...this.served, ...this.args], { env: { ...process.env, ...this.environment } });
    this.#process.stderr.on('data', (bytes) => { this.log += bytes; });
    const [line] = await Promise.race([
      new Promise((resolve) => createInterface(this.#process.stdout).once('line', (l) => resolve([l]))),
      new Promise((_, reject) => this.#process.once('exit', (code) => reject(new Error(`serve ended with ${code}: ${this.log}`)))),
    ]);
    this.readyLine = line;
    this.url = /https?:\S+/.exec(line)[0];
    this.fhir = `${this.url}/fhir`;
  }

  /** Holds the running program still ('SIGSTOP'), lets it go on ('SIGCONT'). */
  signal(name) { this.#process.kill(name); }

  /** Ends the program; resolves to its exit code. */
  async end(signal = 'SIGTERM') {
    const process = this.#process;
    if (process.exitCode !== null || process.signalCode !== null) return process.exitCode;
    const ended = new Promise((resolve) => process.once('exit', resolve));
    process.kill(signal);
    return ended;
  }

  async close() {
    const code = await this.end();
    this.#database.drop();
    rmSync(this.#folder, { recursive: true, force: true });
    if (code !== 0) throw new Error(`serve ended with ${code}: ${this.log}`);
    return code;
  }

  token(role) {
    this.#tokens[role] ??= euthymia(['token', role, '--db', this.db]).stdout.trim();
    return this.#tokens[role];
  }

  /** One request as a role (or null: nobody). Answers { status, headers, text, json }. */
  async call(role, method, path, body, headers = {}) {
    const response = await fetch(path.startsWith('/') ? this.url + path : path, {
      method,
      redirect: 'manual',
      headers: {
        ...(role ? { authorization: `Bearer ${this.token(role)}` } : {}),
        ...(body !== undefined ? { 'content-type': 'application/fhir+json' } : {}),
        ...headers,
      },
      body: body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
    const text = await response.text();
    let json;
    try { json = JSON.parse(text); } catch { /* not JSON */ }
    return { status: response.status, headers: response.headers, text, json };
  }

  signIn(name, word = password, headers = {}) {
    return this.call(null, 'POST', '/auth/sign-in', { name, password: word }, { 'content-type': 'application/json', ...headers });
  }

  async cookie(name) {
    return (await this.signIn(name)).headers.get('set-cookie').split(';')[0];
  }

  /** Changes the database behind the program's back. */
  sql(text) {
    if (this.engine === 'sqlite') run('sqlite3', ['-cmd', '.timeout 5000', this.db.replace('sqlite:', ''), text]);
    else psql(this.#database.owner, text);
  }

  /** Every audit row there is, read in pages. */
  async audit() {
    const rows = [];
    for (let after = ''; ;) {
      const page = (await this.call('admin', 'GET', `/audit?_count=1000&after=${after}`)).json.rows;
      rows.push(...page);
      if (page.length < 1000) return rows;
      after = page.at(-1).id;
    }
  }
}

/** Calls back with a running clinic for each engine, and where asked for behind the pooler too; closes it afterwards. */
export function onEachEngine(describe, { before, after }, run, args = [], { pooled = false } = {}) {
  const rows = [...engines.map((engine) => [engine, engine, false]), ...(pooled && pooler ? [['postgresql behind a pooler', 'postgresql', true]] : [])];
  for (const [name, engine, behind] of rows)
    describe(name, () => {
      const holder = {};
      before(async () => { holder.clinic = await Clinic.open(engine, args, { pooled: behind }); });
      after(async () => { await holder.clinic?.close(); });
      run(() => holder.clinic);
    });
}

export const issue = (answer) => answer.json?.issue?.[0] ?? {};
export const patient = (family = 'Test') => ({ resourceType: 'Patient', name: [{ family }], birthDate: '1984-02-29' });
export const weight = (patientId, kg = 71.5) => ({
  resourceType: 'Observation', status: 'final', subject: { reference: `Patient/${patientId}` },
  code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] }, effectiveDateTime: '2026-11-17T10:42:00Z',
  valueQuantity: { value: kg, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
});
