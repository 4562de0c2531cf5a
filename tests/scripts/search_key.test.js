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

test("a stroke, and K with Ctrl or the Mac's key, ask for the search", () => {
  assert.ok(pressed("/"));
  assert.ok(pressed("k", { ctrlKey: true }));
  assert.ok(pressed("K", { metaKey: true }));
});

test("other keys, and these with others, do not", () => {
  assert.ok(!pressed("k"));
  assert.ok(!pressed("?"));
  assert.ok(!pressed("/", { ctrlKey: true }));
  assert.ok(!pressed("k", { ctrlKey: true, shiftKey: true }));
  assert.ok(!pressed("k", { ctrlKey: true, altKey: true }));
  assert.ok(!pressed("/", { defaultPrevented: true }));
  assert.ok(!pressed("/", { isComposing: true }));
});

test("a browser that fills in a form by itself tells of a key without a name, which asks for nothing", () => {
  assert.ok(!pressed(undefined, { target: field }));
});

test("who is typing types a stroke, and may still ask by Ctrl-K", () => {
  assert.ok(!pressed("/", { target: field }));
  assert.ok(pressed("k", { ctrlKey: true, target: field }));
});

test("the stroke alone can be switched off, and on again", () => {
  keep(false);
  assert.ok(!isOn());
  assert.ok(!pressed("/"));
  assert.ok(pressed("k", { ctrlKey: true }));
  keep(true);
  assert.ok(pressed("/"));
});

test("a browser that keeps nothing leaves it on", () => {
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
