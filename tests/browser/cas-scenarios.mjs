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

  'a test goes to CAS and back, and nothing is sent': async (visit) => {
    const page = await visit.tab(await visit.profile());
    const seen = [];
    page.on('request', (request) => seen.push(new URL(request.url()).origin));
    await page.goto(`${visit.idp}/test`);
    await page.getByTestId('try').click();
    await atCas(visit, page);
    await typeAtCas(visit, page);
    await visit.arrive(page, 'idp', 'trial');
    assert.equal(await page.getByTestId('verdict').getAttribute('data-verdict'), 'taken');
    assert.ok(!seen.includes(visit.zoom), 'Zoom was told something');
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

  'back and reload at CAS, behind it and where a person is stopped lead on': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    await visit.begin(page);
    await atCas(visit, page);
    await page.reload();
    await atCas(visit, page);
    // The page that carries the answer, kept from being sent: its address is that of the return.
    let hold = true;
    await context.route(`${visit.zoom}/**`, (route) =>
      hold && route.request().method() === 'POST' ? route.fulfill({ status: 204 }) : route.continue(),
    );
    await typeAtCas(visit, page);
    await visit.arrive(page, 'idp', 'post');
    assert.match(new URL(page.url()).pathname, /^\/cas\/zoom\//);
    // The ticket is used up; so is the request.
    await page.reload();
    await visit.arrive(page, 'idp', 'stop');
    await page.reload();
    await visit.arrive(page, 'idp', 'stop');
    hold = false;
    await page.goBack({ waitUntil: 'load' }).catch(() => {});
    await page.goForward({ waitUntil: 'load' }).catch(() => {});
    await visit.stoppedButNotStranded(page);
    await page.goBack({ waitUntil: 'load' }).catch(() => {});
    if (new URL(page.url()).origin === visit.idp) await visit.stoppedButNotStranded(page);

    // Of somebody who is stopped, too, there is a way on from each page.
    const stopped = await visit.tab(await visit.profile());
    await visit.begin(stopped);
    await atCas(visit, stopped);
    await typeAtCas(visit, stopped, 'sans.mail');
    await visit.arrive(stopped, 'idp', 'stop');
    await stopped.reload();
    await visit.arrive(stopped, 'idp', 'stop');
    await stopped.goBack({ waitUntil: 'load' });
    await stopped.goForward({ waitUntil: 'load' });
    await visit.arrive(stopped, 'idp', 'stop');
    assert.ok(await stopped.getByTestId('way-out').isVisible());
    // CAS knows them: the button leads there and back, to the same stop.
    assert.equal(await stopped.locator('body').getAttribute('data-reason'), 'ticket-used');
    await stopped.getByTestId('again').click();
    await stopped.locator('body[data-reason=no-mail]').waitFor();
  },

  'without scripts a sign-in at CAS goes by buttons': async (visit) => {
    const page = await visit.tab(await visit.profile({ javaScriptEnabled: false }));
    await page.goto(`${visit.zoom}/saml/login?binding=post`);
    await page.getByTestId('continue').click();
    await atCas(visit, page);
    await typeAtCas(visit, page);
    await page.locator('body[data-page=post]').waitFor();
    await page.locator('main form button').click();
    await page.locator('body[data-page=profile]').waitFor();
    assert.equal(await page.getByTestId('email').innerText(), visit.email);
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
