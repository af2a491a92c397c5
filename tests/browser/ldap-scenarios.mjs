// What people do whose passwords an LDAP directory checks: what it says of them beside yes and no,
// and what becomes of them when it is away.
import assert from 'node:assert/strict';
import { turnDirectory } from './turn.mjs';
import { answeredForGood } from './visit.mjs';

const CHANGE = 'https://ent.univ-montp3.fr/';

// From Zoom to the form, and past it with this account.
const typeAs = async (visit, page, account, password) => {
  await visit.begin(page);
  await visit.arrive(page, 'idp', 'login');
  await visit.type(page, password, account);
};

// The alert above the form, after a sign-in that failed.
const refused = async (visit, page) => {
  await page.waitForSelector('[role=alert]');
  await visit.arrive(page, 'idp', 'login');
  await visit.speaks(page);
  return page.getByRole('alert').innerText();
};

// A page that stops the person for this reason, with a way out that asks for a name again: nobody
// was signed in.
const stopped = async (visit, page, reason) => {
  await visit.arrive(page, 'idp', 'stop');
  await visit.speaks(page);
  assert.equal(await page.locator('body').getAttribute('data-reason'), reason);
  const code = await page.getByTestId('support-code').innerText();
  assert.match(code.trim(), /^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
};

const askedAgain = async (visit, page) => {
  await page.getByTestId('way-out').click();
  await visit.arrive(page, 'idp', 'login');
};

// Where the link leads, which is not a page of ours.
const leadsToChange = async (page) => {
  const link = page.getByTestId('change-password');
  assert.ok(await link.isVisible());
  assert.equal(await link.evaluate((anchor) => anchor.href), CHANGE);
};

export const scenarios = {
  'LDAP: a wrong password and an unknown name are told the same, and the right one goes on': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await typeAs(visit, page, 'nobody.at.all');
    const unknown = await refused(visit, page);
    await visit.type(page, 'not the password');
    assert.equal(await refused(visit, page), unknown);
    await leadsToChange(page);
    await visit.type(page);
    await visit.atZoom(page);
  },

  'LDAP: one of 2,000 signs in, and the back button leads to no dead end': async (visit) => {
    const page = await visit.tab(await visit.profile());
    const email = `${visit.somebody}@etu.univ-montp3.example`;
    await typeAs(visit, page, visit.somebody);
    await visit.atZoom(page, email);
    await answeredForGood();
    for (let steps = 0; steps < 3; steps += 1) {
      await page.goBack({ waitUntil: 'load' }).catch(() => {});
      if (new URL(page.url()).origin === visit.idp) break;
    }
    await visit.finish(page, email);
  },

  'LDAP: a password that ends soon is told, and the person goes on': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await typeAs(visit, page, 'mdp.bientot');
    await visit.arrive(page, 'idp', 'password-ends');
    await visit.speaks(page);
    assert.match(await page.locator('main .lead').innerText(), /\b5 (jours|days)\b/);
    await leadsToChange(page);
    // Reload sends the form again, and changes nothing.
    await page.reload();
    await visit.arrive(page, 'idp', 'password-ends');
    await page.getByTestId('submit').click();
    await visit.atZoom(page, 'eloise.castel@etu.univ-montp3.example');
  },

  'LDAP: a password that has ended says how many more sign-ins it allows': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await typeAs(visit, page, 'mdp.expire');
    await visit.arrive(page, 'idp', 'password-ends');
    assert.match(await page.locator('main .lead').innerText(), /\b\d+ (connexions|more sign-ins)\b/);
    await leadsToChange(page);
    // Nobody is signed in by reading it: whoever goes back is asked again.
    await page.goBack({ waitUntil: 'load' });
    await visit.arrive(page, 'idp', 'login');
    await visit.type(page, visit.password, 'mdp.expire');
    await visit.arrive(page, 'idp', 'password-ends');
    await page.getByTestId('submit').click();
    await visit.atZoom(page, 'aurele.roumegas@univ-montp3.example');
  },

  'LDAP: who must change their password first is told where': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await typeAs(visit, page, 'mdp.provisoire');
    await stopped(visit, page, 'password-must-change');
    await leadsToChange(page);
    await askedAgain(visit, page);
  },

  'LDAP: an account that is closed is told to who has its password, and to nobody else': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await typeAs(visit, page, 'compte.ferme', 'not the password');
    await refused(visit, page);
    await visit.type(page, visit.password, 'compte.ferme');
    await stopped(visit, page, 'account-shut');
    await askedAgain(visit, page);
  },

  'LDAP: an address that two people have opens no account': async (visit) => {
    const page = await visit.tab(await visit.profile());
    for (const account of ['mail.partage', 'mail.partage2']) {
      await typeAs(visit, page, account);
      await stopped(visit, page, 'mail-of-another');
      await askedAgain(visit, page);
    }
  },

  'LDAP: the directory goes away in the middle of a sign-in, and comes back': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'login');
    try {
      await turnDirectory(visit, false);
      visit.expectUnavailable();
      await visit.type(page);
      await stopped(visit, page, 'sign-in-unavailable');
    } finally {
      await turnDirectory(visit, true);
    }
    await page.getByTestId('again').click();
    await visit.arrive(page, 'idp', 'login');
    await visit.type(page);
    await visit.atZoom(page);
  },
};
