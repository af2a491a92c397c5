// One person's visit: a browser profile, its tabs, and what is checked on every page.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { brokenRules, misplaced } from './look.mjs';

const WAIT = 15_000;
// How long a request may be answered again to the same person in the same browser, and a bit.
const ANSWERED_AGAIN = 1_200;

// Waits until a request that was answered is answered no more. The server's clock is the machine's here.
export function answeredForGood() {
  return sleep(ANSWERED_AGAIN);
}

export class Visit {
  #browser;
  #contexts = [];
  #folders = [];
  #servers = [];
  #faults = [];
  #unavailable = 0;
  #shots = 0;
  #last;

  constructor(browser, settings, person, scenario) {
    this.#browser = browser;
    Object.assign(this, settings);
    this.person = person;
    this.scenario = scenario;
  }

  // A new browser profile: no cookies, no history.
  async profile(options = {}) {
    const context = await this.#browser.newContext({
      locale: this.person.locale,
      viewport: this.person.viewport,
      ...options,
    });
    context.setDefaultTimeout(WAIT);
    this.#contexts.push(context);
    return context;
  }

  // The same of a browser whose owner has switched cookies off.
  async profileWithoutCookies() {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'passerelle-browser-'));
    this.#folders.push(folder);
    const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
    await mkdir(path.join(folder, 'Default'));
    await writeFile(path.join(folder, 'Default', 'Preferences'), JSON.stringify(preferences));
    const context = await chromium.launchPersistentContext(folder, {
      ...this.launch,
      locale: this.person.locale,
      viewport: this.person.viewport,
    });
    context.setDefaultTimeout(WAIT);
    this.#contexts.push(context);
    return context;
  }

  // Goes to a page of another site, which holds this.
  async elsewhere(page, body) {
    const style = 'body { font: 1rem sans-serif } iframe { width: 100%; height: 24rem }';
    const server = http.createServer((_, answer) => {
      answer.setHeader('content-type', 'text/html; charset=utf-8');
      answer.end(`<!DOCTYPE html><title>Portal</title><style>${style}</style><h1>Portal</h1>${body}`);
    });
    this.#servers.push(server);
    await new Promise((listens) => server.listen(0, '127.0.0.1', listens));
    await page.goto(`http://portal.localhost:${server.address().port}/`, { waitUntil: 'commit' });
  }

  // A new tab; what goes wrong inside it counts against the scenario.
  async tab(context) {
    const page = await context.newPage();
    page.on('pageerror', (fault) => {
      // A page of CAS is not ours: it asks the network for its scripts, where there is none.
      if (new URL(page.url()).origin !== this.cas) this.#faults.push(`${page.url()}: ${fault.message}`);
    });
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) {
        this.#faults.push(`${page.url()}: ${message.text()}`);
      }
    });
    page.on('response', (response) => {
      if (response.status() === 503 && this.#unavailable > 0) this.#unavailable -= 1;
      else if (response.status() >= 500) this.#faults.push(`${response.url()}: ${response.status()}`);
    });
    this.#last = page;
    return page;
  }

  // One answer 503 is meant to come.
  expectUnavailable() {
    this.#unavailable += 1;
  }

  // Waits for a page of one of these kinds on the given site, looks at it, and gives its kind.
  async arrive(page, site, ...kinds) {
    const origin = { idp: this.idp, zoom: this.zoom }[site];
    // Not `load`: a page that sends itself on at once may never come to it.
    await page.waitForURL((url) => url.origin === origin, { waitUntil: 'commit' });
    const wanted = kinds.map((kind) => `body[data-page="${kind}"]`).join(', ');
    await page.waitForSelector(wanted, { state: 'attached' }).catch(async () => {
      const found = await this.kind(page);
      throw new Error(`${page.url()} shows ${found}, not ${kinds.join(' or ')}`);
    });
    await page.waitForFunction(() => document.readyState !== 'loading');
    await this.look(page, site);
    return this.kind(page);
  }

  kind(page) {
    return page.evaluate(() => document.body?.dataset.page ?? 'a page without data-page');
  }

  // What must hold on every page.
  async look(page, site) {
    this.#last = page;
    const where = `${site} ${await this.kind(page)} at ${page.url()}`;
    await this.shoot(page, `${site}-${await this.kind(page)}`);
    const lang = await page.evaluate(() => document.documentElement.lang);
    assert.match(lang, /^(fr|en)\b/, `${where} says no language`);
    const faults = await misplaced(page);
    assert.equal(faults.length, 0, `${where} ${faults.join(', ')}`);
    const broken = await brokenRules(page, this.axe);
    assert.equal(broken.length, 0, `${where} breaks rules of accessibility:\n  ${broken.join('\n  ')}`);
  }

  // A screenshot for people to look at.
  async shoot(page, what) {
    this.#shots += 1;
    const { lang, device } = this.person;
    const number = String(this.#shots).padStart(2, '0');
    const name = `${this.scenario}-${lang}-${device}-${number}-${what}.png`;
    const file = path.join(this.out, name.replaceAll(/[^\w.-]+/g, '-'));
    await page.screenshot({ path: file, fullPage: true });
  }

  // The language in which the person is spoken to.
  async speaks(page, lang = this.person.lang) {
    assert.equal(await page.evaluate(() => document.documentElement.lang.slice(0, 2)), lang, page.url());
  }

  // From Zoom's front page to the sign-in form, or to the account where a session is known.
  async begin(page) {
    await page.goto(`${this.zoom}/`);
    await this.arrive(page, 'zoom', 'home');
    await page.getByTestId('sign-in').click();
  }

  async type(page, password = this.password, account = this.account) {
    await page.locator('input[name=username]').fill(account);
    await page.locator('input[name=password]').fill(password);
    await page.getByTestId('submit').click();
  }

  async signIn(page) {
    await this.begin(page);
    await this.arrive(page, 'idp', 'login');
    await this.type(page);
    await this.atZoom(page);
  }

  // The end of every good way: the account at Zoom, with what the directory said.
  async atZoom(page, email = this.email) {
    await page.waitForURL((url) => url.origin === this.zoom, { waitUntil: 'load' });
    const kind = await this.kind(page);
    if (kind !== 'profile') {
      await this.look(page, 'zoom');
      throw new Error(`${page.url()} shows ${kind}: ${await page.locator('main').innerText()}`);
    }
    await this.arrive(page, 'zoom', 'profile');
    assert.equal(await page.getByTestId('email').innerText(), email);
    for (const field of ['first-name', 'last-name', 'display-name', 'department', 'employee-id', 'licence']) {
      assert.notEqual((await page.getByTestId(field).innerText()).trim(), '', `Zoom got no ${field}`);
    }
  }

  // A page of the first kind of failure: a plain sentence, a code to quote, and a way out that
  // ends at Zoom.
  async stoppedButNotStranded(page) {
    await this.arrive(page, 'idp', 'stop');
    const code = (await page.getByTestId('support-code').innerText()).trim();
    assert.notEqual(code, '', 'no support code');
    const text = await page.locator('body').innerText();
    assert.doesNotMatch(text, /panicked|Error\b|\bsrc\//, 'the page shows our insides');
    await page.getByTestId('way-out').click();
    await this.finish(page);
    return code;
  }

  // Goes on from wherever the person is, by what the page offers, until they are at Zoom.
  async finish(page, email = this.email) {
    for (let step = 0; step < 6; step += 1) {
      await page.waitForSelector('body[data-page]', { state: 'attached' });
      await page.waitForLoadState('load');
      const kind = await this.kind(page);
      if (kind === 'login') {
        await this.look(page, 'idp');
        await this.type(page);
      } else if (kind === 'home') {
        await page.getByTestId('sign-in').click();
      } else if (kind === 'stop') {
        await this.look(page, 'idp');
        await page.getByTestId('way-out').click();
      } else if (kind === 'post') {
        await page.waitForURL((url) => url.origin === this.zoom);
      } else {
        return this.atZoom(page, email);
      }
      await page.waitForFunction(
        (before) => document.body?.dataset.page && document.body.dataset.page !== before,
        kind,
      );
    }
    throw new Error(`no way to Zoom from ${page.url()}`);
  }

  // Fails the scenario for what went wrong beside its own steps.
  settle() {
    assert.deepEqual(this.#faults, []);
    assert.equal(this.#unavailable, 0, 'an answer 503 did not come');
  }

  async keepLast() {
    if (this.#last && !this.#last.isClosed()) await this.shoot(this.#last, 'FAILED');
  }

  async end() {
    await Promise.all(this.#contexts.map((context) => context.close()));
    for (const server of this.#servers) server.close();
    await Promise.all(this.#folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }
}
