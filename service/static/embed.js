// Turns <div data-stancelog="position" data-party="..." data-issue="..."> into a frame.
"use strict";
(() => {
  const origin = new URL(document.currentScript.src).origin;
  const kinds = { timeline: 420, matrix: 480, position: 300 };
  const names = { party: "party", issue: "issue", asOf: "as_of", knownAt: "known_at", seq: "seq", floor: "floor", theme: "theme" };
  const frames = new Map();
  const show = () => {
    for (const box of document.querySelectorAll("div[data-stancelog]:not([data-stancelog-shown])")) {
      const kind = box.dataset.stancelog;
      if (!Object.hasOwn(kinds, kind)) continue;
      box.dataset.stancelogShown = "";
      const address = new URL(`/embed/${kind}`, origin);
      for (const [key, name] of Object.entries(names)) if (box.dataset[key]) address.searchParams.set(name, box.dataset[key]);
      const frame = document.createElement("iframe");
      Object.assign(frame, { src: address, title: box.dataset.title || `Stancelog: ${kind}`, loading: "lazy" });
      Object.assign(frame.style, { border: "0", width: "100%", height: `${box.dataset.height || kinds[kind]}px` });
      if (!box.dataset.height) frames.set(frame, box);
      box.replaceChildren(frame);
    }
  };
  addEventListener("message", (event) => {
    if (event.origin !== origin) return;
    for (const frame of frames.keys()) {
      const height = event.data && event.data.stancelog;
      if (frame.contentWindow === event.source && height > 0 && height < 4000) frame.style.height = `${Math.ceil(height)}px`;
    }
  });
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", show);
  else show();
})();
