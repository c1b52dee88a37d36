// The timeline of a page or an embed: what it shows is asked of the server, a window at a time.
"use strict";

function timelineIn(box) {
  const query = new URLSearchParams(box.dataset.query);
  const section = box.closest("section.timeline");
  const items = new vis.DataSet(), groups = new vis.DataSet();
  let timeline, loaded = null, last = 0;

  const ask = async (from, to) => {
    const asked = new URLSearchParams(query), number = ++last;
    if (from) { asked.set("from", from); asked.set("to", to); }
    const answer = await fetch(`/widgets/vis.json?${asked}`);
    if (!answer.ok) return null;
    const told = await answer.json();
    if (number !== last) return null; // a newer window was asked for meanwhile
    // What is not told one by one is counted, and told as one comes closer.
    loaded = told.items.some((item) => item.id.startsWith("cluster:")) ? { from, to } : "all";
    const ids = new Set(told.items.map((item) => item.id));
    items.remove(items.getIds().filter((id) => !ids.has(id)));
    items.update(told.items);
    groups.update(told.groups);
    return told;
  };

  const start = async () => {
    const told = await ask();
    if (!told || !told.items.length) return;
    section.hidden = false;
    const line = new Date(`${box.dataset.day}T23:59:59`);
    const [from, to] = shown(told.items, line);
    timeline = new vis.Timeline(box, items, groups, {
      maxHeight: 560, verticalScroll: true, horizontalScroll: false, zoomKey: "ctrlKey",
      orientation: "top", showCurrentTime: false, selectable: true, multiselect: false,
      groupOrder: "order", order: (one, other) => rank(one) - rank(other) || (one.start < other.start ? -1 : 1), margin: { item: { horizontal: 2, vertical: 5 } },
      tooltip: { followMouse: true, delay: 200 }, zoomMin: 36e5 * 6,
      start: from, end: to,
    });
    timeline.addCustomTime(line, "as-of");
    timeline.setCustomTimeTitle(`As of ${box.dataset.day}`, "as-of");
    box.timeline = timeline;
    timeline.on("rangechanged", ({ start: first, end }) => {
      if (loaded !== "all") ask(day(first, -1), day(end, 1));
    });
    timeline.on("timechanged", ({ time }) => { location.href = box.dataset.pick.replace("AS_OF", day(time)); });
    timeline.on("timechange", ({ time }) => timeline.setCustomTimeTitle(`As of ${day(time)}`, "as-of"));
    timeline.on("select", ({ items: [id] }) => {
      const chosen = id !== undefined && items.get(id);
      if (!chosen) return;
      const address = chosen.url || (chosen.party && `/parties/${chosen.party}/positions/${chosen.issue}?as_of=${chosen.start.slice(0, 10)}`);
      if (address) open(address, window.top === window ? "_self" : "_blank");
    });
  };

  // Begin with the last years before the line, where most of it is.
  const shown = (told, line) => {
    const starts = told.map((item) => +new Date(item.start)).sort((a, b) => a - b);
    const middle = starts[Math.floor(starts.length / 3)];
    const first = Math.min(middle, +line), end = Math.max(starts.at(-1), +line);
    const room = (end - first || 864e5 * 30) * 0.06;
    return [first - room, end + 3 * room];
  };
  start();
}

// Positions above the reports that tell of them.
const rank = (item) => (item.id.startsWith("position:") ? 0 : 1);

// A day as it is called where the reader is, as the feed gives it: without a zone.
function day(moment, shift = 0) {
  const at = new Date(moment);
  at.setDate(at.getDate() + shift);
  const year = Math.min(Math.max(at.getFullYear(), 1), 9999);
  return [String(year).padStart(4, "0"), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

function timelines() {
  for (const box of document.querySelectorAll(".vis[data-query]")) timelineIn(box);
}
timelines();
