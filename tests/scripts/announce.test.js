import assert from "node:assert/strict";
import { test } from "node:test";
import { announce, fill, words } from "../../static/js/announce.js";

test("fill replaces names by values, including zero, and keeps unknown names", () => {
  assert.equal(fill("now number {number} of {total}", { number: 2, total: 3 }), "now number 2 of 3");
  assert.equal(fill("{seconds} seconds left.", { seconds: 0 }), "0 seconds left.");
  assert.equal(fill("{who}: {number}", { number: "$&{who}" }), "{who}: $&{who}");
});

test("words joins texts in one line and skips missing and empty elements", () => {
  const wrong = { textContent: "\n  Not\n quite. " };
  const state = { textContent: "Two to go." };
  assert.equal(words(wrong, state), "Not quite. Two to go.");
  assert.equal(words(null, { textContent: " \n" }, undefined, state), "Two to go.");
  assert.equal(words(null), "");
});

test("announce writes the text into the live region", () => {
  const region = { textContent: "Before" };
  globalThis.document = { querySelector: (selector) => (selector === "[data-announce]" ? region : null) };
  announce("Right.");
  assert.equal(region.textContent, "Right.");
});
