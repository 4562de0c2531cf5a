import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { keepTyped } from "../../static/js/typed.js";

let isDone;

beforeEach(() => {
  const kept = new Map();
  globalThis.sessionStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
  globalThis.location = { pathname: "/admin/content/document/7/change/" };
  isDone = false;
  globalThis.document = { querySelector: () => (isDone ? {} : null) };
});

function form(text, base, dataset = {}) {
  const listeners = [];
  const elements = [
    { name: "base", type: "hidden", value: base, dataset: { kept: "" } },
    { name: "text", type: "textarea", value: text },
  ];
  const type = (value) => {
    elements[1].value = value;
    for (const listener of listeners) listener();
  };
  return {
    dataset: { draft: "text", ...dataset },
    elements,
    type,
    addEventListener: (_, work) => listeners.push(work),
  };
}
const values = ({ elements }) => elements.map(({ value }) => value);

test("a page that is opened again is filled with what was typed, on the revision it was typed upon", () => {
  const first = form("old", "1");
  assert.equal(keepTyped(first, "7"), false);
  first.type("new");
  const anew = form("theirs", "2");
  assert.equal(keepTyped(anew, "7"), true);
  assert.deepEqual(values(anew), ["1", "new"]);
});

test("what the server sends back is newer than what the tab has", () => {
  const first = form("old", "1");
  keepTyped(first, "7");
  first.type("new");
  const returned = form("new", "2", { returned: "" });
  assert.equal(keepTyped(returned, "7"), false);
  assert.deepEqual(values(returned), ["2", "new"]);
  const anew = form("theirs", "2");
  keepTyped(anew, "7");
  assert.deepEqual(values(anew), ["2", "new"]);
});

test("what has arrived is dropped, and another person finds nothing", () => {
  const first = form("old", "1");
  keepTyped(first, "7");
  first.type("new");
  assert.equal(keepTyped(form("old", "1"), "8"), false);
  isDone = true;
  assert.equal(keepTyped(form("saved", "2"), "7"), false);
  isDone = false;
  assert.equal(keepTyped(form("saved", "2"), "7"), false);
});
