// Looks at every page there is, in every state, in Chromium, as a judge of accessibility and of type: at the pages that
// no sign-in of the demo comes to, too.
//
//   PAGES=folder OUT=folder node pages.mjs
//
// PAGES is what examples/pages has written: pages, and the headers that the server would send with each. Each page is
// looked at in French and in English. On a desktop and on a phone, and with all that is folded away and without,
// nothing may stick out sideways, no text be cut or lie on another, and in light and in dark no rule of axe-core be
// broken; nothing may be blocked by the Content-Security-Policy, and no page ask for anything but its style and its
// icon, or go anywhere by itself but the one that says so. Screenshots go to OUT.
// The last line says `N passed, N failed`; the exit status is 1 when one failed.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { axe, DEVICES, launch, LOCALES, setting } from './browser.mjs';
import { brokenRules, CONTRAST, misplaced } from './look.mjs';

const WAIT = 15_000;

const folder = setting('PAGES');
const out = setting('OUT');
await mkdir(out, { recursive: true });
const listed = JSON.parse(await readFile(path.join(folder, 'pages.json'), 'utf8'));
const files = new Map(listed.map(({ path: at, headers }) => [at, headers]));

const server = http.createServer(async (request, answer) => {
  const at = new URL(request.url, 'http://localhost').pathname;
  if (!files.has(at)) return answer.writeHead(404).end();
  const content = await readFile(path.join(folder, at));
  answer.writeHead(200, files.get(at)).end(content);
});
await new Promise((listens) => server.listen(0, '127.0.0.1', listens));
const origin = `http://pages.localhost:${server.address().port}`;

// A tab in which one page after the other is looked at, with where the one at hand sends itself, and what is wrong
// with it.
const tabFor = async (browser, locale) => {
  const seen = { sent: [], faults: [] };
  // Colours that still change are not those that people read.
  const context = await browser.newContext({ locale, colorScheme: 'light', reducedMotion: 'reduce' });
  context.setDefaultTimeout(WAIT);
  await context.route(
    (url) => url.origin !== origin,
    (route) => {
      seen.sent.push(`${route.request().method()} ${route.request().url()}`);
      return route.fulfill({ status: 204 });
    },
  );
  const page = await context.newPage();
  page.on('pageerror', (fault) => seen.faults.push(fault.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.text().includes('Content Security Policy')) {
      seen.faults.push(message.text());
    }
  });
  page.on('response', (response) => {
    if (response.status() >= 400) seen.faults.push(`asks for ${response.url()}`);
  });
  return { page, seen };
};

const open = async (page, specimen) => {
  await page.goto(`${origin}${specimen.path}`, { waitUntil: 'commit' });
  // Not `load`: a page that sends itself on may never come to it.
  await page.waitForFunction(() => document.readyState !== 'loading' && document.styleSheets.length > 0);
  const language = page.locator(specimen.language === 'fr' ? '#french' : '#english');
  // The file that has both.
  if (await language.count()) await language.check();
  else assert.equal(await page.evaluate(() => document.documentElement.lang), specimen.language);
};

const unfold = (page, open) =>
  page.evaluate((isOpen) => {
    const all = [...document.querySelectorAll('details')];
    for (const one of all) one.open = isOpen;
    return all.length > 0;
  }, open);

const look = async ({ page, seen }, specimen) => {
  const { name, language, action } = specimen;
  const [sent, faults] = [[], []];
  Object.assign(seen, { sent, faults });
  const shoot = (what) =>
    page.screenshot({ path: path.join(out, `page-${name}-${language}-${what}.png`), fullPage: true });
  const place = async (where) => {
    for (const fault of await misplaced(page)) faults.push(`${where}: ${fault}`);
  };
  const judge = async (where, rules) => {
    for (const rule of await brokenRules(page, axe, rules)) faults.push(`${where}: ${rule}`);
  };
  await page.setViewportSize(DEVICES.desktop);
  await open(page, specimen);
  await shoot('desktop');
  await place('desktop');
  const isFolded = await unfold(page, true);
  if (isFolded) await place('desktop, unfolded');
  // All rules once for each language: one on a desktop, one on a phone.
  if (language === 'fr') await judge('desktop');
  await page.setViewportSize(DEVICES.phone);
  await place(isFolded ? 'phone, unfolded' : 'phone');
  if (language !== 'fr') await judge('phone');
  if (isFolded && language === 'fr') await shoot('phone-unfolded');
  // Colours are the same in every language, and stops differ by their words alone.
  if (language === 'fr') {
    await page.emulateMedia({ colorScheme: 'dark' });
    await judge('dark', CONTRAST);
    if (!name.startsWith('stop-')) await shoot('phone-dark');
    await page.emulateMedia({ colorScheme: 'light' });
  }
  if (isFolded) {
    await unfold(page, false);
    await place('phone');
  }
  await shoot('phone');
  if (faults.length > 0) throw new Error(faults.join('\n  '));
  assert.deepEqual(sent, action ? [`POST ${action}`] : []);
};

const only = process.env.ONLY;
const browser = await chromium.launch(launch);
let passed = 0;
let failed = 0;
const lookAtAll = async ([language, locale]) => {
  const tab = await tabFor(browser, locale);
  for (const specimen of listed.filter((one) => one.language === language)) {
    const title = `page: ${specimen.name}`;
    if (only && !title.includes(only)) continue;
    try {
      await look(tab, specimen);
      passed += 1;
      console.log(`ok      ${title} [${language}]`);
    } catch (fault) {
      failed += 1;
      console.log(`FAILED  ${title} [${language}]\n${fault.stack}`);
    }
  }
};
await Promise.all(Object.entries(LOCALES).map(lookAtAll));
await browser.close();
server.close();
if (passed + failed === 0) {
  console.error(`no page is called ${only}`);
  failed = 1;
}
console.log(`screenshots: ${path.resolve(out)}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
