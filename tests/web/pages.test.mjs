// Every screen of the demo clinic: it can be used by everyone, fits its window, says that it is a demo, chooses nothing
// for the person, and is the page that was built.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Clinic, password, root } from '../api/clinic.mjs';
import { Person, faults, launch, overflow, preselected, settled, shoot } from './browser.mjs';

const word = 'demo clinic only';
const schemes = ['light', 'dark'];

let clinic, browser, person, page;
const patients = {}; // by what stands in the record
const screens = []; // [name, path]

const record = async (path) => (await clinic.call('raman', 'GET', `/fhir/${path}`)).json;
const resources = async (search) => ((await record(search)).entry ?? []).map((entry) => entry.resource);
const idOf = (reference) => reference.split('/')[1];

before(async () => {
  clinic = new Clinic('sqlite', ['--demo', '--now', '2026-11-17T15:42:00Z']);
  await clinic.start();
  browser = await launch();
  person = await Person.signedIn(browser, clinic, 'raman', { word });
  page = person.page;

  const everyone = await resources('Patient?_count=50');
  const [session] = await resources('Encounter?status=in-progress');
  const [draft] = await resources('CarePlan?status=draft');
  const [task] = await resources('Task?status=requested');
  Object.assign(patients, { seated: idOf(session.subject.reference), drafted: idOf(draft.subject.reference), worried: idOf(task.for.reference) });
  for (const name of ['today', 'learn', 'evaluate', 'plan', 'infuse', 'follow']) screens.push([name, `/${name}`]);
  for (const { id, name: [{ family }] } of everyone)
    for (const verb of ['evaluate', 'plan', 'infuse', 'follow']) screens.push([`${verb} of ${family}`, `/patients/${id}/${verb}`]);
  screens.push(['infuse session', `/patients/${patients.seated}/infuse/${session.id}`]);
});
after(async () => {
  await browser?.close();
  await clinic?.close();
});

const session = () => screens.find(([name]) => name === 'infuse session')[1];
async function look(path, { width = 1440, height = 900, scheme = 'light' } = {}) {
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: scheme });
  await page.evaluate((theme) => localStorage.setItem('infuse-theme', theme), scheme);
  await page.goto(path);
  await page.locator('main').waitFor();
  await settled(page);
}

/** A fresh link for a patient, made in the clinic; its pages are what a phone sees. */
async function link(patientId) {
  const answer = await clinic.call('castellano', 'POST', `/fhir/Patient/${patientId}/$ask`,
    { resourceType: 'Parameters', parameter: [{ name: 'instrument', valueString: 'phq-9' }, { name: 'again', valueBoolean: true }] });
  assert.equal(answer.status, 200, answer.text);
  return answer.json.parameter.find((p) => p.name === 'path').valueString;
}
const phone = (options = {}) => Person.arrive(browser, clinic, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, ...options });

describe('a page that nobody touches', () => {
  const minutes = 60_000;
  const lock = (tab) => tab.getByRole('form', { name: 'Unlock' });

  it('locks in every tab, keeps what was being written, and opens with the password', { timeout: 60_000 }, async () => {
    const other = await Person.arrive(browser, clinic);
    await other.context.clock.install();
    other.page = await other.context.newPage();
    await other.page.goto('/');
    await other.page.getByLabel('Name').fill('castellano');
    await other.page.getByLabel('Password').fill(word);
    await other.page.getByRole('button', { name: 'Sign in' }).click();
    const find = other.page.getByRole('combobox', { name: 'Find a patient' });
    await find.fill('Riv');
    const second = await other.tab('/learn');
    await second.getByRole('navigation', { name: 'Main' }).waitFor();
    await other.context.clock.fastForward(9 * minutes);
    assert.equal(await lock(other.page).count(), 0);
    await other.context.clock.fastForward(2 * minutes);
    for (const tab of [other.page, second]) {
      await lock(tab).waitFor();
      assert.equal(await tab.getByRole('navigation').count(), 0, 'nothing of the clinic can be seen or reached');
      assert.equal(await tab.locator('nav').isVisible(), false);
    }
    assert.deepEqual(await faults(other.page), []);
    await shoot(other.page, 'locked');
    assert.equal((await other.context.request.get(`${clinic.url}/fhir/Patient`)).status(), 401, 'the server knows it too');
    await other.page.getByLabel('Password').fill('wrong word');
    await other.page.getByRole('button', { name: 'Unlock' }).click();
    await other.page.getByRole('alert').waitFor();
    await second.reload();
    await lock(second).waitFor();
    await second.getByLabel('Password').fill(word);
    await second.getByRole('button', { name: 'Unlock' }).click();
    for (const tab of [other.page, second]) await tab.getByRole('navigation', { name: 'Main' }).waitFor();
    assert.equal(await find.inputValue(), 'Riv');
    await other.leave();
  });

  it('stays open beside a running infusion, whose alarm must be seen', { timeout: 60_000 }, async () => {
    const other = await Person.arrive(browser, clinic);
    await other.context.clock.install();
    other.page = await other.context.newPage();
    await other.page.goto('/');
    await other.page.getByLabel('Name').fill('castellano');
    await other.page.getByLabel('Password').fill(word);
    await other.page.getByRole('button', { name: 'Sign in' }).click();
    await other.page.getByRole('navigation', { name: 'Main' }).waitFor();
    await other.page.goto(session());
    await other.page.locator('main[data-screen=infuse]').waitFor();
    for (let i = 0; i < 4; i++) await other.context.clock.fastForward(5 * minutes);
    await other.page.waitForTimeout(300);
    assert.equal(await lock(other.page).count(), 0);
    assert.equal(await other.page.locator('main[data-screen=infuse]').isVisible(), true);
    await other.leave();
  });
});

