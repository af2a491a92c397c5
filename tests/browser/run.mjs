// Plays the demo in Chromium as people would, and looks at every page as a judge of accessibility.
//
//   IDP_URL=http://idp.localhost:8480 ZOOM_URL=http://zoom.localhost:8481 \
//   ACCOUNT=… PASSWORD=… EMAIL=… EXPIRED_SEAL=… SHEET=file OUT=folder \
//   DEMO=… [CAS_URL=… [PYSAML2_PORT=…] | LDAPS_URL=… SOMEBODY=…] node run.mjs local|cas|ldap|mellon
//
// Every scenario is played in French and English, on a desktop and on a phone, in a browser
// profile of its own; those of mellon, where hardly a page is ours, in French on a desktop and in
// English on a phone. On each page of ours: no rule of axe-core is broken, nothing sticks out
// sideways, nothing was blocked by the page's own Content-Security-Policy, and a screenshot goes to
// OUT.
// The last line says `N passed, N failed`; the exit status is 1 when one failed.
import { readFile, mkdir, access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { Visit } from './visit.mjs';

const kind = process.argv[2];
const { scenarios } = await import(`./${kind}-scenarios.mjs`);

const setting = (name) => {
  const value = process.env[name];
  if (!value) {
    console.error(`set ${name}`);
    process.exit(2);
  }
  return value;
};

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
};
const program = process.env.CHROMIUM ?? '/usr/bin/chromium';
await access(program);
await mkdir(settings.out, { recursive: true });
settings.axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Each is a person with a device.
const everybody = [
  { lang: 'fr', locale: 'fr-FR', device: 'desktop', viewport: { width: 1280, height: 800 } },
  { lang: 'fr', locale: 'fr-FR', device: 'phone', viewport: { width: 390, height: 844 } },
  { lang: 'en', locale: 'en-GB', device: 'desktop', viewport: { width: 1280, height: 800 } },
  { lang: 'en', locale: 'en-GB', device: 'phone', viewport: { width: 390, height: 844 } },
];
const people = kind === 'mellon' ? [everybody[0], everybody[3]] : everybody;

settings.launch = {
  executablePath: program,
  headless: true,
  args: [
    // In a container the tests run as root, where Chromium has no sandbox.
    ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-gpu',
    '--disable-quic',
    '--disable-sync',
    '--host-resolver-rules=MAP *.localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    '--no-first-run',
  ],
};
const browser = await chromium.launch(settings.launch);

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
