// The administrator's first hour, as far as a browser has to do with it: what `passerelle init --try`
// has made is opened as it says, tried, and used for a sign-in to the provider that was added.
import assert from 'node:assert/strict';

export const scenarios = {
  'what init made is opened, tried, and signs somebody in at Zoom': async (visit) => {
    const page = await visit.tab(await visit.profile());
    // "Open … in a browser on this machine, press the button and the one on the page that comes".
    await page.goto(`${visit.idp}/`);
    await visit.arrive(page, 'idp', 'home');
    await visit.speaks(page);
    await page.locator(`main a.button[href="${visit.idp}/test"]`).click();
    await visit.arrive(page, 'idp', 'trials');
    await page.getByTestId('try').first().click();
    // "and sign in as test".
    await visit.arrive(page, 'idp', 'login');
    await visit.type(page);
    await visit.arrive(page, 'idp', 'trial');
    await visit.speaks(page);
    assert.equal(await page.getByTestId('verdict').getAttribute('data-verdict'), 'taken');
    assert.ok((await page.getByTestId('told').innerText()).includes(visit.email));

    // Another person's browser, at Zoom itself.
    const other = await visit.tab(await visit.profile());
    await visit.begin(other);
    await visit.arrive(other, 'idp', 'login');
    await visit.type(other);
    await visit.arrive(other, 'zoom', 'profile');
    assert.equal(await other.getByTestId('email').innerText(), visit.email);
  },
};
