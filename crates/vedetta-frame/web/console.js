// Makes pages live and quick to use. Everything works without it, but for what arrives by itself.
"use strict";
(() => {
  const body = document.body;
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

  // What was typed stays on the page while there is no connection.
  const told = document.createElement("p");
  told.className = "notice fault";
  told.setAttribute("role", "alert");

  // Browsers say that they are offline without a network, though a node on the same machine answers: it is asked.
  const asked = document.currentScript.src;
  const reached = new WeakSet();

  // A form that was sent is not sent again by an impatient hand.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!navigator.onLine && body.dataset.offline && !reached.delete(form)) {
      event.preventDefault();
      const { submitter } = event;
      fetch(asked, { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(3000) }).then(() => {
        reached.add(form);
        form.requestSubmit(submitter);
      }, () => {
        form.append(told);
        told.textContent = body.dataset.offline;
      });
      return;
    }
    told.remove();
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

  // One asking at a time, and no more often than this; what changed meanwhile is asked for after it.
  const APART = 200;
  const wall = body.dataset.wall !== undefined;
  const every = 1000 * Number(body.dataset.every || 60);
  let place = 0;
  let last = Date.now();
  let due = Infinity;
  let timer = 0;
  let asking = false;
  let heard = Date.now();
  // Whoever is no longer signed in is led elsewhere: nothing is asked for any more until they look again.
  let over = false;
  const ask = async (headers) => {
    const answer = await fetch(location.href, { headers: { accept: "text/html", ...headers }, redirect: "manual" });
    over = answer.type === "opaqueredirect";
    return answer;
  };
  const refresh = async () => {
    due = Infinity;
    if (document.hidden || over || parts().length === 0) return;
    asking = true;
    last = Date.now();
    try {
      const answer = await ask({ "parts-since": String(place) });
      if (answer.ok) {
        const fresh = parsed(await answer.text());
        for (const part of parts()) {
          const other = fresh.getElementById(part.id);
          if (other && !busy(part) && other.innerHTML !== part.innerHTML) part.replaceWith(document.adoptNode(other));
        }
        heard = Date.now();
        body.classList.remove("stale");
      }
    } catch { /* It is asked for again at the next change. */ }
    asking = false;
    if (due !== Infinity) plan();
  };
  const plan = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, Math.max(0, due - Date.now(), last + APART - Date.now()));
  };
  // Within so many milliseconds: not all who hear of the same ask at once.
  const soon = (within) => {
    const at = Date.now() + within * Math.random();
    if (at >= due) return;
    due = at;
    if (!asking) plan();
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

  // Away for longer than is told line by line: the list is asked for anew, in its turn, by one asking at a
  // time. Lines that come meanwhile are put upon it.
  let came = null;
  let again = false;
  const later = (within) => {
    again = again || came !== null;
    if (came) return;
    came = [];
    setTimeout(renew, within * Math.random());
  };
  const renew = async () => {
    again = false;
    came = [];
    try {
      const answer = await ask({});
      if (over || [401, 403, 404].includes(answer.status)) { came = null; return; }
      if (!answer.ok) throw answer;
      const [list, fresh] = [document, parsed(await answer.text())].map((it) => it.querySelector("[data-lines]"));
      if (list && fresh) list.replaceWith(document.adoptNode(fresh));
      const missing = came;
      came = null;
      missing.forEach(show);
      if (again) later(5000);
    } catch { setTimeout(renew, 15000); }
  };

  const follow = () => {
    if (over) { setTimeout(follow, 15000); return; }
    // It begins with whether something happened since the page was written.
    const lines = document.querySelector("[data-lines]") ? "&lines=yes" : "";
    const source = new EventSource(body.dataset.live + lines);
    source.onopen = () => tell(true);
    source.onerror = () => {
      tell(false);
      if (source.readyState === EventSource.CLOSED) setTimeout(follow, 15000);
    };
    source.addEventListener("item", (event) => {
      if (came) came.push(event.data);
      show(event.data);
    });
    source.addEventListener("behind", (event) => later(Number(event.data.split(" ")[1] || 0)));
    source.addEventListener("changed", (event) => {
      const [to, within] = event.data.split(" ").map(Number);
      place = Math.max(place, to);
      soon(within);
      document.dispatchEvent(new Event("vedetta-changed"));
    });
  };
  setInterval(() => {
    if (Date.now() - last > every) soon(wall ? 0 : 5000);
    // On the wall, what is not heard of is greyed out.
    if (wall && Date.now() - heard > 30000) { body.classList.add("stale"); tell(false); }
  }, 5000);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    over = false;
    soon(0);
  });
  follow();
})();