describe('a patient of others', () => {
  let own;
  before(async () => {
    own = new Clinic('sqlite', ['--demo', '--own-patients', '--now', '2026-11-17T15:42:00Z']);
    await own.start();
  });
  after(async () => { await own?.close(); });

  it('is closed, and opens in an emergency with a reason and an end', { timeout: 60_000 }, async () => {
    const lindqvist = await Person.signedIn(browser, own, 'lindqvist', { word });
    const { page } = lindqvist, open = (path) => own.call('lindqvist', 'GET', `/fhir/${path}`);
    const everybody = (await own.call('raman', 'GET', '/fhir/$patients')).text, all = (await resources('Patient?_count=50')).map((p) => p.id);
    const ofOthers = [];
    for (const id of all) if ((await open(`Patient/${id}`)).status === 403) ofOthers.push(id);
    assert.ok(ofOthers.length > 0, everybody);
    await page.goto(`/patients/${ofOthers[0]}/evaluate`);
    const form = page.getByRole('form', { name: 'This is a patient of others' });
    await form.waitFor();
    assert.equal(await page.locator('.pbar').count(), 0, 'not even the name');
    assert.deepEqual(await faults(page), []);
    await shoot(page, 'break-glass');
    await form.getByLabel('Reason').fill('Brought in unconscious, needs the list of medicines');
    await form.getByLabel('Open for, hours').fill('2');
    await form.getByRole('button', { name: 'Break the glass' }).click();
    await page.locator('.pbar b').first().waitFor();
    assert.equal((await open(`Patient/${ofOthers[0]}`)).status, 200);
    assert.deepEqual(lindqvist.errors, []);
    await lindqvist.leave();
  });

  it('stays on the administrator’s list until it was looked into', { timeout: 60_000 }, async () => {
    const admin = await Person.signedIn(browser, own, 'admin', { word });
    const { page } = admin;
    await page.getByRole('heading', { name: 'Who opened a closed record' }).waitFor();
    await page.getByText('1 waits to be looked into.').waitFor();
    await page.getByText('Brought in unconscious, needs the list of medicines').waitFor();
    assert.deepEqual(await faults(page), []);
    assert.equal(await overflow(page), '');
    await shoot(page, 'access-waiting');
    await page.getByLabel('What you found').fill('Asked the ward: it was so');
    await page.getByRole('button', { name: 'Looked into' }).click();
    await page.getByText('All have been looked into.').waitFor();
    const row = page.getByRole('row').filter({ hasText: 'Dr Erik Lindqvist' });
    assert.match(await row.innerText(), /Brought in unconscious[^]*Clinic administrator[^]*Asked the ward: it was so/);
    assert.deepEqual(await faults(page), []);
    await shoot(page, 'access-reviewed');
    assert.deepEqual(admin.errors, []);
    await admin.leave();
  });
});

