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

/** A form as a browser gives it: fields in their order, and by name. */
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

test("a form is filled as it was left", () => {
  keepDraft(form(radio("yes"), radio("no", true), text("Turn it off")), "7");
  const anew = form(radio("yes", true), radio("no"), text(""));
  assert.equal(fillDraft(anew, "7"), true);
  assert.deepEqual(anew.elements, [radio("yes"), radio("no", true), text("Turn it off")]);
});

test("a box keeps whether it is ticked, and never its value", () => {
  keepDraft(form({ name: "part", type: "checkbox", value: "a", checked: true }), "7");
  const anew = form({ name: "part", type: "checkbox", value: "b", checked: false });
  fillDraft(anew, "7");
  assert.deepEqual(anew.elements, [{ name: "part", type: "checkbox", value: "b", checked: true }]);
});

test("what the server puts into a form is not kept, nor what has no name", () => {
  const token = (value) => ({ name: "token", type: "hidden", value });
  const button = (value) => ({ name: "go", type: "submit", value });
  const nameless = (value) => ({ name: "", type: "fieldset", value });
  keepDraft(form(token("old"), nameless("old"), button("old"), text("typed")), "7");
  const anew = form(token("new"), nameless("new"), button("new"), text(""));
  fillDraft(anew, "7");
  assert.deepEqual(anew.elements, [token("new"), nameless("new"), button("new"), text("typed")]);
});

test("a field that is another one now stays as it is", () => {
  keepDraft(form(text("one", "first"), text("two", "second"), text("three", "third")), "7");
  const anew = form(text("", "first"), text("", "other"));
  fillDraft(anew, "7");
  assert.deepEqual(anew.elements, [text("one", "first"), text("", "other")]);
});

test("a draft is one learner's, at one address, of one question, and gone once it is dropped", () => {
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

test("in an exam a draft that was overtaken elsewhere is not filled in", () => {
  keepDraft(examForm("1", radio("yes", true)), "7");
  assert.equal(fillDraft(examForm("2", radio("yes")), "7"), false);
  assert.equal(fillDraft(examForm("1", radio("yes")), "7"), true);
});

test("a draft that cannot be read is none", () => {
  globalThis.sessionStorage.getItem = () => "{";
  assert.equal(fillDraft(form(text("")), "7"), false);
});

const onThisDevice = storage("localStorage");

function browserWith(property) {
  Object.defineProperty(globalThis, "localStorage", { configurable: true, ...property });
}

test("the result of the work is returned", () => {
  browserWith({ value: { getItem: (key) => `the ${key}` } });
  assert.equal(
    onThisDevice((store) => store.getItem("sound")),
    "the sound",
  );
});

test("a browser that keeps nothing stops nobody", () => {
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

test("a page that is opened again is filled with what was typed, on the revision it was typed upon", () => {
  const first = typedForm("old", "1");
  assert.equal(keepTyped(first, "7"), false);
  first.type("new");
  const anew = typedForm("theirs", "2");
  assert.equal(keepTyped(anew, "7"), true);
  assert.deepEqual(values(anew), ["1", "new"]);
});

test("what the server sends back is newer than what the tab has", () => {
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

test("what has arrived is dropped, and another person finds nothing", () => {
  const first = typedForm("old", "1");
  keepTyped(first, "7");
  first.type("new");
  assert.equal(keepTyped(typedForm("old", "1"), "8"), false);
  isDone = true;
  assert.equal(keepTyped(typedForm("saved", "2"), "7"), false);
  isDone = false;
  assert.equal(keepTyped(typedForm("saved", "2"), "7"), false);
});
