// Keeps what is shown up to date, and adds buttons that copy. Every page works
// without it.
(() => {
  "use strict";

  // The parts of the page that depend on something say so in data-live. When it
  // changes, the page is fetched again and those parts take on what is different:
  // what has the focus keeps it, and what was unfolded stays so.
  const keep = {
    morphStyle: "outerHTML",
    ignoreActiveValue: true,
    callbacks: {
      beforeAttributeUpdated: (name, node) => !(node.tagName === "DETAILS" && name === "open"),
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
        addCopyButtons();
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

  function addCopyButtons() {
    for (const box of document.querySelectorAll(".copy")) {
      if (box.querySelector("button")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.setAttribute("data-added", "");
      button.setAttribute("aria-live", "polite");
      box.append(button);
    }
  }
  addCopyButtons();
  document.addEventListener("click", async (e) => {
    const button = e.target.closest(".copy > button");
    if (!button) return;
    const text = button.parentElement.querySelector("pre, code");
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch {
      getSelection().selectAllChildren(text);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
})();