describe('what a role works with', () => {
  const links = (page) => page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts();
  /* Whatever address they open, they come to a screen of theirs, and no screen asks for what they may not see. */
  const visit = async (name, word, path, heading, expected) => {
    const other = await Person.signedIn(browser, clinic, name, { word });
    const refused = [];
    other.context.on('response', (response) => { if (response.status() === 403) refused.push(response.url()); });
    await other.page.goto(path);
    await other.page.getByRole('heading', { name: heading }).waitFor();
    await settled(other.page);
    assert.deepEqual(await links(other.page), expected);
    assert.equal(await other.page.getByRole('combobox', { name: 'Find a patient' }).count(), 0);
    assert.deepEqual(refused, []);
    assert.deepEqual(await faults(other.page), []);
    assert.deepEqual(other.errors, []);
    await shoot(other.page, `${name}-${heading.replaceAll(' ', '-').toLowerCase()}`);
    await other.leave();
  };

  it('an administrator: who opened closed records, and counts', { timeout: 60_000 }, async () => {
    await visit('admin', word, `/patients/${patients.worried}/follow`, 'Who opened a closed record', ['Access', 'Learn']);
    await visit('admin', word, '/learn', 'What happens to patients here', ['Access', 'Learn']);
  });
  it('a researcher: counts', { timeout: 60_000 }, async () => {
    clinic.addUser('researcher', 'researcher', ['--display', 'Ada Finch']);
    await visit('researcher', password, '/today', 'What happens to patients here', ['Learn']);
  });
});

describe('the clinic’s screens', () => {
  it('are all there: six patients, a running session, a draft, a worry', () => {
    assert.equal(screens.length, 6 + 6 * 4 + 1);
    assert.equal(new Set(Object.values(patients)).size, 3);
  });

  /* One visit to each screen at each size and scheme; what is wrong there, by screen. */
  const visits = async (window, wrong) => {
    const found = {};
    for (const [name, path] of screens) {
      await look(path, window);
      await shoot(page, `demo-${name.replaceAll(' ', '-')}-${window.width ?? 1440}-${window.scheme ?? 'light'}`);
      const lines = (await wrong(name)).filter(Boolean);
      if (lines.length) found[name] = lines;
    }
    return found;
  };

  it('EU-S-13 no scale comes with an answer chosen', async () => {
    assert.deepEqual(await visits({}, () => preselected(page)), {});
  });
  it('all say "demo", fit 1440 and have no serious accessibility fault, light', async () => {
    assert.deepEqual(await visits({ scheme: 'light' }, async () => [
      ...await faults(page),
      await overflow(page),
      !await page.getByText('demo', { exact: true }).isVisible() && 'does not say demo',
      !/demo/.test(await page.title()) && 'its title does not say demo',
    ]), {});
  });
  it('have no serious or critical accessibility fault, dark', async () => {
    assert.deepEqual(await visits({ scheme: 'dark' }, () => faults(page)), {});
  });
  for (const width of [1180, 390])
    it(`never overflow sideways at ${width}`, async () => {
      assert.deepEqual(await visits({ width, height: width === 390 ? 844 : 820 }, async () => [await overflow(page)]), {});
    });

  it('show no error and break no rule of their own content policy', () => assert.deepEqual(person.errors, []));

  it('can be left by signing out, and then show nothing of the clinic', async () => {
    const other = await Person.signedIn(browser, clinic, 'castellano', { word });
    await other.page.getByRole('button', { name: /Sign out/ }).click();
    await other.page.getByRole('button', { name: 'Sign in' }).waitFor();
    assert.deepEqual(await faults(other.page), []);
    await other.page.goto(`/patients/${patients.seated}/follow`);
    await other.page.getByRole('button', { name: 'Sign in' }).waitFor();
    await other.leave();
  });
});

