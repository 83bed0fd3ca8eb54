// What several tasks do with a page.

import assert from "node:assert/strict";

export const DESK = ["it", "day", "desk"];
export const title = () => `Prova del browser ${Date.now()}`;

export async function sent(page, button) {
  await Promise.all([page.waitForNavigation(), page.click(button)]);
}

export async function publish(page, base, name) {
  await page.goto(`${base}/publish`);
  await page.selectOption("#what", "domain");
  await page.fill("#title", name);
  await page.fill("#value", `esempio-${Date.now()}.example`);
  await page.selectOption("#tlp", "GREEN");
  await sent(page, "button[value=preview]");
  assert.ok(await page.locator("#audience").isVisible(), "whom it would reach is shown");
  assert.equal(await page.inputValue("#title"), name, "what was typed is kept");
  await sent(page, "button[value=publish]");
  assert.match(page.url(), /\/items\/indicator--/);
  assert.equal((await page.textContent("h1")).trim(), name);
}

export async function report(page, base, name) {
  await page.goto(`${base}/report`);
  await page.fill("#title", name);
  await page.fill("#words", "Il portale non risponde da questa mattina.");
  await page.fill("#contact", "075 555 0100");
  await sent(page, ".form .btn-wide");
}

/** Adds a passkey on the page of one's own access, where a device is that always agrees; stays there. */
export async function addPasskey({ base, open, accounts, person, way, name }) {
  // Passkeys are made for a name, and this is the node's.
  const here = base.replace("127.0.0.1", "localhost");
  const page = await open(null, way);
  const cookie = (name, value) => ({ name, value, url: here, secure: true, httpOnly: true, sameSite: "Strict" });
  const [language, theme] = way;
  await page.context().addCookies([
    cookie("__Host-vedetta", person),
    cookie("__Host-vedetta-language", language),
    cookie("__Host-vedetta-theme", theme),
  ]);
  const devices = await page.context().newCDPSession(page);
  await devices.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
  await devices.send("WebAuthn.addVirtualAuthenticator", { options: { ...options, automaticPresenceSimulation: true } });
  await page.goto(`${here}/account`);
  await page.fill("#passkey-name", name);
  await page.fill("#passkey-password", accounts.password);
  await sent(page, "form[data-passkey] button");
  assert.match(page.url(), /said=passkey-added/);
  return { page, here };
}
