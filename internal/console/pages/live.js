(() => {
  "use strict";
  const root = document.querySelector("[data-seq]");
  const said = document.querySelector("[data-said]");
  const state = document.querySelector("[data-live-state]");
  if (!root) return;

  document.querySelectorAll("[data-copy]").forEach((b) => { b.hidden = !navigator.clipboard; });
  document.addEventListener("click", async (e) => {
    const b = e.target.closest("[data-copy]");
    if (!b) return;
    await navigator.clipboard.writeText(b.dataset.copy);
    const before = b.firstChild.data;
    b.firstChild.data = "Copied";
    if (said) said.textContent = "Copied";
    setTimeout(() => { b.firstChild.data = before; }, 1500);
  });

  const openTarget = () => {
    const d = location.hash && document.getElementById(location.hash.slice(1));
    if (d && d.tagName === "DETAILS") d.open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  let timer = 0, busy = false, again = false;
  const refresh = async () => {
    timer = 0;
    if (busy) { again = true; return; }
    busy = true;
    try {
      const resp = await fetch(location.pathname, { cache: "no-store" });
      if (!resp.ok) return;
      const fresh = new DOMParser().parseFromString(await resp.text(), "text/html");
      document.querySelectorAll("[data-live]").forEach((old) => {
        const now = fresh.getElementById(old.id);
        if (!now || now.innerHTML === old.dataset.was) return;
        const open = [...old.querySelectorAll("details[open][id]")].map((d) => d.id);
        const figure = old.querySelector("figure"), left = figure ? figure.scrollLeft : 0;
        const html = now.innerHTML;
        old.replaceWith(now);
        now.dataset.was = html;
        open.forEach((id) => { const d = document.getElementById(id); if (d) d.open = true; });
        const f = now.querySelector("figure");
        if (f) f.scrollLeft = left;
      });
    } finally {
      busy = false;
      if (again) { again = false; soon(); }
    }
  };
  const soon = () => { if (!timer) timer = setTimeout(refresh, 120); };

  const events = new EventSource("/api/v1/events/stream?after=" + root.dataset.seq);
  events.onopen = () => { state.textContent = "live"; };
  events.onerror = () => { state.textContent = "the lab does not answer; what stands here may be old"; };
  events.onmessage = (e) => {
    const event = JSON.parse(e.data);
    if (!root.dataset.signin || event.sign_in === root.dataset.signin) soon();
  };
})();
