import assert from "node:assert/strict";
import { test } from "node:test";
import { due } from "../../static/js/offline_copy.js";

const MINUTE = 60_000; // milliseconds
const NOW = 1_000 * MINUTE;
const about = { reader: "a", language: "en", kept: NOW, seen: NOW };
const page = { reader: "a", language: "en", now: NOW };

test("a copy is stored if it is missing, ten minutes old or in another language", () => {
  assert.equal(due(undefined, page), "keep");
  assert.equal(due(about, { ...page, now: NOW + 10 * MINUTE - 1 }), "nothing");
  assert.equal(due(about, { ...page, now: NOW + 10 * MINUTE }), "keep");
  assert.equal(due(about, { ...page, language: "zh-Hans" }), "keep");
  assert.equal(due(about, { ...page, now: NOW - 60 * MINUTE }), "keep"); // the clock was set back
});

test("a copy of another reader is always replaced", () => {
  assert.equal(due(about, { ...page, reader: "b" }), "replace");
});
