// What the pages can do besides with JavaScript: nothing on them needs it.
"use strict";

const clocks = document.querySelector("form.clocks[data-stops]");

// The slider: its steps are the dates at which something changed.
async function slide() {
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
  if (!areChanges) slider.setAttribute("aria-label", "Dates of reports");
  slider.addEventListener("input", tell);
  slider.addEventListener("change", () => go(stops[slider.value]));
  tell();
  if (at < 0) output.textContent = `${stops.length} ${what}`;
  box.hidden = false;
}

function go(day) {
  clocks.querySelector("#as_of").value = day;
  clocks.requestSubmit();
}

if (clocks) {
  slide();
  clocks.addEventListener("submit", () => { // no empty parameters in the address
    for (const field of clocks.querySelectorAll("input, select")) if (!field.value) field.disabled = true;
  });
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest("input, select, textarea, .scroll, .vis")) return;
    const step = { ArrowLeft: "step-back", ArrowRight: "step-on" }[event.key];
    const link = step && document.getElementById(step);
    if (link) { event.preventDefault(); link.click(); }
  });
}

for (const button of document.querySelectorAll(".copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  });
}

// A page that stays open shows what is recorded meanwhile: it asks whether it still reads the
// same, which the server tells from the log position alone.
const EVERY = 5000;
const isPinned = /[?&](seq|known_at)=/.test(location.search);
let tag = null;

async function look() {
  if (document.visibilityState !== "visible") return;
  const answer = await fetch(location.href, { cache: "no-cache", headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const now = answer.headers.get("ETag");
  if (tag === null || now === tag) { tag = now; return; }
  tag = now;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  const main = document.querySelector("main");
  if (!fresh || main.contains(document.activeElement) || main.innerHTML === fresh.innerHTML) return;
  const opened = [...main.querySelectorAll("details")].map((one) => one.open);
  main.replaceChildren(...fresh.childNodes);
  [...main.querySelectorAll("details")].forEach((one, i) => { one.open = opened[i] || false; });
  if (typeof timelines === "function") timelines();
  announce("Updated: something new was recorded.");
}

function announce(text) {
  const note = document.createElement("p");
  note.className = "news";
  note.setAttribute("role", "status");
  document.body.append(note);
  note.textContent = text;
  setTimeout(() => note.remove(), 6000);
}

const isForm = document.querySelector("form.record") !== null; // what is typed stays
if (!isPinned && !isForm) setInterval(() => look().catch(() => {}), EVERY);

// A frame tells the page around it how high it is.
if (window.parent !== window) {
  const tell = () => parent.postMessage({ stancelog: document.documentElement.offsetHeight }, "*");
  new ResizeObserver(tell).observe(document.documentElement);
}
