// Makes pages live and quick to use. Everything works without it, but for what arrives by itself.
"use strict";
(() => {
  const body = document.body;
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

  // A form that was sent is not sent again by an impatient hand.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.dataset.sent) {
      if (form.dataset.sent) event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000);
  });
  addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));

  // Keys.
  let begun = "";
  const lines = () => Array.from(document.querySelectorAll(".line-link"));
  const step = (by) => {
    const all = lines();
    const at = all.indexOf(document.activeElement);
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
    if (next) next.focus();
  };
  const go = { s: "/", i: "/items", c: "/incidents", q: "/queue", r: "/report", k: "/clocks", l: "/alarms", p: "/playbooks", t: "/duty", h: "/handover", a: "/warnings", m: "/mail" };
  document.addEventListener("keydown", (event) => {
    if (body.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const key = event.key;
    if (begun === "g" && go[key]) location.href = go[key];
    else if (key === "j") step(1);
    else if (key === "k") step(-1);
    else if (key === "o" && lines().includes(document.activeElement)) document.activeElement.click();
    else if (key === "/") { const field = document.getElementById("search"); if (field) { event.preventDefault(); field.focus(); } }
    else if (key === "?") location.href = "/help";
    begun = key === "g" ? "g" : "";
  });

  // Live: lines come by themselves, and parts that changed are asked for again.
  if (!body.dataset.live || !window.EventSource) return;
  const sign = document.querySelector("[data-liveness]");
  const tell = (on) => {
    if (!sign) return;
    sign.classList.toggle("on", on);
    const text = on ? sign.dataset.on : sign.dataset.off;
    if (sign.textContent !== text) sign.textContent = text;
  };
  const parsed = (html) => new DOMParser().parseFromString(html, "text/html");
  const language = document.documentElement.lang;
  const parts = () => Array.from(document.querySelectorAll("[data-part][id]"));
  const busy = (part) => part.contains(document.activeElement) && document.activeElement !== part;

  // On the wall, what is not heard of is greyed out.
  const wall = body.dataset.wall !== undefined;
  let waiting = null;
  let last = 0;
  let heard = Date.now();
  const refresh = async () => {
    waiting = null;
    if (document.hidden || parts().length === 0) return;
    last = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
      if (!answer.ok) return;
      const fresh = parsed(await answer.text());
      for (const part of parts()) {
        const other = fresh.getElementById(part.id);
        if (other && !busy(part) && other.innerHTML !== part.innerHTML) part.replaceWith(document.adoptNode(other));
      }
      heard = Date.now();
      body.classList.remove("stale");
    } catch { /* It is asked for again at the next change. */ }
  };
  const soon = () => {
    if (waiting !== null || parts().length === 0) return;
    const every = Number(body.dataset.every || 3000);
    waiting = setTimeout(refresh, Math.max(200 + Math.random() * 300, every - (Date.now() - last)));
  };
  const show = (text) => {
    const list = document.querySelector("[data-lines]");
    if (!list) return;
    const html = JSON.parse(text)[language];
    const line = html && parsed(html).querySelector("li");
    if (!line) return;
    const before = list.querySelector(`[data-place="${CSS.escape(line.dataset.place)}"]`);
    if (before) before.remove();
    line.classList.add("fresh");
    list.prepend(document.adoptNode(line));
    const empty = list.parentElement.querySelector(".empty");
    if (empty) empty.remove();
    while (list.children.length > Number(list.dataset.lines)) list.lastElementChild.remove();
  };

  let source = null;
  const follow = () => {
    source = new EventSource(body.dataset.live);
    source.onopen = () => tell(true);
    source.onerror = () => {
      tell(false);
      if (source.readyState === EventSource.CLOSED) setTimeout(follow, 15000);
    };
    source.addEventListener("item", (event) => show(event.data));
    source.addEventListener("changed", soon);
  };
  if (wall) setInterval(() => {
    if (Date.now() - last > 10000) refresh();
    if (Date.now() - heard > 30000) { body.classList.add("stale"); tell(false); }
  }, 5000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  follow();
})();
