import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { keepDraft, readDraft } from "../../static/js/drafts.js";

const SECOND = 1000; // milliseconds
const listeners = {};
const listen = (name, work) => {
  listeners[name] = work;
};
let sent; // [method, URL, text]
let answer; // of the server
let isBeaconTaken;

globalThis.document = { hidden: false, addEventListener: listen };
globalThis.addEventListener = listen;
globalThis.location = { pathname: "/learn/tea-room/boiling/" };
globalThis.FormData = class {
  constructor(form) {
    this.text = form.elements[0].value;
  }
};
globalThis.fetch = async (address, { body }) => {
  sent.push(["fetch", address, body.text]);
  return answer();
};
Object.defineProperty(globalThis, "navigator", {
  configurable: true,
  value: {
    sendBeacon(address, body) {
      if (isBeaconTaken) sent.push(["beacon", address, body.text]);
      return isBeaconTaken;
    },
  },
});
const { keepElsewhere, settleOffer } = await import("../../static/js/unsaved.js");

/** Open a page at the time `now`, with a stopped clock. */
function openPage(now) {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now });
  Object.defineProperty(globalThis, "performance", { configurable: true, value: { timeOrigin: now } });
}

beforeEach(() => {
  openPage(1_700_000_000_000);
  const kept = new Map();
  globalThis.sessionStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
  sent = [];
  answer = () => ({ ok: true, status: 204 });
  isBeaconTaken = true;
});

/** Offer beside a form, with text typed `age` seconds ago. */
function offerOf(text, age) {
  const notes = { newer: { hidden: true }, older: { hidden: true } };
  const throwing = { addEventListener: (_, work) => Object.assign(throwing, { press: work }) };
  return {
    dataset: { offer: String(age * SECOND) },
    hidden: false,
    notes,
    throwing,
    querySelectorAll: () => [{ dataset: { field: "text" }, value: text }],
    querySelector: (what) => (what === "form" ? throwing : notes[/newer|older/.exec(what)[0]]),
  };
}

function form(text, { offer, isReturned = false } = {}) {
  return {
    action: "http://site/learn/tea-room/boiling/answer/note/",
    dataset: { draft: "note 0", ...(offer && { offered: "" }), ...(isReturned && { returned: "" }) },
    elements: [{ name: "text", type: "textarea", value: text, dataset: {} }],
    isConnected: true,
    parentElement: { querySelector: () => offer },
    type(value) {
      this.elements[0].value = value;
      keepElsewhere(this);
    },
    text() {
      return this.elements[0].value;
    },
  };
}
const wait = async (seconds) => {
  mock.timers.tick(seconds * SECOND);
  for (let turn = 0; turn < 5; turn += 1) await null; // run pending promises
};
const leave = () => {
  document.hidden = true;
  listeners.visibilitychange();
  listeners.pagehide();
  document.hidden = false;
};
const ADDRESS = "http://site/learn/tea-room/boiling/answer/note/unsaved/";

// Time of requests

test("a text is sent once, four seconds after the last key", async () => {
  const note = form("");
  note.type("Mind");
  await wait(3);
  note.type("Mind the kettle");
  await wait(3.9);
  assert.deepEqual(sent, []);
  await wait(0.1);
  await wait(60);
  leave();
  assert.deepEqual(sent, [["fetch", ADDRESS, "Mind the kettle"]]);
});

test("requests are at least fifteen seconds apart", async () => {
  const note = form("");
  for (let second = 0; second < 60; second += 5) {
    note.type(`second ${second}`);
    await wait(5);
  }
  await wait(60);
  assert.deepEqual(
    sent.map(([, , text]) => text),
    ["second 0", "second 15", "second 30", "second 45", "second 55"],
  );
});

test("unsent text is sent once when the page is left", async () => {
  const note = form("");
  note.type("Mind");
  leave();
  await wait(60);
  leave();
  assert.deepEqual(sent, [["beacon", ADDRESS, "Mind"]]);
});

test("text too big for a beacon is sent by fetch", async () => {
  isBeaconTaken = false;
  form("").type("A long text");
  leave();
  assert.deepEqual(sent, [["fetch", ADDRESS, "A long text"]]);
  await wait(1);
});

for (const [what, refuse] of [
  ["no network", () => Promise.reject(new TypeError("Failed to fetch"))],
  ["a refusal", () => ({ ok: false, status: 429 })],
]) {
  test(`after ${what} the text is sent again only when the page is left`, async () => {
    answer = refuse;
    form("").type("Mind");
    await wait(300);
    assert.equal(sent.length, 1);
    leave();
    assert.deepEqual(sent[1], ["beacon", ADDRESS, "Mind"]);
  });
}

test("submitted and removed forms are not autosaved", async () => {
  const note = form("");
  note.type("Mind");
  listeners.submit({ target: note });
  await wait(60);
  const gone = form("");
  gone.type("Mind");
  gone.isConnected = false;
  leave();
  assert.deepEqual(sent, []);
});

// Text of another device

test("nothing is sent before an offer is answered", async () => {
  const offer = offerOf("Theirs", 60);
  const note = form("", { offer });
  note.type("Mine");
  await wait(60);
  leave();
  assert.deepEqual(sent, []);
  const putIn = form("Theirs", { offer, isReturned: true });
  putIn.type("Theirs and mine");
  await wait(4);
  assert.deepEqual(sent, [["fetch", ADDRESS, "Theirs and mine"]]);
});

test("the newer text of tab and other device wins, and the offer shows which", async () => {
  for (const [age, text, said] of [
    [61, "of this tab", "newer"],
    [59, "saved", "older"],
  ]) {
    keepDraft(form("of this tab"), "7");
    openPage(Date.now() + 60 * SECOND);
    const offer = offerOf("of the other device", age);
    const anew = form("saved", { offer });
    assert.equal(settleOffer(anew, "7"), text === "of this tab");
    assert.equal(anew.text(), text);
    assert.deepEqual([offer.hidden, offer.notes.newer.hidden], [false, said !== "newer"]);
    assert.equal(offer.notes.older.hidden, said !== "older");
  }
});

test("equal texts are restored, and the offer is hidden", async () => {
  keepDraft(form("Mind the kettle \n"), "7");
  openPage(Date.now() + 60 * SECOND);
  const offer = offerOf("Mind the kettle", 50);
  const anew = form("saved", { offer });
  assert.equal(settleOffer(anew, "7"), true);
  assert.deepEqual([anew.text(), offer.hidden], ["Mind the kettle \n", true]);
  anew.type("Mind the kettle and the cup");
  await wait(4);
  assert.equal(sent.length, 1);
});

test("without a draft in this tab, the form is unchanged", () => {
  const offer = offerOf("of the other device", 60);
  const anew = form("saved", { offer });
  assert.equal(settleOffer(anew, "7"), false);
  assert.deepEqual([anew.text(), offer.hidden], ["saved", false]);
});

test("an accepted offer is stored in the tab and deleted with the offer", () => {
  keepDraft(form("older"), "7");
  const offer = offerOf("of the other device", 60);
  const putIn = form("of the other device", { offer, isReturned: true });
  assert.equal(settleOffer(putIn, "7"), false);
  assert.deepEqual(readDraft(putIn, "7").fields, [["text", "of the other device"]]);
  offer.throwing.press();
  assert.equal(readDraft(putIn, "7"), null);
});
