// What people come for, role by role.

import assert from "node:assert/strict";
import { addPasskey, DESK, publish, report, sent, title } from "./hands.mjs";

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
  async "a passkey is made, opens the door alone, and is removed"({ base, open, people, accounts, check }) {
    const person = people["turno-cnaipic"];
    const { page, here } = await addPasskey({ base, open, accounts, person, way: DESK, name: "Dispositivo di prova" });
    await check(page, "one's own passkeys");
    await page.context().clearCookies({ name: "__Host-vedetta" });
    await page.goto(`${here}/sign-in?to=/items`);
    await check(page, "signing in by passkey");
    await sent(page, "form[data-passkey] button");
    assert.equal(new URL(page.url()).pathname, "/items");
    await page.goto(`${here}/account`);
    await page.fill("form[action='/account/keys/removal'] [name=own-password]", accounts.password);
    await sent(page, "form[action='/account/keys/removal'] button");
    assert.match(page.url(), /said=removed/);
    // Removing a key ended the account's other sessions: whoever comes after goes on with this one.
    const kept = await page.context().cookies(here);
    people["turno-cnaipic"] = kept.find((cookie) => cookie.name === "__Host-vedetta").value;
    await page.context().close();
  },
  async "the officer publishes, and the town sees it arrive without reloading"({ base, open, people }) {
    const town = await open(people["referente-comune-054039"], DESK);
    await town.goto(`${base}/items`);
    await town.waitForSelector(".liveness.on");
    const officer = await open(people["turno-cnaipic"], DESK);
    const name = title();
    const shown = town.waitForSelector(`.line-title:text-is("${name}")`);
    await Promise.all([shown, publish(officer, base, name)]);
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
    await Promise.all([page.waitForNavigation(), page.keyboard.press("?")]);
    assert.equal(new URL(page.url()).pathname, "/help", "the keys are told");
    await Promise.all([page.waitForNavigation(), page.keyboard.type("gs")]);
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search");
    await page.context().close();
  },
  async "the wall counts a report as it comes, by day and by night"({ base, open, people, check }) {
    const walls = [];
    for (const way of [["it", "night", "wall"], ["en", "day", "wall"]]) {
      const wall = await open(people["turno-cnaipic"], way);
      await wall.goto(`${base}/wall`);
      await wall.waitForSelector(".liveness.on");
      await wall.evaluate(() => { window.kept = true; });
      walls.push([wall, Number(await wall.textContent(".wall-waiting strong")), way.join(", ")]);
    }
    const grounds = await Promise.all(walls.map(([wall]) => wall.evaluate(() => getComputedStyle(document.body).backgroundColor)));
    assert.notEqual(grounds[0], grounds[1], "night is another ground than day");
    const town = await open(people["referente-comune-054039"], DESK);
    await report(town, base, title());
    for (const [wall, before, way] of walls) {
      await wall.waitForFunction((before) => Number(document.querySelector(".wall-waiting strong").textContent) > before, before, { timeout: 15000 });
      assert.ok(await wall.evaluate(() => window.kept), "without reloading");
      await check(wall, `the wall after a report, ${way}`);
      await wall.context().close();
    }
    await town.context().close();
  },
  async "a notice is drafted, and its sending recorded with the proof"({ base, open, people, check }) {
    const page = await open(people["turno-cnaipic"], DESK);
    await page.goto(`${base}/clocks`);
    await check(page, "the clocks");
    await sent(page, ".line-link:has-text('Notifica della violazione')");
    assert.match(page.url(), /\/incidents\/.+\/clocks/);
    const clock = page.locator(".clock", { has: page.locator("details") }).first();
    await Promise.all([page.waitForNavigation(), clock.locator("a.btn").first().click()]);
    assert.ok((await page.textContent(".paper")).length > 200, "the draft says something");
    await check(page, "a draft");
    await page.goBack();
    await clock.locator("summary").first().click();
    await clock.locator("input[name=proof]").fill("prot. 2026/00017");
    await Promise.all([page.waitForNavigation(), clock.locator("details button").first().click()]);
    assert.ok(await page.locator(".notice.done").isVisible());
    assert.ok((await page.textContent("#clocks")).includes("prot. 2026/00017"));
    await page.context().close();
  },
  async "a refusal is told in Italian, and keeps what was typed"({ base, open, people }) {
    const page = await open(people["turno-cnaipic"], DESK, { javaScriptEnabled: false });
    await page.goto(`${base}/duty/cnaipic/edit`);
    await page.fill("#cycle", "mattino, -");
    await sent(page, ".form .btn-primary");
    const told = await page.textContent(".notice.fault");
    assert.ok(/turni della giornata/.test(told), told);
    assert.equal(await page.inputValue("#cycle"), "mattino, -");
    await page.context().close();
  },
  async "who is on duty is seen by a town, which can call"({ base, open, people, check }) {
    const page = await open(people["referente-comune-054039"], ["it", "day", "phone"]);
    await page.goto(`${base}/duty`);
    assert.ok(await page.locator(".room-people").first().isVisible());
    assert.match(await page.getAttribute(".telephone >> nth=0", "href"), /^tel:/);
    await check(page, "who is on duty, on a telephone");
    await page.context().close();
  },
  async "a shift is handed over by two, and no line is passed over"({ base, open, people, check }) {
    const taker = await open(people["amministratore"], DESK);
    await taker.goto(`${base}/handover`);
    await sent(taker, "form[action='/handover/taking'] button");
    assert.ok((await taker.textContent(".notice.fault")).includes("spuntate"), "unseen lines are refused");
    await check(taker, "a handover that was refused");
    for (const tick of await taker.locator("input[name=line]").all()) await tick.check();
    await sent(taker, "form[action='/handover/taking'] button");
    assert.ok(await taker.locator(".notice.done").isVisible());
    await taker.context().close();
  },
  async "a warning is written, previewed, sent, and answered live"({ base, open, people, check }) {
    const officer = await open(people["turno-cnaipic"], DESK);
    await officer.goto(`${base}/warnings/new`);
    const name = title();
    await officer.fill("#title-it", name);
    await officer.fill("#text-it", "Succede qualcosa.");
    await officer.fill("#what-to-do-it", "Fate qualcosa.");
    await check(officer, "a warning being written");
    await sent(officer, ".form .btn-wide");
    assert.ok(await officer.locator("#audience").isVisible(), "whom it would reach, and why");
    await check(officer, "a warning's audience");
    await sent(officer, "button[value=send]");
    await officer.waitForSelector(".liveness.on");
    const town = await open(people["referente-comune-054039"], ["it", "night", "phone"]);
    await town.goto(`${base}/warnings`);
    await town.locator(".line-title", { hasText: name }).click();
    await town.fill("#note", "fatto");
    await check(town, "a warning, on a telephone");
    await sent(town, "button[value=done]");
    await officer.waitForFunction(() => document.querySelector("#reach-part")?.textContent.includes("fatto"), null, { timeout: 20000 });
    await officer.fill("#reason", "prova finita").catch(() => officer.click(".danger summary").then(() => officer.fill("#reason", "prova finita")));
    await sent(officer, "button[value=withdraw]");
    assert.ok((await officer.textContent("main")).includes("prova finita"));
    await town.context().close();
    await officer.context().close();
  },
  async "a suspicious message is handed in, and an analyst has the last word"({ base, open, people, check }) {
    const town = await open(people["referente-comune-054039"], ["it", "day", "phone"], { javaScriptEnabled: false });
    await town.goto(`${base}/mail/report`);
    const message = "From: Banca <avviso@banca-verifica.example>\r\nTo: a@comune.example\r\nSubject: Conto bloccato\r\n" +
      "Content-Type: text/html\r\n\r\n<p>Il conto e bloccato: confermi la password entro 24 ore.</p>" +
      "<a href=\"http://203.0.113.9/login.php\">https://banca.example/accesso</a>\r\n";
    await town.setInputFiles("#message", { name: "strana.eml", mimeType: "message/rfc822", buffer: Buffer.from(message) });
    await sent(town, ".form button");
    const number = (await town.textContent("#own code")).trim();
    assert.ok(await town.locator(".todo").first().isVisible(), "what to do is said at once");
    const officer = await open(people["turno-cnaipic"], DESK);
    await officer.goto(`${base}/mail/${number}`);
    assert.ok((await officer.textContent("pre.raw")).includes("confermi la password"));
    await check(officer, "a message, taken apart");
    await officer.selectOption("#verdict", "malicious");
    await officer.selectOption("#of", "report");
    await sent(officer, ".act button");
    assert.ok(await officer.locator(".notice.done").isVisible());
    await town.goto(`${base}/mail/report`);
    assert.ok((await town.textContent("#own")).includes("pericolosa"));
    await officer.context().close();
    await town.context().close();
  },
  async "search finds cases, organisations and messages; a view is saved; a list is a file"({ base, open, people, check }) {
    const page = await open(people["turno-cnaipic"], DESK);
    await page.goto(`${base}/`);
    await page.fill("#search", "riscatto");
    await Promise.all([page.waitForNavigation(), page.press("#search", "Enter")]);
    assert.ok(await page.locator("#incidents").isVisible(), "a case is found by its words");
    await check(page, "what was found");
    await page.goto(`${base}/search?text=perugia`);
    assert.ok(await page.locator("#organisations").isVisible());
    await page.goto(`${base}/incidents?category=3`);
    await page.click(".exports summary");
    await page.fill("#view-name", "I gravi");
    await sent(page, ".exports button");
    await page.goto(`${base}/`);
    await Promise.all([page.waitForNavigation(), page.click("text=I gravi")]);
    assert.match(page.url(), /category=3/);
    const [file] = await Promise.all([page.waitForEvent("download"), page.click("text=CSV")]);
    assert.equal(file.suggestedFilename(), "incidents.csv");
    await page.context().close();
  },
  async "an officer follows a playbook in a case, step by step"({ base, open, people, check }) {
    const page = await open(people["turno-cnaipic"], ["it", "night", "desk"]);
    await page.goto(`${base}/incidents?text=riscatto`);
    await sent(page, ".line-link");
    await page.locator(".line-title, .line-link", { hasText: "Ransomware" }).first().click();
    await page.waitForURL(/\/runs\/\d+/);
    const kept = () => page.locator("#history-part .timeline li").count();
    for (let step = 0; step < 3; step += 1) {
      const before = await kept();
      const now = page.locator("#now section.act", { has: page.locator("form.form button") }).first();
      const note = `Passo ${step} fatto`;
      for (const select of await now.locator("form.form >> nth=0").locator("select").all()) await select.selectOption({ index: 1 });
      for (const input of await now.locator("form.form >> nth=0").locator("input[type=text]").all()) await input.fill("sì");
      await now.locator("textarea[name=note]").fill(note);
      await Promise.all([page.waitForNavigation(), now.locator("form.form >> nth=0").locator(".btn-primary").click()]);
      assert.ok(await page.locator(".notice.done").isVisible(), await page.textContent("main"));
      assert.ok(await kept() > before, "the case keeps who did it");
      assert.ok((await page.textContent("#history-part")).includes(note));
    }
    await check(page, "a playbook being followed");
    await page.context().close();
  },
  async "an alarm is answered, and says so to everybody"({ base, open, people, check }) {
    const page = await open(people["turno-cnaipic"], ["it", "night", "phone"]);
    const told = (it) => it.url().endsWith("/called") && it.request().method() === "POST";
    const shown = page.waitForResponse(told).catch(() => null);
    await page.goto(`${base}/alarms`);
    const calls = await page.locator("[data-calls-you]").count();
    if (calls > 0) assert.equal((await shown)?.status(), 204, "the page says that it was shown");
    const alarm = page.locator("#alarms section", { has: page.locator("form") }).first();
    const name = await alarm.getAttribute("aria-label");
    await check(page, "an alarm, on a telephone");
    await Promise.all([page.waitForNavigation(), alarm.locator("button").click()]);
    assert.ok(await page.locator(".notice.done").isVisible());
    const other = await open(people["amministratore"], DESK);
    await other.goto(`${base}/alarms`);
    const answered = other.locator(`#alarms section[aria-label="${name}"]`);
    assert.ok((await answered.textContent()).includes("Sala operativa CNAIPIC"), "who answered is told");
    assert.equal(await answered.locator("form").count(), 0, "nobody answers it again");
    await other.context().close();
    await page.context().close();
  },
  async "a town clerk reports on a telephone, with and without a script"({ base, open, people, check }) {
    for (const javaScriptEnabled of [false, true]) {
      const page = await open(people["referente-comune-054039"], ["it", "day", "phone"], { javaScriptEnabled });
      const name = title();
      await page.goto(`${base}/report`);
      await page.fill("#title", name);
      await page.fill("#words", "Dei messaggi chiedono la password a nome nostro.");
      await page.fill("#contact", "075 555 0100");
      if (javaScriptEnabled) await check(page, "a report being written, on a telephone");
      await sent(page, ".form .btn-wide");
      assert.match((await page.textContent(".receipt-number")).trim(), /^\d{4}-\d{6}$/);
      if (javaScriptEnabled) await check(page, "a receipt, on a telephone");
      await sent(page, ".receipt .btn");
      assert.ok((await page.textContent("h1")).includes(name), "the town sees its case");
      const room = await open(people["turno-cosc-umbria"], DESK);
      await room.goto(`${base}/queue`);
      assert.ok((await room.textContent("main")).includes(name), "and the centre has it in its queue");
      await room.context().close();
      await page.context().close();
    }
  },
  async "an auditor finds who did what, and verifies the chain"({ base, open, people, check }) {
    const page = await open(people.revisore, ["en", "day", "desk"]);
    await page.goto(`${base}/audit`);
    await page.fill("#actor", "turno-cnaipic");
    await sent(page, ".filters .btn-primary");
    assert.ok(await page.locator("tbody tr").count() > 0);
    await sent(page, "tbody th a");
    await check(page, "an entry of the ledger");
    await page.goto(`${base}/audit`);
    await sent(page, "form[action='/audit/verification'] button");
    assert.ok(await page.locator(".notice.done").isVisible(), "the chain holds");
    await page.goto(`${base}/incidents?text=riscatto`);
    await sent(page, ".line-link");
    assert.equal(await page.locator("main form[method=post]").count(), 0, "an auditor changes nothing");
    await page.context().close();
  },
  async "a finding is judged, a town says what its people received, a recommendation is given"({ base, open, people, check }) {
    const officer = await open(people["turno-cnaipic"], DESK);
    await officer.goto(`${base}/findings`);
    const finding = officer.locator("main section", { has: officer.locator("form[action^='/findings/']") }).first();
    await finding.locator("summary").click();
    await finding.locator("input[name=reason]").fill("visto con il CED");
    await check(officer, "a finding being judged");
    await Promise.all([officer.waitForNavigation(), finding.locator(".btn-primary").click()]);
    assert.ok(await officer.locator(".notice.done").isVisible());
    const town = await open(people["referente-comune-054039"], ["it", "day", "phone"], { javaScriptEnabled: false });
    await town.goto(`${base}/mail/questions`);
    await town.fill("input[name=mailboxes]", "12");
    await sent(town, "button[name=received][value=yes]");
    assert.ok(await town.locator(".badge-good").first().isVisible());
    await town.context().close();
    await officer.goto(`${base}/incidents?text=riscatto`);
    await sent(officer, ".line-link");
    await sent(officer, "a[href^='/recommendations?']");
    await sent(officer, "form[action$='/changes'] button");
    assert.match(officer.url(), /\/incidents\//);
    await officer.context().close();
  },
  async "a report after a case is saved as PDF"({ base, open, people, check }) {
    const page = await open(people["turno-cnaipic"], DESK);
    await page.goto(`${base}/incidents?text=riscatto`);
    await sent(page, ".line-link");
    await sent(page, "a[href$='/documents']");
    const [file] = await Promise.all([page.waitForEvent("download"), page.locator("#report ~ .exports a").first().click()]);
    assert.match(file.suggestedFilename(), /\.pdf$/);
    await sent(page, "#report a");
    await check(page, "a report after a case");
    await page.context().close();
  },
};
