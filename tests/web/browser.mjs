// A browser for tests: the system's Chromium, a context of its own for each person, and what the tests of the pages
// look at. EUTHYMIA_CHROMIUM names another browser; EUTHYMIA_SHOTS, where set, asks for screenshots in artifacts/.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { password, root } from '../api/clinic.mjs';

const executablePath = process.env.EUTHYMIA_CHROMIUM ?? '/usr/bin/chromium';
const args = ['--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];

/** Without a sandbox only where Chromium refuses to run with one. */
export function launch() {
  return chromium.launch({ executablePath, args: process.getuid() === 0 ? [...args, '--no-sandbox'] : args });
}

/** One person's browser: tabs share cookies and the live stream. errors: what the pages threw or the browser blocked. */
export class Person {
  errors = [];
  openStreams = 0;
  mostStreams = 0;

  static async arrive(browser, clinic, options = {}) {
    const person = new Person();
    person.clinic = clinic;
    person.context = await browser.newContext({ baseURL: clinic.url, viewport: { width: 1440, height: 900 }, ...options });
    person.context.setDefaultTimeout(15_000);
    person.context.on('weberror', (error) => person.errors.push(String(error.error())));
    person.context.on('console', (message) => {
      if (message.type() === 'error' && !/status of 4\d\d|ERR_/.test(message.text())) person.errors.push(message.text());
    });
    const isStream = (request) => new URL(request.url()).pathname === '/events';
    const closed = (request) => { if (isStream(request)) person.openStreams--; };
    person.context.on('request', (request) => {
      if (isStream(request)) person.mostStreams = Math.max(person.mostStreams, ++person.openStreams);
    });
    person.context.on('requestfinished', closed);
    person.context.on('requestfailed', closed);
    return person;
  }

  /** A first tab, signed in by form. */
  static async signedIn(browser, clinic, name, { word = password, ...options } = {}) {
    const person = await Person.arrive(browser, clinic, options);
    person.name = name;
    person.page = await person.context.newPage();
    await signIn(person.page, name, word);
    return person;
  }

  async tab(path) {
    const page = await this.context.newPage();
    await page.goto(path);
    return page;
  }

  leave() { return this.context.close(); }
}

export async function signIn(page, name, word = password) {
  await page.goto('/');
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(word);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}

/** Opens a patient from the box at the top, then the step in the main navigation: as a person would. */
export async function findPatient(page, words, verb) {
  await page.getByRole('combobox', { name: 'Find a patient' }).fill(words);
  await page.getByRole('listbox', { name: 'Patients found' }).getByRole('button').first().click();
  if (verb) await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: verb }).click();
}

/** Waits until nothing more is being read: two looks 150 ms apart agree. */
export async function settled(page) {
  let before;
  for (let i = 0; i < 40; i++) {
    const now = await page.evaluate(() => `${document.querySelector('[aria-busy=true]') !== null} ${document.body.innerText.replace(/[0-9]/g, '')}`);
    if (now === before && now.startsWith('false')) return;
    before = now;
    await page.waitForTimeout(150);
  }
}

export async function shoot(page, name) {
  if (!process.env.EUTHYMIA_SHOTS) return;
  mkdirSync(join(root, 'artifacts'), { recursive: true });
  await page.screenshot({ path: join(root, 'artifacts', `${name}.png`) });
}

/** Asks until it holds; answers how many ms that took. */
export async function until(look, { ms = 10_000, every = 20, what = 'what was waited for' } = {}) {
  const started = Date.now();
  for (;;) {
    const found = await look();
    if (found) return Date.now() - started;
    assert.ok(Date.now() - started < ms, `${what} did not come within ${ms} ms`);
    await new Promise((resume) => setTimeout(resume, every));
  }
}

// ---- what is looked at

const axe = readFileSync(join(root, 'tests/node_modules/axe-core/axe.min.js'), 'utf8');

/** The accessibility faults that are serious or critical, as lines. */
export async function faults(page) {
  await page.evaluate(`${axe}\n;0`);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .flatMap((v) => v.nodes.slice(0, 4).map((node) => `${v.id}: ${node.target.join(' ')} ${node.any[0]?.message ?? v.help}`));
}

/** How far the page is wider than its window, and what sticks out. Empty: nothing does. */
export function overflow(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const over = Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - width;
    if (over <= 0) return '';
    const name = (e) => `${e.tagName.toLowerCase()}.${[...e.classList].join('.')}`;
    const out = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > width + 1);
    return `${over} px: ${out.slice(0, 5).map(name).join(', ')}`;
  });
}

/** Every answer of a scale that is chosen although nobody chose it. */
export function preselected(page) {
  return page.evaluate(() => {
    const chosen = '[type=radio]:checked, [type=checkbox]:checked, [role=radio][aria-checked=true], .sg [aria-pressed=true], .sg [aria-checked=true]';
    return [...document.querySelectorAll(chosen)].filter((e) => e.name !== 'protocol').map((e) => e.outerHTML.slice(0, 120));
  });
}
