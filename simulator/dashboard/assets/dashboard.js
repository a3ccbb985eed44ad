// Keeps what is shown up to date, adds buttons that copy, and lets the keyboard
// move through rows. Every page works without it.
(() => {
  "use strict";

  // The parts of the page that depend on something say so in data-live. When it
  // changes, the page is fetched again and those parts take on what is different:
  // what has the focus keeps it, and what was unfolded or ticked stays so.
  const mine = (name, node) =>
    (node.tagName === "DETAILS" && name === "open") || (node.type === "checkbox" && name === "checked") ||
    (node.hasAttribute("data-copy") && (name === "tabindex" || name === "role" || name === "class")) || (node.id === "resend-selected" && name === "disabled");
  const keep = {
    morphStyle: "outerHTML",
    ignoreActiveValue: true,
    callbacks: {
      beforeAttributeUpdated: (name, node) => !mine(name, node),
      beforeNodeRemoved: (node) => !(node.nodeType === 1 && node.hasAttribute("data-added")),
    },
  };
  let stale = new Set();
  let busy = false;

  const refresh = async () => {
    if (busy || stale.size === 0 || document.hidden) return;
    busy = true;
    const what = stale;
    stale = new Set();
    try {
      const url = new URL(location.href);
      url.searchParams.delete("flash");
      const response = await fetch(url, { headers: { Accept: "text/html" } });
      if (response.ok) {
        const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
        for (const part of document.querySelectorAll("[data-live]")) {
          const next = fresh.getElementById(part.id);
          if (next && part.dataset.live.split(" ").some((t) => what.has(t))) Idiomorph.morph(part, next, keep);
        }
        decorate();
      }
    } catch {
      // The server is away: the stream says so, and asks again.
    }
    busy = false;
    if (stale.size > 0) setTimeout(refresh, 200);
  };

  const sign = document.getElementById("live");
  const say = (text, on) => {
    if (sign.textContent !== text) sign.textContent = text;
    sign.classList.toggle("on", on);
  };
  if (document.querySelector("[data-live]")) {
    const stream = new EventSource("/live");
    stream.onopen = () => say("Live", true);
    stream.onerror = () => say(stream.readyState === EventSource.CLOSED ? "Not live" : "Reconnecting", false);
    stream.onmessage = (e) => {
      for (const t of e.data.split(" ")) stale.add(t);
      refresh();
    };
    addEventListener("pagehide", () => stream.close());
    document.addEventListener("visibilitychange", refresh);
  }

  // A message that is shown once must not come again with a reload.
  const here = new URL(location.href);
  if (here.searchParams.has("flash")) {
    here.searchParams.delete("flash");
    history.replaceState(null, "", here);
  }

  // Copying: a block in .copy, an id in data-copy, a secret in data-copy-post.
  const button = (text) => {
    const b = document.createElement("button");
    b.type = "button";
    b.textContent = text;
    b.setAttribute("data-added", "");
    b.setAttribute("aria-live", "polite");
    return b;
  };
  function decorate() {
    for (const box of document.querySelectorAll(".copy")) {
      if (!box.querySelector(":scope > button")) box.append(button("Copy"));
    }
    for (const form of document.querySelectorAll("[data-copy-post]")) {
      if (!form.querySelector("[data-added]")) form.append(button("Copy"));
    }
    for (const id of document.querySelectorAll("[data-copy]")) {
      id.tabIndex = 0;
      id.setAttribute("role", "button");
    }
    const head = document.querySelector("th.tick");
    if (head && !head.querySelector("input")) {
      const all = document.createElement("input");
      all.type = "checkbox";
      all.setAttribute("aria-label", "Select all");
      all.setAttribute("data-added", "");
      head.append(all);
    }
    ticked();
  }
  const put = async (text, fallback) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(fallback);
      document.execCommand("copy");
    }
  };
  const fetched = async (url, method) => {
    const response = await fetch(url, { method, headers: { Accept: "text/plain" } });
    if (!response.ok) throw new Error(response.statusText);
    return response.text();
  };
  const copy = async (b) => {
    const box = b.parentElement;
    const shown = box.querySelector("pre, code") || box;
    try {
      let text = shown.textContent;
      if (box.dataset.copyFrom) text = await fetched(box.dataset.copyFrom, "GET");
      else if (box.hasAttribute("data-copy-post")) text = await fetched(box.action, "POST");
      await put(text, shown);
      b.textContent = "Copied";
    } catch {
      b.textContent = "Not copied";
    }
    setTimeout(() => { b.textContent = "Copy"; }, 2000);
  };
  const copyID = async (id) => {
    await put(id.dataset.copy, id);
    id.classList.add("copied");
    id.title = "Copied";
    setTimeout(() => { id.classList.remove("copied"); id.title = id.dataset.copy; }, 2000);
  };
  document.addEventListener("click", (e) => {
    const b = e.target.closest(".copy > button, [data-copy-post] > [data-added]");
    if (b) copy(b);
    const id = e.target.closest("[data-copy]");
    if (id) copyID(id);
  });

  // Ticking: the button says how many, the box at the top ticks all.
  const boxes = () => [...document.querySelectorAll("tbody .tick input")];
  function ticked() {
    const resend = document.getElementById("resend-selected");
    if (!resend) return;
    const n = boxes().filter((b) => b.checked).length;
    resend.disabled = n === 0;
    resend.textContent = n === 0 ? "Resend selected" : `Resend ${n} selected`;
    const all = document.querySelector("th.tick input");
    if (all) all.checked = n > 0 && n === boxes().length;
  }
  document.addEventListener("change", (e) => {
    if (e.target.matches("th.tick input")) for (const b of boxes()) b.checked = e.target.checked;
    if (e.target.matches(".tick input")) ticked();
  });

  // The keyboard: / searches, j and k move through the rows (arrows too, once one
  // has the focus), x ticks, Enter opens, because the row's link has the focus.
  const rows = () => [...document.querySelectorAll("tbody tr")].filter((r) => r.checkVisibility());
  const move = (by) => {
    const all = rows();
    if (all.length === 0) return;
    const at = all.indexOf(document.activeElement.closest("tr"));
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
    const link = next.querySelector(".main a");
    if (link) {
      link.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
    }
  };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const on = e.target;
    if (on.matches("input:not([type=checkbox]), select, textarea")) {
      if (e.key === "Escape") on.blur();
      return;
    }
    const row = on.closest("tbody tr");
    let used = true;
    if (e.key === "/") {
      const field = document.querySelector("main input[type=search]") || document.querySelector("input[type=search]");
      if (field && field.checkVisibility()) field.select();
      else used = false;
    } else if (e.key === "j" || (e.key === "ArrowDown" && row)) move(1);
    else if (e.key === "k" || (e.key === "ArrowUp" && row)) move(-1);
    else if (e.key === "x" && row) row.querySelector(".tick input")?.click();
    else if ((e.key === "Enter" || e.key === " ") && on.hasAttribute("data-copy")) copyID(on);
    else used = false;
    if (used) e.preventDefault();
  });
  for (const keys of document.querySelectorAll(".keys")) keys.hidden = false;
  decorate();
})();
