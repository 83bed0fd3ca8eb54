// Pages that stay open: what comes to them by itself, what they hold, and what becomes of them without a connection.

import assert from "node:assert/strict";
import { DESK, publish, report, sent, title } from "./hands.mjs";

export const staying = {
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
    const shown = page.waitForSelector(`.line-title:text-is("${name}")`, { timeout: 60000 });
    await publish(officer, base, name);
    await shown;
    const after = await page.evaluate(() => document.querySelector("[data-lines]").children.length);
    assert.ok(after <= Math.min(5, lines + 1), `${after} lines`);
    await page.context().close();
    await officer.context().close();
  },
  async "a page open for a week holds no more than in its first hour"({ base, open, people }) {
    const page = await open(people["turno-cnaipic"], DESK);
    // The page's own stream, by which the events of a week are told in a minute.
    await page.addInitScript(() => {
      const Own = window.EventSource;
      window.EventSource = class extends Own {
        constructor(...of) { super(...of); window.told = this; }
      };
    });
    await page.goto(`${base}/items`);
    await page.waitForSelector(".liveness.on");
    const tools = await page.context().newCDPSession(page);
    const after = async (from, many) => {
      await page.evaluate(async ([from, many]) => {
        const line = document.querySelector("[data-lines] > li");
        for (let at = from; at < from + many; at += 1) {
          const copy = line.cloneNode(true);
          copy.dataset.place = String(1e9 + at);
          const data = JSON.stringify({ it: copy.outerHTML, en: copy.outerHTML });
          window.told.dispatchEvent(new MessageEvent("item", { data }));
          window.told.dispatchEvent(new MessageEvent("changed", { data: `${1e9 + at} 0` }));
          if (at % 100 === 0) await new Promise((later) => setTimeout(later, 20));
        }
      }, [from, many]);
      await tools.send("HeapProfiler.collectGarbage");
      const { nodes, jsEventListeners } = await tools.send("Memory.getDOMCounters");
      const { usedSize } = await tools.send("Runtime.getHeapUsage");
      const lines = await page.locator("[data-lines] > li").count();
      return { nodes, jsEventListeners, usedSize, lines };
    };
    const [hour, week] = [await after(0, 300), await after(300, 5000)];
    assert.equal(week.lines, hour.lines, "as many lines");
    assert.ok(week.nodes <= hour.nodes * 1.2 + 500, `${hour.nodes} nodes, then ${week.nodes}`);
    assert.ok(week.jsEventListeners <= hour.jsEventListeners + 2, `${hour.jsEventListeners} listeners, then ${week.jsEventListeners}`);
    assert.ok(week.usedSize <= hour.usedSize * 1.5 + 1e6, `${hour.usedSize} octets, then ${week.usedSize}`);
    // Away for long, as a laptop is that slept: its list is asked for anew, without reloading.
    await page.evaluate(() => {
      const line = document.querySelector("[data-lines] > li").cloneNode(true);
      document.querySelectorAll("[data-lines] > li").forEach((line) => line.remove());
      window.told.dispatchEvent(new MessageEvent("behind", { data: "1 0" }));
      // A line that comes while the list is on its way.
      const fetched = window.fetch;
      window.fetch = async (...of) => {
        const answer = await fetched(...of);
        line.dataset.place = "meanwhile";
        const data = JSON.stringify({ it: line.outerHTML, en: line.outerHTML });
        window.told.dispatchEvent(new MessageEvent("item", { data }));
        return answer;
      };
    });
    await page.waitForSelector("[data-lines] > li + li");
    const first = await page.locator("[data-lines] > li").first().getAttribute("data-place");
    assert.equal(first, "meanwhile", "what came meanwhile is not lost");
    await page.context().close();
  },
  async "incidents come to an open page by themselves, and it holds no more after many"({ base, open, people }) {
    const page = await open(people["turno-cnaipic"], DESK);
    await page.goto(`${base}/incidents`);
    await page.waitForSelector(".liveness.on");
    const town = await open(people["referente-comune-054039"], DESK);
    const name = title();
    const shown = page.waitForSelector(`#cases :text("${name}")`, { timeout: 15000 });
    await report(town, base, name);
    await shown;
    await town.context().close();
    const tools = await page.context().newCDPSession(page);
    const held = async (rounds) => {
      for (let round = 0; round < rounds; round += 1) {
        await Promise.all([
          page.waitForResponse((answer) => new URL(answer.url()).pathname === "/incidents"),
          page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))),
        ]);
      }
      await tools.send("HeapProfiler.collectGarbage");
      return tools.send("Memory.getDOMCounters");
    };
    const [few, many] = [await held(3), await held(25)];
    assert.ok(many.nodes <= few.nodes * 1.5, `${few.nodes} nodes, then ${many.nodes}`);
    assert.ok(many.jsEventListeners <= few.jsEventListeners + 2, `${few.jsEventListeners} listeners, then ${many.jsEventListeners}`);
    await page.context().close();
  },
  async "a form that finds no connection keeps what was typed, and is sent once when it is back"({ base, open, people, check }) {
    const page = await open(people["referente-comune-054039"], ["it", "day", "phone"]);
    const name = title();
    await page.goto(`${base}/report`);
    await page.fill("#title", name);
    await page.fill("#words", "La rete cade mentre scrivo.");
    await page.context().setOffline(true);
    await page.click(".form .btn-wide");
    assert.match(await page.textContent(".form .notice.fault"), /Non c'è connessione/);
    assert.equal(await page.inputValue("#title"), name);
    await check(page, "a form without a connection");
    await page.context().setOffline(false);
    await sent(page, ".form .btn-wide");
    assert.match(page.url(), /\/report\/\d{4}-/);
    await page.goto(`${base}/incidents?text=${encodeURIComponent(name)}`);
    assert.equal(await page.locator(".line-link").count(), 1, "once");
    await page.context().close();
  },
  async "a form goes to a node that answers, though the browser has no network"({ base, open, people }) {
    const page = await open(people["referente-comune-054039"], DESK);
    await page.goto(`${base}/report`);
    await page.evaluate(() => Object.defineProperty(navigator, "onLine", { get: () => false }));
    await page.fill("#title", title());
    await page.fill("#words", "Il cavo è staccato, il nodo è qui.");
    await sent(page, ".form .btn-wide");
    assert.match(page.url(), /\/report\/\d{4}-/);
    await page.context().close();
  },
};
