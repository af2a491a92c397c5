// What people do where they sign in at a CAS server.
import assert from 'node:assert/strict';
import { atCas, typeAtCas } from './cas-pages.mjs';

const signIn = async (visit, page) => {
  await visit.begin(page);
  await atCas(visit, page);
  await typeAtCas(visit, page);
  await visit.atZoom(page);
};

// Zoom forgets the person; the bridge and CAS do not.
const leaveZoom = (visit, context) => context.clearCookies({ domain: new URL(visit.zoom).hostname });

export const scenarios = {
  'CAS asks once, and our own session answers after that': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    await signIn(visit, page);
    await leaveZoom(visit, context);
    const seen = [];
    page.on('request', (request) => seen.push(new URL(request.url()).origin));
    await visit.begin(page);
    await visit.atZoom(page);
    assert.ok(!seen.includes(visit.cas), 'CAS was asked again');
  },

  'two tabs at CAS at once do not disturb each other': async (visit) => {
    const context = await visit.profile();
    const [first, second] = [await visit.tab(context), await visit.tab(context)];
    await visit.begin(first);
    await atCas(visit, first);
    await visit.begin(second);
    await atCas(visit, second);
    await typeAtCas(visit, second);
    await visit.atZoom(second);
    // CAS knows the person by now, and sends the first tab on as soon as it is asked.
    await first.reload();
    await visit.atZoom(first);
  },

  'the back button leads from CAS and to CAS': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await visit.begin(page);
    await atCas(visit, page);
    await page.goBack({ waitUntil: 'load' });
    await visit.arrive(page, 'zoom', 'home');
    await page.goForward({ waitUntil: 'load' });
    await atCas(visit, page);
    await typeAtCas(visit, page);
    await visit.atZoom(page);
    // Behind the account lies the page that carried the ticket: used up, with a way to Zoom.
    await page.goBack({ waitUntil: 'load' });
    if (new URL(page.url()).origin === visit.idp) await visit.arrive(page, 'idp', 'stop');
  },

  'who signs out at CAS is asked again': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    await signIn(visit, page);
    const other = await visit.tab(context);
    await other.goto(`${visit.cas}/cas/logout`);
    await leaveZoom(visit, context);
    await visit.begin(page);
    await atCas(visit, page);
  },

  'who signs out here is still known at CAS': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    await signIn(visit, page);
    await leaveZoom(visit, context);
    await page.goto(`${visit.idp}/logout`);
    await visit.arrive(page, 'idp', 'logout');
    await page.getByTestId('logout').click();
    await visit.arrive(page, 'idp', 'logged-out');
    const seen = [];
    page.on('request', (request) => seen.push(new URL(request.url()).origin));
    await visit.begin(page);
    await visit.atZoom(page);
    assert.ok(seen.includes(visit.cas), 'CAS was not asked');
  },

  'a person whom CAS gives no mail address is stopped and told whom to ask': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await visit.begin(page);
    await atCas(visit, page);
    await typeAtCas(visit, page, 'sans.mail');
    await visit.arrive(page, 'idp', 'stop');
    await visit.speaks(page);
    assert.notEqual((await page.getByTestId('support-code').innerText()).trim(), '');
  },
};
