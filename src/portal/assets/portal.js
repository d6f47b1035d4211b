// Better with a script, never needed: a form that was sent is not sent twice by a second press.
"use strict";
(() => {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    // A form with data-again answers with a file: its page stays, and may ask for another.
    if (form.method !== "post" || "again" in form.dataset) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
  });
  // Whoever comes back by the browser's button may send it again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();
