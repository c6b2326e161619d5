// Who may come in, and as whom.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { euthymia, issue, onEachEngine, password, patient } from './clinic.mjs';

/** As an authenticator makes it (RFC 6238). */
function oneTimeCode(secret, step) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac('sha1', key).update(counter).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

onEachEngine(describe, { before, after }, (clinic) => {
  const call = (...args) => clinic().call(...args);

  it('asks everybody to sign in, but for metadata, health and the page', async () => {
    for (const path of ['/fhir/Patient', '/fhir/Patient/1', '/auth/me', '/events', '/audit', '/fhir/Patient/1/$evaluate'])
      assert.deepEqual([path, (await call(null, 'GET', path)).status], [path, 401]);
    for (const path of ['/fhir/metadata', '/health'])
      assert.deepEqual([path, (await call(null, 'GET', path)).status], [path, 200]);
    assert.equal((await call(null, 'GET', '/auth/me', undefined, { authorization: 'Bearer nobody' })).status, 401);
  });

  it('opens a session in a cookie that no script and no other site can use', async () => {
    const answer = await clinic().signIn('physician');
    assert.equal(answer.status, 200);
    assert.deepEqual({ ...answer.json, personId: '', now: '' }, { account: 'physician', display: 'physician', role: 'physician', personId: '',
      zone: 'America/New_York', now: '', demo: false });
    assert.ok(Math.abs(Date.parse(answer.json.now) - Date.now()) < 60_000, 'the server’s clock, for ages on the screens');
    const cookie = answer.headers.get('set-cookie');
    assert.match(cookie, /^euthymia=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    const me = await call(null, 'GET', '/auth/me', undefined, { cookie: cookie.split(';')[0] });
    assert.equal(me.json.personId, answer.json.personId);
  });

  it('says the same of an unknown name and of a wrong password', async () => {
    const wrong = await clinic().signIn('physician', 'not the password');
    const unknown = await clinic().signIn('nobody-here', 'not the password');
    assert.deepEqual([wrong.status, wrong.text], [401, unknown.text]);
    assert.equal(unknown.status, 401);
    assert.equal((await clinic().signIn('physician', 7)).status, 400);
  });

  it('takes the same time for both', async () => {
    const timed = async (name) => {
      const started = performance.now();
      await clinic().signIn(name, 'not the password');
      return performance.now() - started;
    };
    const known = Math.min(await timed('nurse'), await timed('nurse'), await timed('nurse'));
    const unknown = Math.min(await timed('x1'), await timed('x2'), await timed('x3'));
    assert.ok(unknown > known / 2 && unknown < known * 2, `${known} ms, ${unknown} ms`);
  });

  it('stops guessing, and still lets the others in', async () => {
    for (let i = 0; i < 10; i++) assert.equal((await clinic().signIn('guessed', `guess ${i}`)).status, 401);
    const stopped = await clinic().signIn('guessed', 'guess 11');
    assert.equal(stopped.status, 429);
    assert.ok(Number(stopped.headers.get('retry-after')) > 0);
    assert.equal((await clinic().signIn('nurse')).status, 200);
  });

  it('ends a session at sign-out', async () => {
    const cookie = await clinic().cookie('nurse');
    const origin = clinic().url;
    assert.equal((await call(null, 'GET', '/auth/me', undefined, { cookie })).status, 200);
    assert.equal((await call(null, 'POST', '/auth/sign-out', undefined, { cookie, origin })).status, 204);
    assert.equal((await call(null, 'GET', '/auth/me', undefined, { cookie })).status, 401);
  });

  it('locks a session, which then does nothing but open with its password', async () => {
    const cookie = await clinic().cookie('nurse'), origin = clinic().url, plain = { 'content-type': 'application/json' };
    const unlock = (password, headers = { cookie, origin }) => call(null, 'POST', '/auth/unlock', JSON.stringify({ password }), { ...plain, ...headers });
    const stream = await fetch(`${clinic().url}/events`, { headers: { cookie } });
    assert.equal((await call(null, 'POST', '/auth/lock', undefined, { cookie, origin: 'https://elsewhere.example' })).status, 403);
    assert.equal((await call(null, 'POST', '/auth/lock', undefined, { cookie, origin })).status, 204);
    for await (const part of stream.body) assert.ok(part, 'the stream ends');
    for (const [method, path, body] of [['GET', '/auth/me'], ['GET', '/fhir/Patient'], ['GET', '/events'], ['POST', '/fhir/Patient', patient()], ['GET', '/fhir/$today'], ['POST', '/auth/lock']]) {
      const answer = await call(null, method, path, body, { cookie, origin });
      assert.deepEqual([answer.status, answer.json.issue[0].expression], [401, ['locked']], path);
    }
    assert.equal((await unlock('wrong word')).status, 401);
    assert.equal((await unlock(undefined)).status, 400);
    assert.equal((await unlock(password, { cookie, origin: 'https://elsewhere.example' })).status, 403);
    assert.equal((await unlock(password, {})).status, 400, 'without a session');
    const open = await unlock(password);
    assert.deepEqual([open.status, open.json.account], [200, 'nurse'], open.text);
    assert.equal((await call(null, 'GET', '/auth/me', undefined, { cookie })).status, 200);
    assert.equal((await unlock(password)).status, 400, 'it is not locked');
    assert.equal((await call('nurse', 'POST', '/auth/lock')).status, 400, 'a token is a machine\'s');
    const other = await clinic().cookie('nurse');
    await call(null, 'POST', '/auth/lock', undefined, { cookie, origin });
    assert.equal((await call(null, 'GET', '/auth/me', undefined, { cookie: other })).status, 200, 'another session of the same person');
    assert.equal((await call(null, 'POST', '/auth/sign-out', undefined, { cookie, origin })).status, 204, 'it can be left');
    assert.equal((await unlock(password)).status, 400, 'it has ended');
  });

  it('takes a write with a cookie from its own page only', async () => {
    const cookie = await clinic().cookie('physician');
    const post = (headers) => call(null, 'POST', '/fhir/Patient', patient(), { cookie, ...headers });
    assert.equal((await post({})).status, 403);
    assert.equal((await post({ origin: 'https://elsewhere.example' })).status, 403);
    assert.equal((await post({ 'sec-fetch-site': 'cross-site', origin: clinic().url })).status, 403);
    assert.equal((await post({ origin: clinic().url })).status, 201);
    assert.equal((await clinic().signIn('physician', undefined, { origin: 'https://elsewhere.example' })).status, 403);
  });

  it('forgets a token when its days are over, and takes none that is revoked or cut', async () => {
    const token = clinic().token('system');
    assert.equal((await call(null, 'GET', '/auth/me', undefined, { authorization: `Bearer ${token.slice(1)}` })).status, 401);
    assert.equal(euthymia(['token', 'system', '--days', '0', '--db', clinic().db]).status, 2);
  });

  it('knows two accounts of one person as one', async () => {
    clinic().addUser('physician-as-admin', 'admin', ['--same-person-as', 'physician']);
    const [one, other] = [await clinic().signIn('physician'), await clinic().signIn('physician-as-admin')];
    assert.equal(one.json.personId, other.json.personId);
    assert.equal((await call('nurse', 'GET', `/fhir/Practitioner/${one.json.personId}`)).status, 200);
  });

  it('sends headers that keep a browser from harm', async () => {
    const { headers } = await call(null, 'GET', '/health');
    assert.match(headers.get('content-security-policy'), /default-src 'none'.*frame-ancestors 'none'/);
    assert.doesNotMatch(headers.get('content-security-policy'), /unsafe/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('cache-control'), 'no-store');
  });

  it('stores no password and no token as it is', async () => {
    assert.equal(issue(await call('admin', 'GET', '/fhir/Patient')).code, 'forbidden');
    const rows = JSON.stringify(await clinic().audit());
    assert.ok(!rows.includes('correct horse') && !rows.includes(clinic().token('system')));
  });

  it('asks for a second factor where an account has one, and takes each code once', async () => {
    clinic().addUser('careful', 'nurse');
    const made = euthymia(['user', 'second-factor', 'careful', '--db', clinic().db]);
    assert.equal(made.status, 0, made.stderr);
    const secret = /secret=([A-Z2-7]{32})/.exec(made.stdout)[1];
    const signIn = (code) => call(null, 'POST', '/auth/sign-in', { name: 'careful', password, ...(code ? { code } : {}) }, { 'content-type': 'application/json' });
    const asked = await signIn();
    assert.deepEqual([asked.status, issue(asked).expression], [401, ['code']]);
    assert.equal((await signIn('000000')).status, 401);
    const code = oneTimeCode(secret, Math.floor(Date.now() / 30_000));
    assert.equal((await signIn(code)).status, 200);
    assert.equal((await signIn(code)).status, 401, 'a code is good once');
    assert.equal(euthymia(['user', 'second-factor', 'careful', '--off', '--db', clinic().db]).status, 0);
    assert.equal((await signIn()).status, 200);
    assert.equal(euthymia(['user', 'second-factor', 'nobody', '--db', clinic().db]).status, 1);
  });
});
