// What is heard and felt beside what is seen. Each of it only where somebody has chosen it, and where the browser can.
import { storage } from "./drafts.js";

const onThisDevice = storage("localStorage");
const SPOKEN_AT_ONCE = 200; // characters: some browsers stop in a longer one

export const setting = (name) => onThisDevice((store) => store.getItem(`simulation ${name}`));
export const set = (name, value) => onThisDevice((store) => store.setItem(`simulation ${name}`, value));
const isOn = (name) => setting(name) === "on";

let audio = null;

/** A tone of `frequency` hertz that fades within `seconds`, from `start` seconds on. */
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

/** `tones` are [hertz, seconds, start in seconds]; `pattern` milliseconds of shaking and rest by turns. */
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

/** Whether the browser can do what is named, in this language. */
export function isPossible(name, language) {
  if (name === "vibration") return "vibrate" in navigator && matchMedia("(pointer: coarse)").matches;
  return name !== "aloud" || Boolean(voiceFor(language));
}

function voiceFor(language) {
  const voices = window.speechSynthesis?.getVoices() ?? [];
  return bestVoice(voices, language);
}

/** Of the language and country if there is one, else of the language. None that speaks from another host. */
export function bestVoice(voices, language) {
  const here = voices.filter((voice) => voice.localService !== false);
  const wanted = language.toLowerCase().replace("zh-hans", "zh-cn");
  const tag = (voice) => voice.lang.toLowerCase().replace("_", "-");
  return (
    here.find((voice) => tag(voice) === wanted) ??
    here.find((voice) => tag(voice).split("-")[0] === wanted.split("-")[0])
  );
}

/** Cut behind the ends of sentences, into pieces of no more than so many characters where sentences let it. */
export function pieces(text, most = SPOKEN_AT_ONCE) {
  const found = [""];
  for (const [sentence] of text.trim().matchAll(/.+?(?:[。！？；…]+|[.!?;](?=\s)|$)\s*/gsu)) {
    if (found.at(-1) && (found.at(-1) + sentence.trim()).length > most) found.push("");
    found[found.length - 1] += sentence;
  }
  return found.map((piece) => piece.trim().replace(/\s+/g, " ")).filter(Boolean);
}

let unsaid = []; // what there was no voice for: of a new page, voices come after it

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

/** `work`, and what could not be read aloud before. */
export function whenVoicesCome(work) {
  window.speechSynthesis?.addEventListener?.("voiceschanged", () => {
    const waiting = unsaid;
    unsaid = [];
    for (const [text, language] of waiting) readAloud(text, language);
    work();
  });
}
