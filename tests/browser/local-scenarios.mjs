// What people do. Each scenario gets a visit of its own and fails by throwing.
import assert from 'node:assert/strict';
import { answeredForGood } from './visit.mjs';

// Why a page stops the person.
const reasonOf = (page) => page.locator('body').getAttribute('data-reason');

// What a page of another site shows in its frame.
const inside = async (page) => (await page.waitForSelector('iframe')).contentFrame();

export const scenarios = {
  'a person signs in with a wrong and then the right password': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'login');
    await visit.speaks(page);
    assert.equal(new URL(page.url()).search.includes('password'), false);
    await visit.type(page, 'not the password');
    await page.waitForSelector('[role=alert]');
    await visit.arrive(page, 'idp', 'login');
    await visit.speaks(page);
    assert.equal(await page.locator('input[name=username]').inputValue(), visit.account);
    assert.equal(await page.locator('input[name=password]').inputValue(), '');
    await visit.type(page);
    await visit.atZoom(page);
  },

  'a person signs in with the keyboard alone': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'login');
    await page.locator('input[name=username]').focus();
    await page.keyboard.type(visit.account);
    await page.keyboard.press('Tab');
    await page.keyboard.type(visit.password);
    await page.keyboard.press('Enter');
    await visit.atZoom(page);
  },

  'the language is changed in the middle of a sign-in': async (visit) => {
    const page = await visit.tab(await visit.profile());
    const other = visit.person.lang === 'fr' ? 'en' : 'fr';
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'login');
    await visit.speaks(page);
    await page.getByTestId(`lang-${other}`).click();
    await page.waitForSelector(`html[lang^=${other}]`, { state: 'attached' });
    await visit.arrive(page, 'idp', 'login');
    await visit.type(page, 'not the password');
    await page.waitForSelector('[role=alert]');
    await visit.speaks(page, other);
    await visit.type(page);
    await visit.atZoom(page);
  },

  'the sheet for the form of Zoom is read, copied from and printed': async (visit) => {
    const address = `file://${visit.sheet}`;
    const french = visit.person.lang === 'fr';
    const shown = french ? 'fr' : 'en';
    const profile = await visit.profile();
    await profile.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await visit.tab(profile);
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(address);
    await page.locator(french ? '#french' : '#english').check();
    const texts = page.locator('.said:visible');
    for (const lang of new Set(await texts.evaluateAll((all) => all.map((text) => text.lang)))) {
      assert.equal(lang, shown);
    }
    await visit.look(page, 'sheet');
    // What is copied is the value, whole, and the button says so.
    for (const field of ['Sign-in page URL', 'Identity provider certificate', 'License Type']) {
      const row = page.locator('li.row', { has: page.getByRole('heading', { name: field, exact: true }) });
      const button = row.getByRole('button').first();
      await button.click();
      const value = await row.locator('code').first().textContent();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), value);
      assert.notEqual(value.trim(), '');
      assert.match(await button.innerText(), french ? /^Copié/ : /^Copied/);
      assert.match(await page.getByRole('status').textContent(), french ? /Copié/ : /Copied/);
    }
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.getByRole('button').count(), 0);
    await visit.shoot(page, 'sheet-printed');
    // Nobody was asked for anything.
    assert.deepEqual(asked, [address]);
    // Without script it shows the same, and no button that does nothing.
    const bare = await visit.tab(await visit.profile({ javaScriptEnabled: false }));
    await bare.goto(address);
    assert.equal(await bare.getByRole('button').count(), 0);
    await bare.locator('code').first().click({ clickCount: 1 });
    assert.equal(await bare.locator('code').first().evaluate((code) => getComputedStyle(code).userSelect), 'all');
  },

  'a sign-in is tried, and nothing is sent': async (visit) => {
    const page = await visit.tab(await visit.profile());
    const toZoom = [];
    page.on('request', (request) => {
      if (new URL(request.url()).origin === visit.zoom) toZoom.push(request.url());
    });
    await page.goto(`${visit.idp}/test`);
    await visit.arrive(page, 'idp', 'trials');
    await visit.speaks(page);
    await page.getByTestId('try').click();
    await visit.arrive(page, 'idp', 'login');
    await visit.type(page);
    for (const how of ['by the form', 'by the session']) {
      await visit.arrive(page, 'idp', 'trial');
      await visit.speaks(page);
      assert.equal(await page.getByTestId('verdict').getAttribute('data-verdict'), 'taken', how);
      assert.ok((await page.getByTestId('told').innerText()).includes(visit.email), how);
      // Everything that is folded away is looked at as well.
      const folded = page.locator('details');
      assert.equal(await folded.count(), 5);
      for (const one of await folded.all()) await one.locator('summary').click();
      assert.match(await page.getByTestId('xml').innerText(), /^<samlp:Response [^]*<\/samlp:Response>$/);
      await visit.look(page, 'idp');
      await page.getByTestId('again').click();
      await visit.arrive(page, 'idp', 'trials');
      await page.getByTestId('try').click();
    }
    assert.deepEqual(toZoom, []);
    // What stops a test leads back to the tests.
    await page.goto(`${visit.idp}/j/zoom/test.${visit.expired}`);
    await visit.arrive(page, 'idp', 'stop');
    await page.getByTestId('way-out').click();
    await visit.arrive(page, 'idp', 'trials');
  },

  'r39 from our own page a click leads to a provider that has not asked': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await page.goto(`${visit.idp}/start/zoom?RelayState=${encodeURIComponent(`${visit.zoom}/secret/after`)}`);
    await visit.arrive(page, 'idp', 'start');
    await visit.speaks(page);
    const other = visit.person.lang === 'fr' ? 'en' : 'fr';
    await page.getByTestId(`lang-${other}`).click();
    await page.waitForSelector(`html[lang^=${other}]`, { state: 'attached' });
    await visit.arrive(page, 'idp', 'start');
    await page.getByTestId(`lang-${visit.person.lang}`).click();
    await page.waitForSelector(`html[lang^=${visit.person.lang}]`, { state: 'attached' });
    assert.ok(page.url().includes('RelayState='), 'the link is another one in another language');
    await page.getByTestId('submit').click();
    await visit.arrive(page, 'idp', 'login');
    await visit.type(page);
    // The stand-in takes only what it has asked for: that it came is all that can be seen here.
    await visit.arrive(page, 'zoom', 'error');
    assert.match(await page.getByTestId('reasons').textContent(), /unsolicited messages are refused/);
    // Back to our page: it begins anew, and the session answers.
    await page.goto(`${visit.idp}/start/zoom`);
    await visit.arrive(page, 'idp', 'start');
    await page.getByTestId('submit').click();
    await visit.arrive(page, 'zoom', 'error');
  },

  'r39 a link that may not be followed leads home': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await page.goto(`${visit.idp}/start/zoom?RelayState=elsewhere`);
    assert.equal(await reasonOf(page), 'start-refused');
    await visit.speaks(page);
    await visit.stoppedButNotStranded(page);
  },

  'the page that carries the answer can be read and sent by hand': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'login');
    // The browser stays where it is when an answer is empty: so the page can be looked at.
    let hold = true;
    await context.route(`${visit.zoom}/**`, (route) =>
      hold && route.request().method() === 'POST' ? route.fulfill({ status: 204 }) : route.continue(),
    );
    await visit.type(page);
    await visit.arrive(page, 'idp', 'post');
    await visit.speaks(page);
    hold = false;
    await page.locator('main form button').click();
    await visit.atZoom(page);
  },

  'without scripts buttons carry the request and the answer': async (visit) => {
    const page = await visit.tab(await visit.profile({ javaScriptEnabled: false }));
    // The request by a button as well.
    await page.goto(`${visit.zoom}/saml/login?binding=post`);
    await page.getByTestId('continue').click();
    await page.locator('body[data-page=login]').waitFor();
    await visit.type(page, 'not the password');
    await page.locator('[role=alert]').waitFor();
    await visit.type(page);
    await page.locator('body[data-page=post]').waitFor();
    await page.locator('main form button').click();
    await page.locator('body[data-page=profile]').waitFor();
    assert.equal(await page.getByTestId('email').innerText(), visit.email);
  },

  'a signed request that another site posts is bounced to a step of our own': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    const hops = [];
    page.on('response', (response) => {
      const { origin, pathname } = new URL(response.url());
      if (origin !== visit.idp || pathname.startsWith('/assets/')) return;
      hops.push(`${response.request().method()} ${response.status()} /${pathname.split('/')[1]}`);
    });
    const post = async (tab) => {
      await tab.goto(`${visit.zoom}/saml/login?binding=post`, { waitUntil: 'commit' });
    };
    await post(page);
    await visit.arrive(page, 'idp', 'login');
    assert.equal(hops[0], 'POST 303 /saml');
    assert.equal(hops.at(-1), 'GET 200 /j');
    // It brought no cookie, and took none from a tab that had begun before.
    const other = await visit.tab(context);
    await post(other);
    await visit.arrive(other, 'idp', 'login');
    await page.reload();
    await visit.arrive(page, 'idp', 'login');
    await visit.type(page);
    await visit.atZoom(page);
    await visit.type(other);
    await visit.atZoom(other);
    // A session is known behind the bounce, where its cookie comes along.
    await context.clearCookies({ domain: new URL(visit.zoom).hostname });
    hops.length = 0;
    await post(page);
    await page.locator('body[data-page=profile]').waitFor();
    await visit.atZoom(page);
    assert.deepEqual(hops, ['POST 303 /saml', 'GET 200 /j']);
    await page.goBack({ waitUntil: 'load' }).catch(() => {});
    await visit.finish(page);
  },

  'two tabs at once do not disturb each other': async (visit) => {
    const context = await visit.profile();
    const [first, second] = [await visit.tab(context), await visit.tab(context)];
    await visit.begin(first);
    await visit.arrive(first, 'idp', 'login');
    await visit.begin(second);
    await visit.arrive(second, 'idp', 'login');
    // The first one still works after the second has begun, and again after it has ended.
    await visit.type(first, 'not the password');
    await first.waitForSelector('[role=alert]');
    await visit.type(second);
    await visit.atZoom(second);
    await visit.type(first);
    await visit.atZoom(first);
  },

  'the back button leads to no dead end': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await visit.signIn(page);
    await answeredForGood();
    for (let steps = 0; steps < 3; steps += 1) {
      await page.goBack({ waitUntil: 'load' }).catch(() => {});
      if (new URL(page.url()).origin === visit.idp) break;
    }
    await visit.finish(page);
    await answeredForGood();
    // And once more from the front page, forth and back.
    await page.goto(`${visit.zoom}/`);
    await page.goBack({ waitUntil: 'load' }).catch(() => {});
    await visit.finish(page);
  },

  'reload changes nothing': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'login');
    await page.reload();
    await visit.arrive(page, 'idp', 'login');
    await visit.type(page, 'not the password');
    await page.waitForSelector('[role=alert]');
    await page.reload();
    await visit.arrive(page, 'idp', 'login');
    await visit.type(page);
    await visit.atZoom(page);
    await page.reload();
    await visit.atZoom(page);
  },

  'back and reload at every step lead on': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'login');
    await page.goBack({ waitUntil: 'load' });
    await visit.arrive(page, 'zoom', 'home');
    await page.goForward({ waitUntil: 'load' });
    await visit.arrive(page, 'idp', 'login');
    await visit.type(page, 'not the password');
    await page.waitForSelector('[role=alert]');
    await page.goBack({ waitUntil: 'load' });
    await visit.arrive(page, 'idp', 'login');
    // Chromium does not send a form once more by itself: it says so on a page of its own, which comes after
    // the refusal, and does when it is told to reload.
    const isRefused = await page.goForward({ waitUntil: 'load' }).then(() => false, () => true);
    if (isRefused) await page.waitForURL((url) => url.protocol === 'chrome-error:');
    await page.reload();
    await visit.arrive(page, 'idp', 'login');

    // The page that carries the answer, kept from being sent.
    let hold = true;
    await context.route(`${visit.zoom}/**`, (route) =>
      hold && route.request().method() === 'POST' ? route.fulfill({ status: 204 }) : route.continue(),
    );
    await visit.type(page);
    await visit.arrive(page, 'idp', 'post');
    await answeredForGood();
    await page.reload();
    await visit.arrive(page, 'idp', 'stop');
    assert.equal(await reasonOf(page), 'request-used');
    hold = false;
    await page.reload();
    await visit.stoppedButNotStranded(page);
    await answeredForGood();
    await page.goBack({ waitUntil: 'load' }).catch(() => {});
    await visit.finish(page);

    await page.goto(`${visit.idp}/logout`);
    await visit.arrive(page, 'idp', 'logout');
    await page.reload();
    await visit.arrive(page, 'idp', 'logout');
    await page.goBack({ waitUntil: 'load' });
    await visit.arrive(page, 'zoom', 'profile');
    await page.goForward({ waitUntil: 'load' });
    await visit.arrive(page, 'idp', 'logout');
    await page.getByTestId('logout').click();
    await visit.arrive(page, 'idp', 'logged-out');
    await page.reload();
    await visit.arrive(page, 'idp', 'logged-out');
    await page.goBack({ waitUntil: 'load' });
    // What the browser may have kept of the question ends nothing.
    if ((await visit.arrive(page, 'idp', 'logout', 'logged-out')) === 'logout') {
      await page.getByTestId('logout').click();
      await visit.arrive(page, 'idp', 'logged-out');
    }
  },

  'a step that was kept as a bookmark leads home': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'login');
    const bookmark = page.url();
    await visit.type(page);
    await visit.atZoom(page);
    await answeredForGood();
    await page.goto(bookmark);
    assert.equal(await reasonOf(page), 'request-used');
    await visit.stoppedButNotStranded(page);
    // No provider can be told from this one: home is the start page.
    await page.goto(`${visit.idp}/saml/sso`);
    await visit.arrive(page, 'idp', 'stop');
    await page.getByTestId('home').click();
    await visit.arrive(page, 'idp', 'home');
  },

  'who keeps no cookies is told so before typing a password': async (visit) => {
    const page = await visit.tab(await visit.profileWithoutCookies());
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'stop');
    assert.equal(await reasonOf(page), 'cookies-blocked');
    await visit.speaks(page);
    assert.equal(await page.locator('input').count(), 0);
    assert.ok(await page.getByTestId('way-out').isVisible());
  },

  'in a frame of another site the sign-in says so, and opens a window to sign in in': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    await visit.elsewhere(page, `<iframe src="${visit.zoom}/saml/login"></iframe>`);
    const frame = await inside(page);
    await frame.locator('body[data-page=framed]').waitFor();
    await visit.shoot(page, 'framed');
    assert.equal(await frame.evaluate(() => document.documentElement.lang), visit.person.lang);
    assert.equal(new URL(frame.url()).origin, visit.idp);
    // Nothing on it is worth the click of a person who cannot see it, and nothing of it is kept.
    for (const [what, count] of [['a', 1], ['form', 0], ['button', 0], ['input', 0], ['script', 0]]) {
      assert.equal(await frame.locator(what).count(), count, what);
    }
    assert.deepEqual(await context.cookies(visit.idp), []);
    assert.ok(await frame.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it sticks out');
    const [window] = await Promise.all([context.waitForEvent('page'), frame.getByTestId('own-window').click()]);
    await visit.arrive(window, 'idp', 'home');
    assert.equal(await window.evaluate(() => globalThis.opener), null);
    await window.locator('main .services a').first().click();
    await visit.arrive(window, 'idp', 'login');
    await visit.type(window);
    await visit.atZoom(window);
    // Who is signed in by now reads the same in the frame.
    await frame.goto(`${visit.zoom}/saml/login`);
    await frame.locator('body[data-page=framed]').waitFor();
  },

  'a form that another site sends into a frame leads to the start page in a window': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    await visit.elsewhere(
      page,
      `<form method="post" action="${visit.idp}/saml/sso" target="inside"><input name="SAMLRequest" value="x"></form>
      <iframe name="inside"></iframe><script>document.forms[0].submit()</script>`,
    );
    const frame = await inside(page);
    await frame.locator('body[data-page=framed]').waitFor();
    const [window] = await Promise.all([context.waitForEvent('page'), frame.getByTestId('own-window').click()]);
    await visit.arrive(window, 'idp', 'home');
  },

  'a browser that does not say that it shows a frame shows no page of ours in it': async (visit) => {
    const context = await visit.profile();
    // Not a tab of the visit: Chromium says in the console what it has blocked, as it should here.
    const page = await context.newPage();
    // As those of before 2023, which send no Sec-Fetch-Dest: the answer is that for a window.
    await context.route(`${visit.idp}/**`, async (route) => {
      const address = new URL(route.request().url());
      const { host } = address;
      address.hostname = '127.0.0.1';
      const response = await context.request.get(address.href, { headers: { host }, maxRedirects: 0 });
      await route.fulfill({ response });
    });
    const blocked = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
    await visit.elsewhere(page, `<iframe src="${visit.idp}/"></iframe>`);
    await blocked;
    await visit.shoot(page, 'not-framed');
    assert.equal(await (await inside(page)).locator('body[data-page]').count(), 0);
  },

  'a dead journey leads home': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'login');
    // As a seal is after its key has gone: of the right form, and not to be opened.
    const dead = new URL(page.url());
    const [head, sp, seal] = dead.pathname.split('/').slice(1);
    assert.equal(head, 'j', `the form is at ${dead}`);
    const turned = [...seal].reverse().join('');
    dead.pathname = `/${head}/${sp}/${turned}`;
    const answer = await page.goto(dead.href);
    assert.ok(answer.status() >= 400 && answer.status() < 500, `status ${answer.status()}`);
    await visit.speaks(page);
    await visit.stoppedButNotStranded(page);
  },

  'a journey of another browser leads home': async (visit) => {
    const victim = await visit.tab(await visit.profile());
    await visit.begin(victim);
    await visit.arrive(victim, 'idp', 'login');
    const other = await visit.tab(await visit.profile());
    const answer = await other.goto(victim.url());
    assert.ok(answer.status() >= 400 && answer.status() < 500, `status ${answer.status()}`);
    await visit.stoppedButNotStranded(other);
    // The first browser is none the worse for it.
    await visit.type(victim);
    await visit.atZoom(victim);
  },

  'a second sign-in asks nothing, until the person signs out': async (visit) => {
    const context = await visit.profile();
    const page = await visit.tab(context);
    await visit.signIn(page);
    await context.clearCookies({ domain: new URL(visit.zoom).hostname });
    await visit.begin(page);
    await visit.atZoom(page);
    await context.clearCookies({ domain: new URL(visit.zoom).hostname });
    await page.goto(`${visit.idp}/logout`);
    await visit.arrive(page, 'idp', 'logout');
    await visit.speaks(page);
    await page.getByTestId('logout').click();
    await visit.arrive(page, 'idp', 'logged-out');
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'login');
  },

  'a person without a mail address is stopped and told whom to ask': async (visit) => {
    for (const [account, reason] of [['sans.mail', 'no-mail'], ['deux.mails', 'several-mails']]) {
      const context = await visit.profile();
      const page = await visit.tab(context);
      await visit.begin(page);
      await visit.arrive(page, 'idp', 'login');
      await visit.type(page, visit.password, account);
      await visit.arrive(page, 'idp', 'stop');
      await visit.speaks(page);
      assert.equal(await page.locator('body').getAttribute('data-reason'), reason);
      const code = await page.getByTestId('support-code').innerText();
      assert.match(code.trim(), /^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
      // Nobody is left signed in: the next one at this computer is asked.
      await page.getByTestId('way-out').click();
      await visit.arrive(page, 'idp', 'login');
    }
  },

  'a free account is transferred, and the second sign-in goes through': async (visit) => {
    const account = 'compte.gratuit';
    const context = await visit.profile();
    const page = await visit.tab(context);
    // By address: this request is not the browser's, and knows nothing of *.localhost.
    const { port } = new URL(visit.zoom);
    const forgotten = await context.request.delete(`http://127.0.0.1:${port}/accounts.json`);
    assert.equal(forgotten.status(), 204);
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'login');
    await visit.type(page, visit.password, account);
    // The first exchange ends on Zoom's page, and with it what the browser knew of it.
    await visit.arrive(page, 'zoom', 'transfer-offered');
    await page.getByTestId('acknowledge').click();
    await visit.arrive(page, 'zoom', 'transfer-mailed');
    const link = await page.getByTestId('mail-link').getAttribute('href');
    await page.goto(link);
    await visit.arrive(page, 'zoom', 'confirm');
    await page.getByTestId('confirm').click();
    await visit.arrive(page, 'zoom', 'confirmed');
    // The second one needs no password: the session answers.
    await page.getByTestId('sign-in').click();
    await visit.arrive(page, 'zoom', 'profile');
    assert.match(await page.getByTestId('email').innerText(), /^compte\.gratuit@/);
  },

  'a person whom no licence is meant for is turned away by Zoom': async (visit) => {
    const page = await visit.tab(await visit.profile());
    await visit.begin(page);
    await visit.arrive(page, 'idp', 'login');
    await visit.type(page, visit.password, 'paul.ancien');
    await visit.arrive(page, 'zoom', 'error');
  },

  'an expired journey leads home': async (visit) => {
    const page = await visit.tab(await visit.profile());
    // A genuine seal whose hour is over, as in a page that was left open or bookmarked.
    const answer = await page.goto(`${visit.idp}/j/zoom/${visit.expired}`);
    assert.equal(answer.status(), 400);
    await visit.arrive(page, 'idp', 'stop');
    assert.equal(await page.locator('body').getAttribute('data-reason'), 'journey-expired');
    await visit.speaks(page);
    await visit.stoppedButNotStranded(page);
  },

  'an address that leads nowhere is told so': async (visit) => {
    const page = await visit.tab(await visit.profile());
    const answer = await page.goto(`${visit.idp}/nowhere`);
    assert.equal(answer.status(), 404);
    await visit.arrive(page, 'idp', 'not-found');
    await visit.speaks(page);
  },
};
