// TLS by the program itself: a cookie that only TLS can carry, and no old versions.
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import { Clinic, password, root } from './clinic.mjs';

const tls = join(root, 'tests/data/tls');

describe('TLS', () => {
  let clinic;
  before(async () => { clinic = await Clinic.open('sqlite', ['--tls-cert', join(tls, 'cert.pem'), '--tls-key', join(tls, 'key.pem')]); });
  after(() => clinic?.close());

  const send = (method, path, body, headers = {}) => new Promise((resolve, reject) => {
    const sent = request(clinic.url + path, { method, headers, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.on('data', (bytes) => { text += bytes; }).on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    sent.on('error', reject).end(body);
  });

  it('signs in with a __Host- cookie', async () => {
    assert.match(clinic.url, /^https:/);
    const answer = await send('POST', '/auth/sign-in', JSON.stringify({ name: 'nurse', password }), { 'content-type': 'application/json' });
    assert.match(answer.headers['set-cookie'][0], /^__Host-euthymia=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/);
    assert.match(answer.headers['strict-transport-security'], /^max-age=31536000/);
    const cookie = answer.headers['set-cookie'][0].split(';')[0];
    assert.equal((await send('GET', '/auth/me', undefined, { cookie })).status, 200);
    assert.equal((await send('GET', '/auth/me', undefined, { cookie: cookie.replace('__Host-', '') })).status, 401);
  });

  it('speaks TLS 1.2 and 1.3 only', async () => {
    const version = (maxVersion) => new Promise((resolve) => {
      const socket = connect({ port: Number(new URL(clinic.url).port), host: '127.0.0.1', rejectUnauthorized: false, minVersion: 'TLSv1', maxVersion,
        ciphers: 'DEFAULT@SECLEVEL=0' }, () => { resolve(socket.getProtocol()); socket.destroy(); });
      socket.on('error', () => resolve('refused'));
    });
    assert.deepEqual([await version('TLSv1.3'), await version('TLSv1.2'), await version('TLSv1.1')], ['TLSv1.3', 'TLSv1.2', 'refused']);
  });

  it('streams over TLS', async () => {
    const { port } = new URL(clinic.url);
    const text = await new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', path: '/events', rejectUnauthorized: false, headers: { authorization: `Bearer ${clinic.token('nurse')}` } },
        (response) => response.once('data', (bytes) => { resolve(String(bytes)); sent.destroy(); }));
      sent.on('error', reject).end();
    });
    assert.match(text, /^event: beat\n/);
  });
});