describe('the session', () => {
  const sizes = [[1280, 800], [1180, 820]];
  for (const scheme of schemes)
    for (const [width, height] of sizes)
      it(`fits ${width} by ${height} without scrolling, ${scheme}`, async () => {
        await look(session(), { width, height, scheme });
        await shoot(page, `infuse-${width}-${scheme}`);
        const room = await page.evaluate(() => ({
          page: document.documentElement.scrollHeight - innerHeight,
          outside: [...document.querySelectorAll('.scr button, .scr svg, .scr b')].filter((e) => {
            const box = e.getBoundingClientRect();
            return box.width > 0 && (box.bottom > innerHeight + 1 || box.right > innerWidth + 1 || box.top < -1);
          }).map((e) => e.outerHTML.slice(0, 80)),
        }));
        assert.ok(room.page <= 0, `${room.page} px too high`);
        assert.deepEqual(room.outside, []);
        assert.equal(await page.locator('.portrait').isVisible(), false);
      });

  it('targets of the room are at least 44 px in both directions', async () => {
    await look(session(), { width: 1180, height: 820, scheme: 'dark' });
    const small = await page.evaluate(() => [...document.querySelectorAll('.scr button:not([disabled])')]
      .map((e) => ({ name: e.getAttribute('aria-label') ?? e.innerText, box: e.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.width < 43.5 || box.height < 43.5))
      .map(({ name, box }) => `${name.replace(/\s+/g, ' ').slice(0, 40)}: ${Math.round(box.width)} by ${Math.round(box.height)}`));
    assert.deepEqual(small, []);
  });
});

describe('the phone’s pages', () => {
  const paths = ['', '/q/1', '/q/9', '/help', '/help/q/3', '/end'];

  for (const width of [390, 320])
    it(`fit ${width} and have no serious fault in both schemes`, async () => {
      const mobile = await phone({ viewport: { width, height: 844 } });
      const base = await link(patients.worried);
      const found = {};
      const check = async (name) => {
        for (const colorScheme of schemes) {
          await mobile.page.emulateMedia({ colorScheme });
          const lines = [...await faults(mobile.page), await overflow(mobile.page)].filter(Boolean);
          if (lines.length) found[`${name}, ${colorScheme}`] = lines;
          assert.ok(await mobile.page.getByText('demo', { exact: true }).isVisible(), `${name} says demo`);
          await shoot(mobile.page, `phone-${name.replaceAll('/', '-')}-${width}-${colorScheme}`);
        }
      };
      mobile.page = await mobile.context.newPage();
      for (const path of paths) {
        await mobile.page.goto(base + path);
        await check(path || 'hello');
      }
      await mobile.page.goto(`${base}/q/9`);
      await mobile.page.getByText('Several days').click();
      await mobile.page.getByRole('button', { name: 'Finish' }).click();
      await check('safety');
      await mobile.page.getByRole('button', { name: 'Yes, I am safe right now' }).click();
      await check('kept');
      await mobile.page.goto('/r/no-such-link');
      await check('closed');
      assert.deepEqual(found, {});
      assert.deepEqual(mobile.errors, []);
      await mobile.leave();
    });

  it('EU-S-13 no answer is chosen before the patient chose it', async () => {
    const mobile = await phone();
    const base = await link(patients.drafted);
    mobile.page = await mobile.context.newPage();
    for (let question = 1; question <= 9; question++) {
      await mobile.page.goto(`${base}/q/${question}`);
      assert.equal(await mobile.page.getByRole('radio').count(), 4);
      assert.deepEqual(await preselected(mobile.page), [], `question ${question}`);
    }
    await mobile.leave();
  });
});

describe('the page that is served', () => {
  const dist = join(root, 'web/dist');
  const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
  const bytes = async (path, encoding) => Buffer.from(await (await fetch(clinic.url + path, { headers: { 'accept-encoding': encoding } })).arrayBuffer());

  it('is the bundle that was built, packed or not', async () => {
    for (const name of readdirSync(dist).filter((n) => !n.endsWith('.gz'))) {
      const wanted = sha256(readFileSync(join(dist, name)));
      const path = name === 'index.html' ? '/' : `/${name}`;
      assert.equal(sha256(await bytes(path, 'identity')), wanted, name);
      assert.equal(sha256(await bytes(path, 'gzip')), wanted, `${name}, packed`); // fetch unpacks
      assert.equal(sha256(gunzipSync(readFileSync(join(dist, `${name}.gz`)))), wanted, `${name}.gz`);
    }
  });

  it('loads under 300 kB at first, unpacked, and nothing from elsewhere', async () => {
    const other = await Person.arrive(browser, clinic);
    const hosts = new Set(), bodies = [];
    other.context.on('response', (response) => {
      hosts.add(new URL(response.url()).host);
      if (!/\/(auth|fhir|events)/.test(response.url())) bodies.push(response.body());
    });
    const fresh = await other.context.newPage();
    await fresh.goto('/', { waitUntil: 'networkidle' });
    assert.deepEqual([...hosts], [new URL(clinic.url).host]);
    const total = (await Promise.all(bodies)).reduce((sum, body) => sum + body.length, 0);
    assert.ok(total > 10_000 && total < 300_000, `${total} bytes`);
    await other.leave();
  });
});
