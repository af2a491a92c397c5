// Whole sign-ins through a real CAS server to a real service provider: mod_auth_mellon in Zoom's
// place, under its entity ID. What mellon cannot ask, pysaml2 asks under the same entity ID
// (tests/peers/zoom). Their pages say as JSON what they read.
import assert from 'node:assert/strict';
import { atCas, typeAtCas } from './cas-pages.mjs';
import { turnBridge } from './turn.mjs';
import { answeredForGood } from './visit.mjs';

const begin = async (visit, page, link = 'Sign in') => {
  await page.goto(`${visit.zoom}/`);
  await page.getByRole('link', { name: link, exact: true }).click();
};

const beginPassively = (visit, page) => begin(visit, page, 'Sign in if nothing need be asked');

// What the service provider says at this address.
const verdict = async (visit, page, origin, path) => {
  await page.waitForURL((url) => url.origin === origin && url.pathname === path, { waitUntil: 'load' });
  await visit.shoot(page, path);
  return JSON.parse(await page.locator('body').innerText());
};

// What mellon took: everything that Zoom is told of this person.
const atMellon = async (visit, page, path = '/secret/after') => {
  const identity = await verdict(visit, page, visit.zoom, path);
  assert.equal(identity.name_id, visit.email);
  assert.equal(identity.name_id_format, 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress');
  assert.deepEqual(identity.attributes, {
    urn_oid_0_9_2342_19200300_100_1_3: [visit.email],
    urn_oid_1_3_6_1_4_1_5923_1_1_1_1: ['member', 'student'],
    urn_oid_1_3_6_1_4_1_5923_1_1_1_13: ['5b0e3c7a91d24f68@univ-montp3.example'],
    urn_oid_2_16_840_1_113730_3_1_241: ['Zoé Martin'],
    urn_oid_2_5_4_11: ['Département de lettres modernes'],
    urn_oid_2_5_4_4: ['Martin'],
    urn_oid_2_5_4_42: ['Zoé'],
    zoomLicense: ['basic'],
  });
  assert.equal(identity.relay_state, path);
  return identity;
};

const atPysaml2 = async (visit, page) => {
  const identity = await verdict(visit, page, visit.pysaml2, '/acs');
  assert.equal(identity.name_id, visit.email, identity.error);
  return identity;
};

const signIn = async (visit, page) => {
  await begin(visit, page);
  await atCas(visit, page);
  await visit.shoot(page, 'cas');
  await typeAtCas(visit, page);
  return atMellon(visit, page);
};

// Mellon forgets the person; the bridge and CAS do not.
const leaveMellon = (visit, context) =>
  // Its cookie is for hosts below as well.
  context.clearCookies({ domain: `.${new URL(visit.zoom).hostname}` });

// What the tab is answered from now on, for the pages that it goes to.
const answers = (page) => {
  const seen = [];
  page.on('response', (response) => {
    if (!response.request().isNavigationRequest()) return;
    seen.push({ url: new URL(response.url()), status: response.status() });
  });
  return seen;
};

const ofCas = (visit, seen) => seen.filter(({ url }) => url.origin === visit.cas);

// CAS sent the tab on each time, and the bridge showed the page alone that posts the answer.
const askedNothing = (visit, seen) => {
  for (const { url, status } of ofCas(visit, seen)) assert.equal(status, 302, `${url.pathname} of CAS`);
  const ours = seen.filter(({ url, status }) => url.origin === visit.idp && ![302, 303].includes(status));
  assert.deepEqual(ours.map(({ status }) => status), [200]);
};

export const scenarios = {
  'mellon: a person signs in through CAS': async (visit) => {
    const page = await visit.tab(await visit.profile());
    const { in_response_to: request, session_index: session } = await signIn(visit, page);
    assert.ok(request && session);
  },

  'mellon: r39 a click on our own page leads through CAS to a provider that has not asked': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    const click = async () => {
      await page.goto(`${visit.idp}/start/zoom`);
      await visit.arrive(page, 'idp', 'start');
      await page.getByTestId('submit').click();
    };
    // The click is a form, and what answers it leads to another site: no policy of ours is in the way.
    await click();
    await atCas(visit, page);
    await typeAtCas(visit, page);
    assert.equal((await atMellon(visit, page)).in_response_to, null);
    // CAS knows the person, and we do not: from our form to CAS and back to us without a stop.
    await leaveMellon(visit, context);
    await context.clearCookies({ domain: new URL(visit.idp).hostname });
    await click();
    assert.equal((await atMellon(visit, page)).in_response_to, null);
    // With our session, at once.
    await leaveMellon(visit, context);
    await click();
    await atMellon(visit, page);
  },

  'mellon: r34 ForceAuthn has CAS ask again although its session lives, and the login is fresh': async (visit) => {
    const page = await visit.tab(await visit.profile());
    const before = await signIn(visit, page);
    await page.goto(`${visit.cas}/cas/login`);
    assert.equal(await page.locator('input[name=password]').count(), 0, 'CAS has no session');
    await page.goto(`${visit.pysaml2}/login`, { waitUntil: 'commit' });
    const calm = await atPysaml2(visit, page);
    assert.equal(calm.authn_instant, before.authn_instant);

    await page.goto(`${visit.pysaml2}/login?ForceAuthn=true`, { waitUntil: 'commit' });
    await atCas(visit, page);
    assert.equal(new URL(page.url()).searchParams.get('renew'), 'true');
    await visit.shoot(page, 'cas');
    // Instants are told in whole seconds: another one must have begun.
    const typed = await page.waitForFunction(
      (last) => Date.now() >= last + 1000 && Math.floor(Date.now() / 1000) * 1000,
      Date.parse(before.authn_instant),
    );
    await typeAtCas(visit, page);
    const forced = await atPysaml2(visit, page);
    assert.ok(Date.parse(forced.authn_instant) >= (await typed.jsonValue()), forced.authn_instant);
  },

  'mellon: r35 IsPassive without a session asks nothing and tells mellon NoPassive': async (visit) => {
    const page = await visit.tab(await visit.profile());
    const seen = answers(page);
    await beginPassively(visit, page);
    const { ok, error } = await verdict(visit, page, visit.zoom, '/mellon/postResponse');
    assert.equal(ok, false);
    assert.match(error.split('\n').at(-1), /StatusCode2="?urn:oasis:names:tc:SAML:2\.0:status:NoPassive/);
    askedNothing(visit, seen);
    const [trip, ...more] = ofCas(visit, seen);
    assert.equal(trip.url.searchParams.get('gateway'), 'true');
    assert.deepEqual(more, []);
    // Whoever then asks to sign in is asked.
    await signIn(visit, page);
  },

  'mellon: r35 IsPassive with a session at CAS or here signs in without a question': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    const before = await signIn(visit, page);
    await leaveMellon(visit, context);
    const here = answers(page);
    await beginPassively(visit, page);
    assert.equal((await atMellon(visit, page)).authn_instant, before.authn_instant);
    askedNothing(visit, here);
    assert.deepEqual(ofCas(visit, here), []);

    await context.clearCookies({ domain: new URL(visit.idp).hostname });
    await leaveMellon(visit, context);
    const there = answers(page);
    await beginPassively(visit, page);
    await atMellon(visit, page);
    askedNothing(visit, there);
    assert.deepEqual(ofCas(visit, there).map(({ url }) => url.searchParams.get('gateway')), ['true']);
  },

  'mellon: two tabs at once, and each ends where it began': async (visit) => {
    const context = await visit.profile();
    const [first, second] = [await visit.tab(context), await visit.tab(context)];
    await first.goto(`${visit.zoom}/secret/first`);
    await atCas(visit, first);
    await second.goto(`${visit.zoom}/secret/second`);
    await atCas(visit, second);
    await typeAtCas(visit, second);
    await atMellon(visit, second, '/secret/second');
    // CAS knows the person by now, and sends the first tab on as soon as it is asked.
    await first.reload();
    await atMellon(visit, first, '/secret/first');
  },

  'mellon: the back button leads from CAS and to CAS': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await begin(visit, page);
    await atCas(visit, page);
    await page.goBack({ waitUntil: 'load' });
    assert.equal(page.url(), `${visit.zoom}/`);
    await page.goForward({ waitUntil: 'load' });
    await atCas(visit, page);
    await typeAtCas(visit, page);
    await atMellon(visit, page);
    await page.goBack({ waitUntil: 'load' });
    // The form of CAS again, which the browser kept: with the request that is answered by now.
    await atCas(visit, page);
    await answeredForGood();
    await typeAtCas(visit, page);
    await visit.arrive(page, 'idp', 'stop');
    assert.equal(await page.locator('body').getAttribute('data-reason'), 'request-used');
    await visit.speaks(page);
    await leaveMellon(visit, page.context());
    await page.getByTestId('way-out').click();
    await atMellon(visit, page);
  },

  'mellon: a session at CAS that outlives ours signs in without a question': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    await signIn(visit, page);
    // Sessions are in the bridge's memory.
    await turnBridge(visit, false);
    await turnBridge(visit, true);
    await leaveMellon(visit, context);
    const seen = answers(page);
    await begin(visit, page);
    await atMellon(visit, page);
    askedNothing(visit, seen);
    assert.equal(ofCas(visit, seen).length, 1);
  },

  'mellon: our session outlives that at CAS, and signs in without a question': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    const before = await signIn(visit, page);
    // As when the session at CAS ends by itself.
    await context.clearCookies({ domain: new URL(visit.cas).hostname });
    await leaveMellon(visit, context);
    const seen = answers(page);
    await begin(visit, page);
    assert.equal((await atMellon(visit, page)).authn_instant, before.authn_instant);
    askedNothing(visit, seen);
    assert.deepEqual(ofCas(visit, seen), []);
    // Once ours has ended as well, CAS asks.
    await page.goto(`${visit.idp}/logout`);
    await visit.arrive(page, 'idp', 'logout');
    await page.getByTestId('logout').click();
    await visit.arrive(page, 'idp', 'logged-out');
    await leaveMellon(visit, context);
    await signIn(visit, page);
  },

  'mellon: the bridge restarts between the login at CAS and the return': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await begin(visit, page);
    await atCas(visit, page);
    await turnBridge(visit, false);
    try {
      // CAS signs the person in and sends them back, and nobody is there.
      const away = page.waitForEvent('requestfailed', (request) => request.url().startsWith(visit.idp));
      await typeAtCas(visit, page);
      await away;
      await visit.shoot(page, 'away');
    } finally {
      await turnBridge(visit, true);
    }
    await page.reload();
    await atMellon(visit, page);
  },
};
