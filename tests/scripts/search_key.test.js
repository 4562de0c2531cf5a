import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { asksForSearch, isOn, keep } from "../../static/js/search_key.js";

const nowhere = { closest: () => null };
const field = { closest: () => field };
const pressed = (key, more = {}) => asksForSearch({ key, target: nowhere, ...more });

beforeEach(() => {
  const kept = new Map();
  globalThis.localStorage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
  };
});

test("slash, Ctrl-K and Command-K open the search", () => {
  assert.ok(pressed("/"));
  assert.ok(pressed("k", { ctrlKey: true }));
  assert.ok(pressed("K", { metaKey: true }));
});

test("other keys and combinations are ignored", () => {
  assert.ok(!pressed("k"));
  assert.ok(!pressed("?"));
  assert.ok(!pressed("/", { ctrlKey: true }));
  assert.ok(!pressed("k", { ctrlKey: true, shiftKey: true }));
  assert.ok(!pressed("k", { ctrlKey: true, altKey: true }));
  assert.ok(!pressed("/", { defaultPrevented: true }));
  assert.ok(!pressed("/", { isComposing: true }));
});

test("a keydown event of autofill, which has no key, does not open the search", () => {
  assert.ok(!pressed(undefined, { target: field }));
});

test("in a field, only Ctrl-K opens the search", () => {
  assert.ok(!pressed("/", { target: field }));
  assert.ok(pressed("k", { ctrlKey: true, target: field }));
});

test("only slash can be switched off and on", () => {
  keep(false);
  assert.ok(!isOn());
  assert.ok(!pressed("/"));
  assert.ok(pressed("k", { ctrlKey: true }));
  keep(true);
  assert.ok(pressed("/"));
});

test("without browser storage, slash stays on", () => {
  globalThis.localStorage = {
    getItem() {
      throw new Error("private");
    },
    setItem() {
      throw new Error("private");
    },
  };
  keep(false);
  assert.ok(isOn());
});
