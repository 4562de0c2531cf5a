import assert from "node:assert/strict";
import { test } from "node:test";
import { storage } from "../../static/js/storage.js";

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
