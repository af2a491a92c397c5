// The browser in which everything is looked at, and the devices that people have.
import { readFile, access } from 'node:fs/promises';
import { createRequire } from 'node:module';

export const DEVICES = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
};
export const LOCALES = { fr: 'fr-FR', en: 'en-GB' };

export const setting = (name) => {
  const value = process.env[name];
  if (!value) {
    console.error(`set ${name}`);
    process.exit(2);
  }
  return value;
};

const program = process.env.CHROMIUM ?? '/usr/bin/chromium';
await access(program);

export const launch = {
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

export const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
