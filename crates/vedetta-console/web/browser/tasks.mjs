// What people come for, role by role.

import assert from "node:assert/strict";

const DESK = ["it", "day", "desk"];
const title = () => `Prova del browser ${Date.now()}`;

async function sent(page, button) {
  await Promise.all([page.waitForNavigation(), page.click(button)]);
}

async function publish(page, base, name) {
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

export const tasks = {
  async "a wrong password is said, and the account kept"({ base, open, check }) {
    const page = await open(null, ["en", "night", "phone"]);
    await page.goto(`${base}/items`);
    await page.fill("#account", "turno-cnaipic");
    await page.fill("#password", "wrong wrong wrong");
    await sent(page, ".door button");
    assert.equal(await page.inputValue("#account"), "turno-cnaipic");
    assert.ok(await page.locator(".notice.fault").isVisible());
    await check(page, "a refused sign-in");
    await page.context().close();
  },
  async "the officer publishes, and the town sees it arrive without reloading"({ base, open, people }) {
    const town = await open(people["referente-comune-054039"], DESK);
    await town.goto(`${base}/items`);
    await town.waitForSelector(".liveness.on");
    const officer = await open(people["turno-cnaipic"], DESK);
    const name = title();
    const shown = town.waitForSelector(`.line-title:text-is("${name}")`, { timeout: 15000 });
    await publish(officer, base, name);
    await shown;
    await town.click(`.line-title:text-is("${name}")`);
    await town.waitForURL(/indicator--/);
    await town.fill("#note", "visto");
    await sent(town, ".act button");
    assert.ok(await town.locator(".notice.done").first().isVisible());
    await town.context().close();
    await officer.context().close();
  },
  async "reading and forms need no script"({ base, open, people }) {
    const page = await open(people["referente-comune-054039"], DESK, { javaScriptEnabled: false });
    await page.goto(`${base}/items`);
    await page.selectOption("#kind", "indicator");
    await sent(page, ".filters .btn-primary");
    assert.match(page.url(), /kind=indicator/);
    await sent(page, ".line-link");
    assert.ok(await page.locator("h1").isVisible());
    await page.context().close();
  },
  async "why they got it and they did not"({ base, open, people }) {
    const page = await open(people["turno-cnaipic"], DESK);
    await page.goto(`${base}/items`);
    await sent(page, ".line-link");
    await sent(page, "a[href$='/why']");
    await page.fill("#text", "perugia");
    await sent(page, ".filters .btn-primary");
    await sent(page, ".plain a");
    assert.ok(await page.locator(".verdict").isVisible());
    await page.context().close();
  },
  async "the administrator suspends an agreement and resumes it"({ base, open, people }) {
    const page = await open(people["amministratore"], DESK);
    await page.goto(`${base}/agreements/pro-c2si-umbria`);
    await page.fill("#reason", "prova");
    await sent(page, "button[value=suspend]");
    assert.ok(await page.locator(".head .badge-warn").isVisible());
    await sent(page, "button[value=resume]");
    assert.ok(await page.locator(".head .badge-good").isVisible());
    await page.context().close();
  },
  async "a stale edit is told, and loses nothing"({ base, open, people }) {
    const one = await open(people["amministratore"], DESK);
    const other = await open(people["amministratore"], DESK);
    for (const page of [one, other]) await page.goto(`${base}/directory/comune-054039/edit`);
    const aliases = `Prova ${Date.now()}`;
    await one.fill("#aliases", aliases);
    await sent(one, ".form .btn-primary");
    assert.match(one.url(), /said=saved/);
    await other.fill("#aliases", "Un altro nome");
    await sent(other, ".form .btn-primary");
    assert.ok((await other.textContent(".notice.fault")).includes("amministratore"), "who changed it is told");
    assert.equal(await other.inputValue("#aliases"), "Un altro nome");
    await one.context().close();
    await other.context().close();
  },
  async "everything works by keyboard"({ base, open, people }) {
    const page = await open(people["turno-cnaipic"], DESK);
    await page.goto(`${base}/items`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "#content");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("o")]);
    assert.match(page.url(), /\/items\/.+--/);
    await Promise.all([page.waitForNavigation(), page.keyboard.type("gs")]);
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search");
    await page.context().close();
  },
  async "a page left open does not grow"({ base, open, people }) {
    const page = await open(people["turno-cnaipic"], DESK);
    await page.goto(`${base}/items`);
    await page.waitForSelector("[data-lines]");
    const lines = await page.evaluate(() => {
      const list = document.querySelector("[data-lines]");
      list.dataset.lines = "5";
      return list.children.length;
    });
    const officer = await open(people["turno-cosc-umbria"], DESK);
    const name = title();
    const shown = page.waitForSelector(`.line-title:text-is("${name}")`, { timeout: 15000 });
    await publish(officer, base, name);
    await shown;
    const after = await page.evaluate(() => document.querySelector("[data-lines]").children.length);
    assert.ok(after <= Math.min(5, lines + 1), `${after} lines`);
    await page.context().close();
    await officer.context().close();
  },
};
