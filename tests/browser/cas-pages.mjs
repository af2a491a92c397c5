// What people do on the pages of the CAS server, which are not ours: they are not looked at.

// Waits for the form of CAS.
export const atCas = async (visit, page) => {
  await page.waitForURL((url) => url.origin === visit.cas, { waitUntil: 'load' });
  await page.locator('input[name=password]').waitFor();
};

export const typeAtCas = async (visit, page, account = visit.account) => {
  await page.locator('input[name=username]').fill(account);
  await page.locator('input[name=password]').fill(visit.password);
  await page.locator('[type=submit]').click();
};
