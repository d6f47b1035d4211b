// Better with a script, never needed: pages that say so are fetched again, and a replay is shown without leaving the page.
"use strict";
(() => {
  const PAUSE_MS = 15000;

  const fetched = async (url, options) => {
    const response = await fetch(url, { credentials: "same-origin", cache: "no-store", ...options });
    const kind = response.headers.get("content-type") || "";
    if (!kind.startsWith("text/html")) return null;
    return new DOMParser().parseFromString(await response.text(), "text/html");
  };

  const exchange = (from, selector) => {
    const [fresh, old] = [from.querySelector(selector), document.querySelector(selector)];
    if (fresh && old) old.replaceWith(document.importNode(fresh, true));
    return Boolean(fresh && old);
  };

  const live = document.querySelector("[data-live]");
  if (live) {
    const selector = `[data-live="${live.dataset.live}"]`;
    setInterval(async () => {
      if (document.hidden || document.querySelector(`${selector} :focus`)) return;
      try {
        const page = await fetched(location.href);
        if (page) exchange(page, selector);
      } catch { /* The gateway is away: the page stays as it is, and the next turn asks again. */ }
    }, PAUSE_MS);
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const place = form.dataset.replaces;
    if (!place) return;
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    button.dataset.busy = "";
    try {
      const body = new URLSearchParams(new FormData(form));
      const page = await fetched(form.action, { method: "POST", body });
      if (page && exchange(page, place)) return;
      form.submit();
    } catch {
      form.submit();
    }
  });
})();
