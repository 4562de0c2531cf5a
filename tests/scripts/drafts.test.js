import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { dropDraft, fillDraft, keepDraft, keepTyped, storage } from "../../static/js/drafts.js";

let isDone;

beforeEach(() => {
  const kept = new Map();
  globalThis.sessionStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
  globalThis.location = { pathname: "/learn/tea-room/boiling/" };
  isDone = false;
  globalThis.document = { querySelector: () => (isDone ? {} : null) };
});

/** A stand-in for a form, with its fields in order. */
function form(...fields) {
  return { dataset: { draft: "is-it-off 0" }, elements: fields };
}
function examForm(saves, ...fields) {
  const elements = [...fields, { name: "saves", type: "hidden", value: saves }];
  elements.saves = { value: saves };
  return { dataset: { draft: "attempt 1 1", live: "" }, elements };
}
const radio = (value, checked = false) => ({ name: "choice", type: "radio", value, checked });
const text = (value, name = "text") => ({ name, type: "textarea", value });

test("a draft restores the form", () => {
  keepDraft(form(radio("yes"), radio("no", true), text("Turn it off")), "7");
  const anew = form(radio("yes", true), radio("no"), text(""));
  assert.equal(fillDraft(anew, "7"), true);
  assert.deepEqual(anew.elements, [radio("yes"), radio("no", true), text("Turn it off")]);
});

test("a checkbox keeps its state, but not its value", () => {
  keepDraft(form({ name: "part", type: "checkbox", value: "a", checked: true }), "7");
  const anew = form({ name: "part", type: "checkbox", value: "b", checked: false });
  fillDraft(anew, "7");
  assert.deepEqual(anew.elements, [{ name: "part", type: "checkbox", value: "b", checked: true }]);
});

test("hidden fields, buttons and nameless fields are not stored", () => {
  const token = (value) => ({ name: "token", type: "hidden", value });
  const button = (value) => ({ name: "go", type: "submit", value });
  const nameless = (value) => ({ name: "", type: "fieldset", value });
  keepDraft(form(token("old"), nameless("old"), button("old"), text("typed")), "7");
  const anew = form(token("new"), nameless("new"), button("new"), text(""));
  fillDraft(anew, "7");
  assert.deepEqual(anew.elements, [token("new"), nameless("new"), button("new"), text("typed")]);
});

test("a field whose name has changed is skipped", () => {
  keepDraft(form(text("one", "first"), text("two", "second"), text("three", "third")), "7");
  const anew = form(text("", "first"), text("", "other"));
  fillDraft(anew, "7");
  assert.deepEqual(anew.elements, [text("one", "first"), text("", "other")]);
});

test("a draft belongs to one learner, URL and question until it is dropped", () => {
  keepDraft(form(text("typed")), "7");
  assert.equal(fillDraft(form(text("")), "8"), false);
  assert.equal(fillDraft({ ...form(text("")), dataset: { draft: "is-it-off 1" } }, "7"), false);
  globalThis.location.pathname = "/learn/tea-room/fire/";
  assert.equal(fillDraft(form(text("")), "7"), false);
  globalThis.location.pathname = "/learn/tea-room/boiling/";
  assert.equal(fillDraft(form(text("")), "7"), true);
  dropDraft(form(text("")), "7");
  assert.equal(fillDraft(form(text("")), "7"), false);
});

test("an exam draft older than the last save is not restored", () => {
  keepDraft(examForm("1", radio("yes", true)), "7");
  assert.equal(fillDraft(examForm("2", radio("yes")), "7"), false);
  assert.equal(fillDraft(examForm("1", radio("yes")), "7"), true);
});

test("an unreadable draft is ignored", () => {
  globalThis.sessionStorage.getItem = () => "{";
  assert.equal(fillDraft(form(text("")), "7"), false);
});

const onThisDevice = storage("localStorage");

function browserWith(property) {
  Object.defineProperty(globalThis, "localStorage", { configurable: true, ...property });
}

test("storage returns the result of the work", () => {
  browserWith({ value: { getItem: (key) => `the ${key}` } });
  assert.equal(
    onThisDevice((store) => store.getItem("sound")),
    "the sound",
  );
});

test("without browser storage, the result is null", () => {
  const refuse = () => {
    throw new Error("QuotaExceededError");
  };
  browserWith({ value: { setItem: refuse } });
  assert.equal(
    onThisDevice((store) => store.setItem("sound", "on")),
    null,
  );
  browserWith({ get: refuse });
  assert.equal(
    onThisDevice((store) => store.getItem("sound")),
    null,
  );
});

function typedForm(text, base, dataset = {}) {
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

test("a reopened page restores the typed text and its base revision", () => {
  const first = typedForm("old", "1");
  assert.equal(keepTyped(first, "7"), false);
  first.type("new");
  const anew = typedForm("theirs", "2");
  assert.equal(keepTyped(anew, "7"), true);
  assert.deepEqual(values(anew), ["1", "new"]);
});

test("text returned by the server replaces the draft", () => {
  const first = typedForm("old", "1");
  keepTyped(first, "7");
  first.type("new");
  const returned = typedForm("new", "2", { returned: "" });
  assert.equal(keepTyped(returned, "7"), false);
  assert.deepEqual(values(returned), ["2", "new"]);
  const anew = typedForm("theirs", "2");
  keepTyped(anew, "7");
  assert.deepEqual(values(anew), ["2", "new"]);
});

test("a draft is dropped after success and hidden from other people", () => {
  const first = typedForm("old", "1");
  keepTyped(first, "7");
  first.type("new");
  assert.equal(keepTyped(typedForm("old", "1"), "8"), false);
  isDone = true;
  assert.equal(keepTyped(typedForm("saved", "2"), "7"), false);
  isDone = false;
  assert.equal(keepTyped(typedForm("saved", "2"), "7"), false);
});
