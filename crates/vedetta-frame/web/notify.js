// Tells whom an alarm calls, by the page or by a notification of the browser, and tells the node that it was
// shown: only then the call counts. Who wants notifications asks for them on the page of the alarms.
"use strict";
(() => {
  const form = document.getElementById("shown");
  if (!form) return;
  let told = new Set();
  const confirm = async (alarms) => {
    const body = new URLSearchParams(new FormData(form));
    for (const alarm of alarms) body.append("alarm", alarm);
    try {
      await fetch(form.action, { method: "POST", body, redirect: "error" });
    } catch { /* The next rung is called. */ }
  };
  const may = () => "Notification" in window && Notification.permission === "granted";
  const called = () => [...document.querySelectorAll("#called .called, [data-calls-you]")]
    .flatMap((it) => it.dataset.alarms.split(" ")).filter(Boolean);

  // What stands on a page that is looked at is shown.
  let last = "";
  let at = 0;
  const look = () => {
    const alarms = document.visibilityState === "visible" ? called() : [];
    if (alarms.length === 0 || (alarms.join(" ") === last && Date.now() - at < 30000)) return;
    [last, at] = [alarms.join(" "), Date.now()];
    confirm(alarms);
  };
  // In the background the node is asked, and the browser says it.
  let asked = 0;
  const ask = async () => {
    if (!may() || Date.now() - asked < 5000) return;
    asked = Date.now();
    try {
      const answer = await fetch("/called", { headers: { accept: "application/json" }, redirect: "error" });
      if (!answer.ok) return;
      const { alarms, said } = await answer.json();
      if (alarms.some((it) => !told.has(it))) {
        // One that is still open is shown anew, or nobody would hear of a further alarm.
        const how = { tag: "vedetta-alarm", renotify: true, requireInteraction: true };
        const shown = new Notification(said, how);
        shown.onshow = () => confirm(alarms);
        shown.onclick = () => { window.focus(); location.href = "/alarms"; };
      }
      told = new Set(alarms);
    } catch { /* It is asked again at the next change. */ }
  };
  const changed = () => { if (document.hidden) ask(); };
  document.addEventListener("vedetta-changed", changed);
  document.addEventListener("visibilitychange", look);
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  look();

  const offer = document.getElementById("notify");
  if (!offer || !("Notification" in window) || Notification.permission !== "default") return;
  offer.hidden = false;
  offer.querySelector("button").addEventListener("click", async () => {
    if (await Notification.requestPermission() !== "default") offer.hidden = true;
  });
})();
