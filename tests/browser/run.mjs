// Plays the demo in Chromium as people would, and looks at every page as a judge of accessibility.
//
//   IDP_URL=http://idp.localhost:8480 ZOOM_URL=http://zoom.localhost:8481 \
//   ACCOUNT=… PASSWORD=… EMAIL=… EXPIRED_SEAL=… SHEET=file OUT=folder \
//   DEMO=… [CAS_URL=… [PYSAML2_PORT=…] | LDAPS_URL=… SOMEBODY=…] node run.mjs init|local|cas|ldap|mellon
//
// Every scenario is played in French and English, on a desktop and on a phone, in a browser
// profile of its own; those of mellon, where hardly a page is ours, and of init, whose pages others
// look at as well, in French on a desktop and in English on a phone. On each page of ours: no rule of axe-core is broken, nothing sticks out
// sideways, nothing was blocked by the page's own Content-Security-Policy, and a screenshot goes to
// OUT.
// The last line says `N passed, N failed`; the exit status is 1 when one failed.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { axe, DEVICES, launch, LOCALES, setting } from './browser.mjs';
import { Visit } from './visit.mjs';

const kind = process.argv[2];
const { scenarios } = await import(`./${kind}-scenarios.mjs`);

const settings = {
  idp: new URL(setting('IDP_URL')).origin,
  zoom: new URL(setting('ZOOM_URL')).origin,
  cas: process.env.CAS_URL && new URL(process.env.CAS_URL).origin,
  ldaps: process.env.LDAPS_URL && new URL(process.env.LDAPS_URL),
  // One of the people of the directory who are not those of the other demos.
  somebody: process.env.SOMEBODY,
  pysaml2: `http://pysaml2.localhost:${process.env.PYSAML2_PORT}`,
  demo: Number(setting('DEMO')),
  account: setting('ACCOUNT'),
  password: setting('PASSWORD'),
  email: setting('EMAIL'),
  expired: setting('EXPIRED_SEAL'),
  // The sheet for Zoom's form: a file.
  sheet: setting('SHEET'),
  out: setting('OUT'),
  axe,
  launch,
};
await mkdir(settings.out, { recursive: true });

// Each is a person with a device.
const everybody = Object.entries(LOCALES).flatMap(([lang, locale]) =>
  Object.entries(DEVICES).map(([device, viewport]) => ({ lang, locale, device, viewport })),
);
const people = ['init', 'mellon'].includes(kind) ? [everybody[0], everybody[3]] : everybody;

const browser = await chromium.launch(launch);

const only = process.env.ONLY;
let passed = 0;
let failed = 0;
for (const [name, play] of Object.entries(scenarios)) {
  if (only && !name.includes(only)) continue;
  for (const person of people) {
    const title = `${name} [${person.lang}, ${person.device}]`;
    const visit = new Visit(browser, settings, person, name);
    try {
      await play(visit);
      visit.settle();
      passed += 1;
      console.log(`ok      ${title}`);
    } catch (fault) {
      failed += 1;
      console.log(`FAILED  ${title}\n${fault.stack}`);
      await visit.keepLast().catch(() => {});
    } finally {
      await visit.end();
    }
  }
}
await browser.close();
if (passed + failed === 0) {
  console.error(`no scenario is called ${only}`);
  failed = 1;
}
console.log(`screenshots: ${path.resolve(settings.out)}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
