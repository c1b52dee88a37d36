// What the forms do in place with JavaScript. Without it, the server does the same.
"use strict";

const form = document.querySelector("form.record");

// "Add another": a copy of the empty row that the server gives with each group.
function add(group) {
  const rows = group.querySelector(":scope > .rows");
  const name = group.dataset.group;
  const places = [...rows.children].map((row) => placeOf(row, name));
  const place = Math.max(-1, ...places) + 1;
  const template = group.querySelector(":scope > template");
  const row = template.content.cloneNode(true);
  fill(row, `${name}.ROW`, `${name}.${place}`);
  rows.append(row);
  number(group);
  rows.lastElementChild.querySelector("input, select, textarea").focus();
}

const placeOf = (row, name) => {
  const field = row.querySelector("[name]");
  return Number(field.name.slice(name.length + 1).split(".")[0]);
};

// Names, ids and what refers to them, also in the templates of rows within rows.
function fill(node, from, to) {
  for (const one of node.querySelectorAll("*")) {
    for (const { name, value } of [...one.attributes]) {
      if (value.includes(from)) one.setAttribute(name, value.replaceAll(from, to));
    }
    if (one instanceof HTMLTemplateElement) fill(one.content, from, to);
  }
}

function number(group) {
  const rows = group.querySelector(":scope > .rows");
  [...rows.children].forEach((row, place) => {
    for (const told of row.querySelectorAll(".number")) {
      if (told.closest(".row") === row) told.textContent = place + 1;
    }
  });
}

function remove(row) {
  const group = row.closest(".group");
  row.remove();
  if (!group.querySelector(":scope > .rows > .row")) add(group);
  number(group);
  group.focus();
}

// "Did you mean": the field with what was meant.
function use(button) {
  const end = button.value.indexOf("=");
  const field = document.getElementById(button.value.slice(0, end));
  field.value = button.value.slice(end + 1);
  field.removeAttribute("aria-invalid");
  field.closest(".field").classList.remove("in-error");
  field.closest(".field").querySelector(".wrong")?.remove();
  field.dispatchEvent(new Event("change", { bubbles: true }));
  field.focus();
}

// What positions on an issue are about, as soon as it is chosen.
function propose(field) {
  const told = field.closest(".field").querySelector("[data-proposition]");
  if (!told) return;
  const wanted = field.value.trim().toLowerCase();
  const found = [...document.getElementById("known-issue").options].find((one) => one.value.toLowerCase() === wanted);
  told.textContent = found ? found.textContent : "";
}

form?.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const does = {
    add: () => add(button.closest(".group")),
    remove: () => remove(button.closest(".row")),
    use: () => use(button),
  }[button.name];
  if (!does) return;
  event.preventDefault();
  does();
});

form?.addEventListener("change", (event) => propose(event.target));
