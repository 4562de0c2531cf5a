import assert from "node:assert/strict";
import { test } from "node:test";
import { bestVoice, hush, pieces, readAloud, set, whenVoicesCome } from "../../static/js/senses.js";

const voices = ["en-US", "zh-TW", "zh_CN", "en-GB"].map((lang) => ({ lang }));

test("a voice of the country is preferred, one of another language is excluded", () => {
  const voice = (language) => bestVoice(voices, language)?.lang;
  assert.deepEqual(["zh-Hans", "en-GB", "en", "fr"].map(voice), ["zh_CN", "en-GB", "en-US", undefined]);
  assert.equal(bestVoice([{ lang: "zh-HK" }], "zh-Hans").lang, "zh-HK");
});

test("voices that need another host are excluded", () => {
  const [far, near] = [false, true].map((localService) => ({ lang: "zh-CN", localService }));
  assert.equal(bestVoice([far, near], "zh-Hans"), near);
  assert.equal(bestVoice([far], "zh-Hans"), undefined);
});

test("a text is split at sentences, and short sentences stay together", () => {
  assert.deepEqual(pieces("走！别回头。你呢？", 6), ["走！别回头。", "你呢？"]);
  assert.deepEqual(pieces("Go now. Do not\n look back!", 9), ["Go now.", "Do not look back!"]);
  assert.deepEqual(pieces("Go. Now.", 100), ["Go. Now."]);
  assert.deepEqual(pieces("  "), []);
});

test("texts wait until voices are loaded, unless they are hushed", () => {
  const [spoken, kept, told] = [[], {}, []];
  let known = [];
  const speechSynthesis = {
    getVoices: () => known,
    speak: ({ text }) => spoken.push(text),
    cancel() {},
    addEventListener: (_name, work) => told.push(work),
  };
  const localStorage = {
    getItem: (name) => kept[name],
    setItem: (name, value) => Object.assign(kept, { [name]: value }),
  };
  class SpeechSynthesisUtterance {
    constructor(text) {
      this.text = text;
    }
  }
  Object.assign(globalThis, { speechSynthesis, localStorage, SpeechSynthesisUtterance });
  globalThis.window = globalThis;
  whenVoicesCome(() => {});
  readAloud("Off.", "en");
  set("aloud", "on");
  readAloud("Old.", "en");
  hush();
  readAloud("Run!", "en");
  known = voices;
  for (const work of [...told, ...told]) work();
  assert.deepEqual(spoken, ["Run!"]);
});
