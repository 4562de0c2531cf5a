import assert from "node:assert/strict";
import { test } from "node:test";
import { goToLine, rangeOfLine, watchChanges } from "../../static/js/editor.js";

const TEXT = "# Kettle\n\nTurn it off.";

test("rangeOfLine finds lines by number, even empty and last ones", () => {
  const lines = [1, 2, 3].map((number) => TEXT.slice(...rangeOfLine(TEXT, number)));
  assert.deepEqual(lines, ["# Kettle", "", "Turn it off."]);
});

test("a line after the last one is an empty range at the end", () => {
  const [start, end] = rangeOfLine(TEXT, 9);
  assert.equal(start, end);
  assert.equal(TEXT.slice(start), "");
});

test("goToLine opens the fold, selects the line and scrolls to it", () => {
  const fold = { open: false };
  const done = [];
  const field = {
    value: TEXT,
    scrollHeight: 300,
    clientHeight: 90,
    closest: (selector) => (selector === "details" ? fold : null),
    focus: () => done.push("focus"),
    setSelectionRange: (...range) => done.push(range),
  };
  goToLine(field, 3);
  assert.deepEqual(done, ["focus", [10, 22]]);
  assert.equal(fold.open, true);
  assert.equal(field.scrollTop, 170);
});

test("changed texts and added fields are changes", () => {
  const fields = [{ value: "one" }, { value: "two" }];
  const isChanged = watchChanges(() => fields);
  assert.equal(isChanged(), false);
  fields[1].value = "2";
  assert.equal(isChanged(), true);
  fields[1].value = "two";
  assert.equal(isChanged(), false);
  fields.push({ value: "" });
  assert.equal(isChanged(), true);
});
