// Subscriptions: R4's rest-hook and the R5 Backport's topics, told to an endpoint of the test's own. What matched arrives at
// least once and in order, also after the endpoint or the server was away; and nothing is sent to where nobody allowed it.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Clinic, engines, patient, weight } from './clinic.mjs';

const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
const topic = (name) => `urn:euthymia:topic:${name}`;

/** An endpoint: what came, and the status that it answers with. */
class Endpoint {
  requests = [];
  answers = 200;
  #waiting = [];

  static async open(port = 0) {
    const endpoint = new Endpoint();
    endpoint.server = createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        response.writeHead(endpoint.answers).end();
        if (endpoint.answers === 200) endpoint.requests.push({ method: request.method, path: request.url, headers: request.headers, text, json: text ? JSON.parse(text) : undefined });
        else endpoint.refused = (endpoint.refused ?? 0) + 1;
        endpoint.#waiting.forEach((check) => check());
      });
    });
    await new Promise((resolve) => endpoint.server.listen(port, '127.0.0.1', resolve));
    endpoint.port = endpoint.server.address().port;
    endpoint.url = `http://127.0.0.1:${endpoint.port}`;
    return endpoint;
  }

  /** What came to a path: [{ kind, events: [{ number, focus }], bundle }], or the request itself where it is no notice. */
  at(path) {
    return this.requests.filter((request) => request.path.startsWith(path)).map((request) => ({ ...request, ...notice(request.json) }));
  }
  events(path) { return this.at(path).filter((n) => n.kind === 'event-notification').flatMap((n) => n.events); }

  until(holds, ms = 15000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing came in time: ${JSON.stringify(this.requests.map((r) => [r.path, r.text.slice(0, 600)]))}`)), ms);
      const check = () => { if (holds(this)) { clearTimeout(timer); resolve(); } };
      this.#waiting.push(check);
      check();
    });
  }
  close() { this.server.close(); this.server.closeAllConnections(); }
}

function notice(json) {
  if (json?.resourceType !== 'Bundle') return {};
  const parameters = json.entry[0].resource.parameter;
  const value = (list, name) => { const one = list.find((p) => p.name === name); return one && (one.valueCode ?? one.valueString ?? one.valueCanonical ?? one.valueReference?.reference); };
  return {
    kind: value(parameters, 'type'), status: value(parameters, 'status'), topic: value(parameters, 'topic'), since: Number(value(parameters, 'events-since-subscription-start')),
    events: parameters.filter((p) => p.name === 'notification-event').map(({ part }) => ({ number: Number(value(part, 'event-number')), focus: value(part, 'focus') })),
    resources: json.entry.slice(1).map((entry) => entry.resource),
  };
}

const item9 = (id, value, code = '44260-8') => ({
  resourceType: 'Observation', status: 'final', subject: { reference: `Patient/${id}` }, code: { coding: [{ system: 'http://loinc.org', code }] }, ...value,
});
const coded = (code) => ({ valueCodeableConcept: { coding: [{ system: 'http://loinc.org', code }] } });
const vital = (id, interpretation) => ({
  resourceType: 'Observation', status: 'final', subject: { reference: `Patient/${id}` }, category: [{ coding: [{ code: 'vital-signs' }] }],
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] }, valueQuantity: { value: 150, unit: '/min' },
  ...(interpretation ? { interpretation: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', code: interpretation }] }] } : {}),
});
const visit = (id, status) => ({
  resourceType: 'Encounter', status, class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' }, type: [{ text: 'Ketamine infusion visit' }], subject: { reference: `Patient/${id}` },
});

for (const engine of engines)
  describe(engine, () => {
    let clinic, endpoint;
    before(async () => {
      endpoint = await Endpoint.open();
      clinic = await Clinic.open(engine, ['--notify-to', `${endpoint.url}/hooks/`]);
    });
    after(async () => { await clinic?.close(); endpoint?.close(); });

    const write = async (resource, id) => {
      const answer = await clinic.call('system', id ? 'PUT' : 'POST', `/fhir/${resource.resourceType}${id ? `/${id}` : ''}`, resource);
      assert.ok(answer.status < 300, answer.text);
      return answer.json;
    };
    const subscription = (criteria, path, { content, filters = [], channel = {}, payload = 'application/fhir+json', ...more } = {}) => ({
      resourceType: 'Subscription', status: 'requested', reason: 'a test', criteria,
      ...(filters.length ? { _criteria: { extension: filters.map((valueString) => ({ url: `${backport}/backport-filter-criteria`, valueString })) } } : {}),
      channel: {
        type: 'rest-hook', endpoint: `${endpoint.url}/hooks/${path}`, ...(payload ? { payload } : {}),
        ...(content ? { _payload: { extension: [{ url: `${backport}/backport-payload-content`, valueCode: content }] } } : {}), ...channel,
      },
      ...more,
    });
    const statusOf = async (id) => (await clinic.call('system', 'GET', `/fhir/Subscription/${id}`)).json;
    const until = async (holds, ms = 15000) => {
      for (const end = Date.now() + ms; ; ) {
        const value = await holds();
        if (value) return value;
        if (Date.now() > end) throw new Error('it did not come about in time');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    const active = async (resource) => {
      const made = await write(resource);
      await until(async () => (await statusOf(made.id)).status === 'active');
      return made.id;
    };

    it('shakes hands, is active, and tells each event once, numbered, with its focus', async () => {
      const { id: person } = await write(patient());
      const id = await active(subscription(topic('phq-item-9'), 'nine', { content: 'id-only', channel: { header: ['Authorization: Bearer secret-of-the-hook'] } }));
      const [shake] = endpoint.at('/hooks/nine');
      assert.deepEqual([shake.kind, shake.status, shake.topic, shake.since, shake.method], ['handshake', 'requested', topic('phq-item-9'), 0, 'POST']);
      assert.equal(shake.headers.authorization, 'Bearer secret-of-the-hook');
      await write(item9(person, coded('LA6568-5')));
      await write(item9(person, coded('LA6569-3'), '44261-6'));
      const first = await write(item9(person, coded('LA6569-3')));
      const second = await write(item9(person, { valueInteger: 2 }));
      await write(item9(person, { valueInteger: 0 }));
      await write({ ...second, valueInteger: 3 }, second.id);
      await endpoint.until((e) => e.events('/hooks/nine').length >= 2);
      await write({ ...first, ...coded('LA6568-5') }, first.id);
      await write({ ...first, ...coded('LA6571-9') }, first.id);
      await endpoint.until((e) => e.events('/hooks/nine').length >= 3);
      assert.deepEqual(endpoint.events('/hooks/nine'), [first, second, first].map((o, i) => ({ number: i + 1, focus: `${clinic.fhir}/Observation/${o.id}` })));
      const status = notice({ resourceType: 'Bundle', entry: (await clinic.call('system', 'GET', `/fhir/Subscription/${id}/$status`)).json.entry });
      assert.deepEqual([status.kind, status.status, status.since], ['query-status', 'active', 3]);
      const missed = notice((await clinic.call('system', 'GET', `/fhir/Subscription/${id}/$events?eventsSinceNumber=2`)).json);
      assert.deepEqual([missed.kind, missed.events.map((e) => e.number)], ['query-event', [2, 3]]);
      assert.equal((await clinic.call('system', 'GET', `/fhir/Subscription/${id}/$events?eventsSinceNumber=x`)).status, 400);
      assert.equal((await clinic.call('nurse', 'GET', `/fhir/Subscription/${id}/$status`)).status, 403);
    });

    it('tells of vital signs out of range and of visits, of the patient that a filter names', async () => {
      const [mine, other] = [await write(patient()), await write(patient())];
      await active(subscription(topic('vital-out-of-range'), 'vitals', { content: 'full-resource', filters: [`Observation?patient=Patient/${mine.id}`] }));
      await active(subscription(topic('session'), 'session', { content: 'empty' }));
      await write(vital(mine.id));
      await write(vital(other.id, 'HH'));
      await write(weight(mine.id, 80));
      const high = await write(vital(mine.id, 'H'));
      await endpoint.until((e) => e.events('/hooks/vitals').length >= 1);
      const [told] = endpoint.at('/hooks/vitals').filter((n) => n.kind === 'event-notification');
      assert.deepEqual(told.resources, [(await clinic.call('system', 'GET', `/fhir/Observation/${high.id}`)).json]);
      const begun = await write(visit(mine.id, 'planned'));
      await write(visit(mine.id, 'in-progress'), begun.id).catch(() => {});
      await write({ ...visit(mine.id, 'in-progress'), id: begun.id }, begun.id);
      await write({ ...visit(mine.id, 'finished'), id: begun.id }, begun.id);
      await endpoint.until((e) => e.events('/hooks/session').length >= 2);
      assert.deepEqual(endpoint.events('/hooks/session'), [{ number: 1, focus: undefined }, { number: 2, focus: undefined }]);
      assert.equal(endpoint.events('/hooks/vitals').length, 1);
      const { json } = await clinic.call('admin', 'GET', `/fhir/AuditEvent?patient=${mine.id}&_count=200`);
      assert.ok(json.entry.some(({ resource }) => JSON.stringify(resource).includes('A notice is sent to a Subscription')), 'what left is in the audit');
    });

    it('serves R4’s own Subscriptions: a PUT below the endpoint, or an empty POST', async () => {
      const person = await write(patient());
      await active(subscription(`Observation?code=http://loinc.org|29463-7&patient=Patient/${person.id}`, 'base'));
      await active(subscription('Observation?code=http://loinc.org|29463-7', 'ping', { payload: null }));
      await write(item9(person.id, { valueInteger: 1 }));
      const observation = await write(weight(person.id, 81));
      await endpoint.until((e) => e.at('/hooks/base').length && e.at('/hooks/ping').length);
      const [put] = endpoint.at('/hooks/base');
      assert.deepEqual([put.method, put.path, put.json.id], ['PUT', `/hooks/base/Observation/${observation.id}`, observation.id]);
      const [ping] = endpoint.at('/hooks/ping');
      assert.deepEqual([ping.method, ping.text, ping.headers['content-type']], ['POST', '', undefined]);
    });

    it('sends again until it has arrived, in order, across a crash', async () => {
      const person = await write(patient());
      await active(subscription(topic('phq-item-9'), 'late', { content: 'id-only', channel: { extension: [{ url: `${backport}/backport-max-count`, valuePositiveInt: 2 }] } }));
      endpoint.answers = 503;
      const written = [];
      for (let i = 0; i < 5; i++) written.push((await write(item9(person.id, { valueInteger: 1 }))).id);
      await endpoint.until((e) => e.refused > 0);
      await clinic.end('SIGKILL');
      await clinic.start();
      for (let i = 0; i < 2; i++) written.push((await write(item9(person.id, { valueInteger: 1 }))).id);
      endpoint.answers = 200;
      await endpoint.until((e) => e.events('/hooks/late').length >= 7, 90_000); // the lease of who was killed lasts 20 s
      const focused = endpoint.events('/hooks/late');
      assert.deepEqual(focused.map((e) => e.number), [1, 2, 3, 4, 5, 6, 7]);
      assert.deepEqual(focused.map((e) => e.focus.split('/').at(-1)), written);
      assert.ok(endpoint.at('/hooks/late').every((n) => n.events.length <= 2));
    });

    it('says in the Subscription why it cannot be served, and sends nothing', async () => {
      const cases = [
        [subscription(topic('session'), 'x', { channel: { endpoint: 'https://elsewhere.example/hooks/x' } }), /--notify-to/],
        [subscription(topic('session'), 'x', { channel: { endpoint: `${endpoint.url}/other` } }), /--notify-to/],
        [subscription(topic('session'), 'x', { channel: { endpoint: `${endpoint.url}/hooks/../other` } }), /--notify-to/],
        [subscription(topic('session'), 'x', { channel: { endpoint: `http://127.0.0.1:${endpoint.port}@elsewhere.example/hooks/` } }), /--notify-to/],
        [subscription(topic('session'), 'x', { channel: { type: 'email' } }), /rest-hook/],
        [subscription(topic('session'), 'x', { channel: { header: ['Host: elsewhere'] } }), /header/],
        [subscription(topic('session'), 'x', { channel: { payload: 'text/plain' } }), /fhir\+json/],
        [subscription(topic('session'), 'x', { filters: ['Observation?code=x'] }), /type that the topic does not have/],
        [subscription('urn:euthymia:topic:unknown', 'x'), /neither a topic/],
        [subscription('Observation?no-such-parameter=1', 'x'), /no-such-parameter/],
        [subscription('Observation?_include=*', 'x'), /does not choose/],
      ];
      for (const [resource, why] of cases) {
        const { id } = await write(resource);
        const refused = await until(async () => { const s = await statusOf(id); return s.status === 'error' && s; });
        assert.match(refused.error, why);
      }
      assert.deepEqual(endpoint.at('/hooks/x'), []);
    });

    it('ends at its end, and with its deletion; beats where asked', async () => {
      const person = await write(patient());
      const brief = await write(subscription(topic('session'), 'brief', { end: '2020-01-01T00:00:00Z' }));
      await until(async () => (await statusOf(brief.id)).status === 'off');
      const id = await active(subscription(topic('phq-item-9'), 'beats', { content: 'id-only', channel: { extension: [{ url: `${backport}/backport-heartbeat-period`, valueUnsignedInt: 1 }] } }));
      await endpoint.until((e) => e.at('/hooks/beats').some((n) => n.kind === 'heartbeat'));
      assert.equal((await clinic.call('system', 'DELETE', `/fhir/Subscription/${id}`)).status, 204);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const before = endpoint.at('/hooks/beats').length;
      await write(item9(person.id, { valueInteger: 3 }));
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assert.equal(endpoint.at('/hooks/beats').length, before);
    });

    it('is error after ten failures, and active again when something arrives', async () => {
      const id = await active(subscription(topic('session'), 'fails'));
      clinic.sql(`UPDATE subscription SET failures = 9 WHERE id = '${id}'`);
      endpoint.answers = 500;
      const person = await write(patient());
      await write(visit(person.id, 'in-progress'));
      const failed = await until(async () => { const s = await statusOf(id); return s.status === 'error' && s; });
      assert.equal(failed.error, 'The endpoint answered 500.');
      endpoint.answers = 200;
      clinic.sql(`UPDATE subscription SET next_us = 0 WHERE id = '${id}'`);
      const mended = await until(async () => { const s = await statusOf(id); return s.status === 'active' && s; });
      assert.equal(mended.error, undefined);
      assert.equal(endpoint.events('/hooks/fails').length, 1);
    });

    it('declares its topics, and without --notify-to says that nothing is sent', async () => {
      const declared = async (at) => {
        const { json } = await at.call(null, 'GET', '/fhir/metadata');
        return (json.rest[0].resource.find((r) => r.type === 'Subscription').extension ?? []).map((e) => e.valueCanonical);
      };
      assert.deepEqual(await declared(clinic), ['vital-out-of-range', 'phq-item-9', 'session'].map(topic));
      const silent = await Clinic.open('sqlite');
      assert.deepEqual(await declared(silent), []);
      const { json } = await silent.call('system', 'POST', '/fhir/Subscription', subscription(topic('session'), 'silent'));
      const { json: status } = await silent.call('system', 'GET', `/fhir/Subscription/${json.id}/$status`);
      assert.match(status.entry[0].resource.parameter.find((p) => p.name === 'error').valueCodeableConcept.text, /--notify-to/);
      await silent.close();
    });
  });
