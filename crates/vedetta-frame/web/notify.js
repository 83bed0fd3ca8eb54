// Tells whom an alarm calls, by the page or by a notification of the browser, and tells the node that it was
// shown: only then the call counts. Who wants notifications asks for them on the page of the alarms.
"use strict";
(() => {
  const form = document.getElementById("shown");
  if (!form) return;
  let told = 0;
  const confirm = async () => {
    try {
      await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "error" });
    } catch { /* The next rung is called. */ }
  };
  const may = () => "Notification" in window && Notification.permission === "granted";
  const band = () => document.querySelector("#called .called, [data-calls-you]");

  // What stands on a page that is looked at is shown.
  let last = "";
  let at = 0;
  const look = () => {
    const calls = document.visibilityState === "visible" && band();
    if (!calls || (calls.textContent === last && Date.now() - at < 30000)) return;
    [last, at] = [calls.textContent, Date.now()];
    confirm();
  };
  // In the background the node is asked, and the browser says it.
  let asked = 0;
  const ask = async () => {
    if (!may() || Date.now() - asked < 5000) return;
    asked = Date.now();
    try {
      const answer = await fetch("/called", { headers: { accept: "application/json" }, redirect: "error" });
      if (!answer.ok) return;
      const { count, said } = await answer.json();
      if (count > told) {
        const shown = new Notification(said, { tag: "vedetta-alarm", requireInteraction: true });
        shown.onshow = confirm;
        shown.onclick = () => { window.focus(); location.href = "/alarms"; };
      }
      told = count;
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
