// What the pages can do besides with JavaScript: nothing on them needs it.
"use strict";

const PARTS = ["form.clocks", "main", "footer"];
const served = new Map(PARTS.map((part) => [part, textOf(document, part)])); // as it came

function textOf(of, part) {
  const found = of.querySelector(part);
  return found ? found.innerHTML : "";
}

// What is kept from one view of a page to the next: where it was scrolled to, and the slider.
const kept = {
  take(name) {
    try {
      const value = sessionStorage.getItem(name);
      sessionStorage.removeItem(name);
      return value;
    } catch { return null; }
  },
  leave(name, value) {
    try { sessionStorage.setItem(name, value); } catch { /* then it is not kept */ }
  },
};

function moveTo(address, focus = "") {
  kept.leave("stancelog", JSON.stringify({ path: location.pathname, top: scrollY, focus }));
  location.assign(address);
}

const before = JSON.parse(kept.take("stancelog") || "{}");
if (before.path === location.pathname) scrollTo(0, before.top);

// The slider: its steps are the dates at which something changed.
async function slide(clocks, focus) {
  const answer = await fetch(clocks.dataset.stops);
  if (!answer.ok) return;
  const { stops, are_changes: areChanges } = await answer.json();
  if (stops.length < 2) return;
  const box = clocks.querySelector(".slider"), slider = box.querySelector("input");
  const output = box.querySelector("output");
  const at = stops.findLastIndex((day) => day <= clocks.dataset.day);
  slider.max = stops.length - 1;
  slider.value = Math.max(at, 0);
  const what = areChanges ? "dates" : "dates of reports";
  const tell = () => {
    slider.setAttribute("aria-valuetext", stops[slider.value]);
    output.textContent = `${stops[slider.value]} · ${+slider.value + 1} of ${stops.length} ${what}`;
  };
  let soon = 0, byKey = false;
  if (!areChanges) slider.setAttribute("aria-label", "Dates of reports");
  slider.addEventListener("keydown", () => { byKey = true; });
  slider.addEventListener("pointerdown", () => { byKey = false; });
  slider.addEventListener("input", tell);
  slider.addEventListener("change", () => { // each key press is a change: wait for the last
    clearTimeout(soon);
    soon = setTimeout(() => go(clocks, stops[slider.value], "slider"), byKey ? 500 : 0);
  });
  tell();
  if (at < 0) output.textContent = `${stops.length} ${what}`;
  box.hidden = false;
  if (focus) slider.focus({ preventScroll: true });
}

function go(clocks, day, focus) {
  const asked = new URLSearchParams(new FormData(clocks));
  asked.set("as_of", day);
  for (const [name, value] of [...asked]) if (!value) asked.delete(name);
  moveTo(`${clocks.getAttribute("action")}?${asked}`, focus);
}

function ready() {
  const clocks = document.querySelector("form.clocks");
  if (!clocks) return;
  if (clocks.dataset.stops) slide(clocks, before.focus === "slider").catch(() => {});
  clocks.addEventListener("submit", () => { // no empty parameters in the address
    const empty = [...clocks.querySelectorAll("input, select")].filter((field) => !field.value);
    for (const field of empty) field.disabled = true;
    setTimeout(() => { for (const field of empty) field.disabled = false; });
  });
}
ready();

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("input, select, textarea, .scroll, .vis")) return;
  const step = { ArrowLeft: "step-back", ArrowRight: "step-on" }[event.key];
  const link = step && document.getElementById(step);
  if (link) { event.preventDefault(); moveTo(link.href); }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  if (navigator.clipboard) await navigator.clipboard.writeText(field.value).catch(() => {});
  else document.execCommand("copy"); // without https there is no other way
  button.textContent = "Copied";
});
const showCopy = () => { for (const button of document.querySelectorAll(".copy")) button.hidden = false; };
showCopy();

// On paper there is nothing to open.
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("main details:not([open])")) { one.open = true; one.dataset.closed = ""; }
});
addEventListener("afterprint", () => {
  for (const one of document.querySelectorAll("details[data-closed]")) { one.open = false; delete one.dataset.closed; }
});

// A page that stays open shows what is recorded meanwhile: it asks whether it still reads the
// same, which the server tells from the log position alone.
const EVERY = 5000;
const isPinned = /[?&](seq|known_at|seq_to|known_to)=/.test(location.search);
let tag = null;

async function look() {
  if (document.visibilityState !== "visible") return;
  const answer = await fetch(location.href, { cache: "no-cache", headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const now = answer.headers.get("ETag");
  if (now === tag) return;
  const text = await answer.text();
  tag = now;
  show(new DOMParser().parseFromString(text, "text/html"));
}

function show(fresh) {
  const changed = PARTS.filter((part) => fresh.querySelector(part) && textOf(fresh, part) !== served.get(part));
  const busy = changed.filter((part) => isBusy(document.querySelector(part)));
  if (changed.includes("main") && (busy.includes("main") || busy.includes("footer"))) {
    announce("Something new was recorded.", true);
    return;
  }
  for (const part of changed) if (!busy.includes(part)) replace(part, fresh.querySelector(part));
  if (changed.includes("main")) announce("Updated: something new was recorded.");
}

// Nothing is taken away from under the hands of who is reading or typing in it.
function isBusy(part) {
  const active = document.activeElement;
  if (active && part !== active && part.contains(active)) return true;
  return [...part.querySelectorAll("input[type=date]")].some((field) => field.value !== field.defaultValue);
}

function replace(part, fresh) {
  const old = document.querySelector(part);
  served.set(part, fresh.innerHTML);
  const opened = [...old.querySelectorAll("details")].map((one) => one.open);
  const drawn = old.querySelector(".vis[data-query]"), blank = fresh.querySelector(".vis[data-query]");
  const stays = drawn && drawn.refresh && blank && drawn.dataset.query === blank.dataset.query;
  if (stays) blank.closest("section").replaceWith(drawn.closest("section"));
  for (const name of old.getAttributeNames()) if (name.startsWith("data-")) old.setAttribute(name, fresh.getAttribute(name) || "");
  old.replaceChildren(...fresh.childNodes);
  [...old.querySelectorAll("details")].forEach((one, i) => { one.open = opened[i] || one.open; });
  if (old.dataset.stops) slide(old, false).catch(() => {});
  if (stays) drawn.refresh();
  else if (part === "main" && typeof timelines === "function") timelines();
  showCopy();
}

function announce(text, isToLoad = false) {
  for (const old of document.querySelectorAll(".news")) old.remove();
  const note = document.createElement("p");
  note.className = "news";
  note.setAttribute("role", "status");
  document.body.append(note);
  note.textContent = text;
  if (isToLoad) {
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = "Show it";
    note.append(" ", link);
    return;
  }
  setTimeout(() => note.remove(), 6000);
}

const isForm = document.querySelector("form.record") !== null; // what is typed stays
if (!isPinned && !isForm) setInterval(() => look().catch(() => {}), EVERY);

// A frame tells the page around it how high it is.
if (window.parent !== window) {
  const tell = () => parent.postMessage({ stancelog: document.documentElement.offsetHeight }, "*");
  new ResizeObserver(tell).observe(document.documentElement);
}
