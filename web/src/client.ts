// The page as a FHIR client: it reads and writes resources and calls the verbs' operations, as any other client
// could. A Parameters answer becomes a plain object: a name that comes twice becomes a list, a part a nested object.

export type Value = string | number | boolean | Group | Value[] | Resource;
export interface Group { [name: string]: Value | undefined }
export interface Resource { resourceType: string; id?: string; [member: string]: unknown }
export interface Issue { code: string; path: string; text: string }

export class Refused extends Error {
  constructor(readonly status: number, readonly issues: Issue[]) {
    super(issues.map((issue) => issue.text).join(' ') || `The server answered ${status}`);
  }
}

interface Parameter { name: string; part?: Parameter[]; resource?: Resource; [value: string]: unknown }

function valueOf(parameter: Parameter): Value {
  if (parameter.part) return group(parameter.part);
  if (parameter.resource) return parameter.resource;
  for (const key in parameter) if (key.startsWith('value')) return parameter[key] as Value;
  return '';
}

function group(parameters: Parameter[]): Group {
  const result: Group = {};
  for (const parameter of parameters) {
    const value = valueOf(parameter);
    const before = result[parameter.name];
    if (before === undefined) result[parameter.name] = value;
    else if (Array.isArray(before)) before.push(value);
    else result[parameter.name] = [before, value];
  }
  return result;
}

/** A list whether the name came never, once or often. */
export function list(value: Value | undefined): Group[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]) as Group[];
}
export function text(value: Value | undefined): string {
  return value === undefined ? '' : String(value);
}
/** NaN where it is absent: an absent number is not zero. */
export function number(value: Value | undefined): number {
  return typeof value === 'number' ? value : value === undefined || value === '' ? NaN : Number(value);
}

async function answer(response: Response): Promise<unknown> {
  const body = await response.text();
  let json: unknown = undefined;
  try { json = body ? JSON.parse(body) : undefined; } catch { /* not JSON: the status says enough */ }
  if (response.ok) return json;
  const issues = ((json as { issue?: { code?: string; expression?: string[]; diagnostics?: string; details?: { text?: string } }[] })?.issue ?? [])
    .map((issue) => ({ code: issue.code ?? '', path: issue.expression?.[0] ?? '', text: issue.details?.text ?? issue.diagnostics ?? '' }));
  if (response.status === 401 && !response.url.endsWith('/auth/unlock')) onSignedOut(issues.some((issue) => issue.path === 'locked'));
  throw new Refused(response.status, issues);
}

let onSignedOut: (locked: boolean) => void = () => {};
/** locked: the session is still there, and opens with its password. */
export function whenSignedOut(act: (locked: boolean) => void): void { onSignedOut = act; }

async function send(path: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...init });
  } catch {
    throw new Refused(0, [{ code: 'transient', path: '', text: 'The server cannot be reached. Nothing was recorded.' }]);
  }
  return answer(response);
}

function key(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

function parameter(name: string, value: unknown): Parameter {
  if (typeof value === 'number') return { name, valueDecimal: value };
  if (typeof value === 'boolean') return { name, valueBoolean: value };
  if (value instanceof Date) return { name, valueDateTime: value.toISOString() };
  if (value !== null && typeof value === 'object')
    return { name, part: Object.entries(value).flatMap(([n, v]) => parameters(n, v)) };
  return { name, valueString: String(value) };
}
function parameters(name: string, value: unknown): Parameter[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map((v) => parameter(name, v)) : [parameter(name, value)];
}

/** Reads: GET [base]/path with query parameters. `await ask('Patient/1/$evaluate')`. */
export async function ask(path: string, query: Record<string, string | number> = {}): Promise<Group> {
  const search = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)])).toString();
  const json = await send(`/fhir/${path}${search ? `?${search}` : ''}`, { headers: { Accept: 'application/fhir+json' } });
  return group((json as { parameter?: Parameter[] })?.parameter ?? []);
}

/** Writes: POST a Parameters resource, once: the key makes a repeat harmless. A Date becomes a dateTime, a number a
 *  decimal (write a dose as its text to keep its digits), an object a part, undefined nothing. */
export async function tell(path: string, body: Record<string, unknown> = {}): Promise<Group> {
  const resource = { resourceType: 'Parameters', parameter: Object.entries(body).flatMap(([n, v]) => parameters(n, v)) };
  const json = await send(`/fhir/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/fhir+json', Accept: 'application/fhir+json', 'Idempotency-Key': key() },
    body: JSON.stringify(resource),
  });
  return group((json as { parameter?: Parameter[] })?.parameter ?? []);
}

export async function read(reference: string): Promise<Resource> {
  return (await send(`/fhir/${reference}`, { headers: { Accept: 'application/fhir+json' } })) as Resource;
}
export async function search(type: string, query: Record<string, string>): Promise<Resource[]> {
  const bundle = (await send(`/fhir/${type}?${new URLSearchParams(query)}`, { headers: { Accept: 'application/fhir+json' } })) as
    { entry?: { resource: Resource }[] };
  return (bundle.entry ?? []).map((entry) => entry.resource);
}
export async function create(resource: Resource): Promise<Resource> {
  return (await send(`/fhir/${resource.resourceType}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/fhir+json', Prefer: 'return=representation', 'Idempotency-Key': key() },
    body: JSON.stringify(resource),
  })) as Resource;
}

/** Opens the record of a patient of others for some hours; it is looked at afterwards. */
export async function breakGlass(patient: string, reason: string, hours: number): Promise<void> {
  await send('/access/break-glass', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ patient, reason, hours }) });
}

export interface BrokenGlass {
  id: string; person: string; display: string; patient: string; reason: string; from: string; until: string;
  reviewed?: string; reviewedBy?: string; review?: string;
}
/** Those that wait for a review first. */
export async function brokenGlasses(): Promise<BrokenGlass[]> { return ((await send('/access/break-glass', {})) as { rows: BrokenGlass[] }).rows; }
export async function reviewGlass(id: string, review: string): Promise<void> {
  await send(`/access/break-glass/${id}/review`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ review }) });
}

export interface Me { account: string; display: string; role: string; personId: string; zone: string; now: string; demo: boolean }
export async function me(): Promise<Me> { return (await send('/auth/me', {})) as Me; }
export async function signIn(name: string, password: string, code?: string): Promise<void> {
  await send('/auth/sign-in', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name, password, ...(code ? { code } : {}) }) });
}
export async function lock(): Promise<void> { await send('/auth/lock', { method: 'POST' }); }
export async function unlock(password: string): Promise<Me> {
  return (await send('/auth/unlock', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ password }) })) as Me;
}
export async function signOut(): Promise<void> { await send('/auth/sign-out', { method: 'POST' }); }
