// The timeline of a page or an embed: what it shows is asked of the server, a window at a time.
"use strict";

const HOUR = 36e5, DAY = 24 * HOUR;
const FIRST = moment("0001-01-01T00:00:00"), LAST = moment("9999-12-31T23:59:59");

// Dates come without a zone: each is shown as that date wherever the reader is.
function moment(text) {
  return new Date(text);
}

// A day as it is called where the reader is, as the feed gives it: without a zone.
function day(at, shift = 0) {
  const then = new Date(Math.min(Math.max(+at, +FIRST), +LAST));
  then.setDate(then.getDate() + shift);
  const year = Math.min(Math.max(then.getFullYear(), 1), 9999);
  return [String(year).padStart(4, "0"), then.getMonth() + 1, then.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

function timelineIn(box) {
  const query = new URLSearchParams(box.dataset.query);
  const words = JSON.parse(box.dataset.words);
  const section = box.closest("section.timeline");
  const items = new vis.DataSet(), groups = new vis.DataSet();
  let timeline, isWhole = false, last = 0;

  // Of a window, or of all dates. Null where the server does not answer, or was asked again.
  const ask = async (from, to) => {
    const asked = new URLSearchParams(query), number = ++last;
    if (from) { asked.set("from", from); asked.set("to", to); }
    const answer = await fetch(`/widgets/vis.json?${asked}`);
    if (!answer.ok) return null;
    const told = await answer.json();
    if (number !== last) return null; // a newer window was asked for meanwhile
    // What is not told one by one is counted, and told as one comes closer.
    if (!from) isWhole = !told.items.some((item) => item.id.startsWith("cluster:"));
    for (const item of told.items) if (item.position) item.content = item.content.replace(new RegExp(`${item.position.replace("_", " ")}(?=( \\(contested\\))?$)`), words[item.position]);
    for (const lane of told.groups) {
      const who = `${lane.content}, `; // is said by the lane
      for (const item of told.items) if (item.report && item.group === lane.id && item.content.startsWith(who)) item.content = item.content.slice(who.length);
    }
    tellLeftOut(told.left_out);
    const ids = new Set(told.items.map((item) => item.id)), lanes = new Set(told.groups.map((lane) => lane.id));
    items.remove(items.getIds().filter((id) => !ids.has(id)));
    groups.update(told.groups);
    items.update(told.items);
    groups.remove(groups.getIds().filter((id) => !lanes.has(id)));
    return told;
  };

  const tellLeftOut = (kinds) => {
    section.querySelector(".left-out")?.remove();
    if (!kinds.length) return;
    const note = document.createElement("p");
    note.className = "note left-out";
    note.textContent = `There are too many ${kinds.join(" and ")} here to draw them: look closer, or choose a party and an issue.`;
    box.after(note);
  };

  box.refresh = async () => {
    if (!timeline) return start();
    const { start: first, end } = timeline.getWindow();
    return isWhole ? ask() : ask(day(first, -1), day(end, 1));
  };

  const start = async () => {
    const told = await ask();
    section.setAttribute("aria-busy", "false");
    if (!told) { say("The timeline could not be loaded."); return; }
    if (!told.items.length) { say("Nothing is on record to draw."); return; }
    section.hidden = false;
    const line = moment(`${box.dataset.day}T23:59:59`);
    const [from, to] = shown(told.items, line);
    timeline = new vis.Timeline(box, items, groups, {
      maxHeight: 560, verticalScroll: true, horizontalScroll: false, zoomKey: "ctrlKey",
      orientation: "top", showCurrentTime: false, selectable: true, multiselect: false,
      groupOrder: "order", order: (one, other) => rank(one) - rank(other) || (one.start < other.start ? -1 : 1),
      margin: { item: { horizontal: 2, vertical: 5 } }, tooltip: { followMouse: true, delay: 200 },
      min: FIRST, max: LAST, zoomMin: 6 * HOUR,
      // With a start and an end of its own it may stay hidden: it waits for its window to change.
      onInitialDrawComplete: () => timeline.setWindow(from, to, { animation: false }),
    });
    for (const side of box.querySelectorAll(".vis-panel.vis-left")) { // it scrolls: by keys as well
      side.tabIndex = 0;
      side.setAttribute("role", "group");
      side.setAttribute("aria-label", "Lanes of the timeline");
    }
    timeline.addCustomTime(line, "line");
    timeline.setCustomTimeTitle(`As of ${box.dataset.day}`, "line");
    box.timeline = timeline;
    timeline.on("rangechanged", ({ start: first, end }) => {
      if (!isWhole) ask(day(first, -1), day(end, 1)).catch(() => {});
    });
    timeline.on("timechanged", ({ time }) => { moveTo(box.dataset.pick.replace("AS_OF", day(time))); });
    timeline.on("timechange", ({ time }) => timeline.setCustomTimeTitle(`As of ${day(time)}`, "line"));
    timeline.on("select", ({ items: [id] }) => {
      const address = id !== undefined && addressOf(items.get(id));
      if (address) open(address, window.top === window ? "_self" : "_blank");
    });
  };

  const say = (text) => {
    if (!section.closest(".embed")) return; // a page has it all in tables
    const said = document.createElement("p");
    said.className = "silence";
    said.textContent = text;
    box.replaceChildren(said);
    section.hidden = false;
  };

  // By the same clocks as this view, but for the date.
  const addressOf = (item) => {
    const asked = new URLSearchParams(query);
    asked.delete("party");
    asked.delete("issue");
    if (item.report) return `/reports/${item.report}${asked.size ? `?${asked}` : ""}`;
    if (!item.party) return null;
    asked.set("as_of", item.start.slice(0, 10));
    return `/parties/${item.party}/positions/${item.issue}?${asked}`;
  };

  // Begin where most of it is, with the line in sight.
  const shown = (told, line) => {
    const starts = told.map((item) => +moment(item.start)).sort((a, b) => a - b);
    const middle = starts[Math.floor(starts.length / 3)];
    const first = Math.min(middle, +line), end = Math.max(starts.at(-1), +line);
    const room = Math.max((end - first) * 0.06, 2 * DAY);
    return [Math.max(first - room, +FIRST), Math.min(end + 3 * room, +LAST)];
  };
  start().catch(() => say("The timeline could not be loaded."));
}

// Positions above the reports that tell of them.
const rank = (item) => (item.id.startsWith("position:") ? 0 : 1);

function timelines() {
  for (const box of document.querySelectorAll(".vis[data-query]")) timelineIn(box);
}
timelines();
