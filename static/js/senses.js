// Sound, vibration and reading aloud in simulations, if the learner has chosen it and the browser supports it.
import { storage } from "./drafts.js";

const onThisDevice = storage("localStorage");
const SPOKEN_AT_ONCE = 200; // characters; some browsers stop in longer texts

export const setting = (name) => onThisDevice((store) => store.getItem(`simulation ${name}`));
export const set = (name, value) => onThisDevice((store) => store.setItem(`simulation ${name}`, value));
const isOn = (name) => setting(name) === "on";

let audio = null;

/** Play a tone of `frequency` hertz, fading over `seconds`, in `start` seconds. */
function tone(frequency, seconds, start = 0) {
  audio ??= new AudioContext();
  const at = audio.currentTime + start;
  const oscillator = audio.createOscillator();
  const volume = audio.createGain();
  oscillator.frequency.value = frequency;
  volume.gain.setValueAtTime(0.08, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start(at);
  oscillator.stop(at + seconds);
}

/** `tones`: [hertz, seconds, start in seconds]; `pattern`: milliseconds on, off, on … */
function sense(tones, pattern) {
  if (isOn("sound")) for (const each of tones) tone(...each);
  if (isOn("vibration")) navigator.vibrate?.(pattern);
}

export const tick = () => sense([[880, 0.08]], 30);
export const ring = () =>
  sense(
    [
      [440, 0.9],
      [480, 0.9],
    ],
    [400, 200, 400],
  );
export const alarm = () =>
  sense(
    [
      [620, 0.4],
      [520, 0.4, 0.4],
      [620, 0.4, 0.8],
      [520, 0.4, 1.2],
    ],
    [200, 100, 200, 100, 200],
  );

/** Whether the browser supports the setting in this language. */
export function isPossible(name, language) {
  if (name === "vibration") return "vibrate" in navigator && matchMedia("(pointer: coarse)").matches;
  return name !== "aloud" || Boolean(voiceFor(language));
}

function voiceFor(language) {
  const voices = window.speechSynthesis?.getVoices() ?? [];
  return bestVoice(voices, language);
}

/** Return a voice of language and country, else of the language. Exclude voices that need another host. */
export function bestVoice(voices, language) {
  const here = voices.filter((voice) => voice.localService !== false);
  const wanted = language.toLowerCase().replace("zh-hans", "zh-cn");
  const tag = (voice) => voice.lang.toLowerCase().replace("_", "-");
  return (
    here.find((voice) => tag(voice) === wanted) ??
    here.find((voice) => tag(voice).split("-")[0] === wanted.split("-")[0])
  );
}

/** Split at ends of sentences into pieces of at most `most` characters; longer sentences stay whole. */
export function pieces(text, most = SPOKEN_AT_ONCE) {
  const found = [""];
  for (const [sentence] of text.trim().matchAll(/.+?(?:[。！？；…]+|[.!?;](?=\s)|$)\s*/gsu)) {
    if (found.at(-1) && (found.at(-1) + sentence.trim()).length > most) found.push("");
    found[found.length - 1] += sentence;
  }
  return found.map((piece) => piece.trim().replace(/\s+/g, " ")).filter(Boolean);
}

let unsaid = []; // texts without a voice; browsers load voices after the page

export function readAloud(text, language) {
  if (!isOn("aloud")) return;
  const voice = voiceFor(language);
  if (!voice) {
    unsaid.push([text, language]);
    return;
  }
  for (const piece of pieces(text)) {
    const spoken = new SpeechSynthesisUtterance(piece);
    spoken.voice = voice;
    spoken.lang = voice.lang;
    speechSynthesis.speak(spoken);
  }
}

export function hush() {
  unsaid = [];
  window.speechSynthesis?.cancel();
}

/** When voices are loaded, read waiting texts aloud and call `work`. */
export function whenVoicesCome(work) {
  window.speechSynthesis?.addEventListener?.("voiceschanged", () => {
    const waiting = unsaid;
    unsaid = [];
    for (const [text, language] of waiting) readAloud(text, language);
    work();
  });
}
