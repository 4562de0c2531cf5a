// Warns 2 minutes before the session ends. Any key or the button renews it. Without this script, the sign-in page
// explains afterwards what happened. All tabs share one session, so they inform each other.
const WARNED_BEFORE = 120_000; // milliseconds
const LOOKS_EVERY = 5000;

/** State at `now`. `ends`: end of the session without a request; `last`: its end in any case. */
export function stateAt(now, { ends, last }) {
  const rest = ends - now;
  if (rest > WARNED_BEFORE) return "";
  if (rest <= 0) return "ended";
  return ends < last ? "ending" : "over";
}

/** Watch the session. `bar.dataset` has its times when the page was `opened`. */
export function watchSession(bar, opened) {
  const words = bar.querySelector("p");
  const button = bar.querySelector("button");
  const tabs = globalThis.BroadcastChannel ? new BroadcastChannel("session") : null;
  const times = { ends: 0, last: 0 };
  let shown = "";
  let isAsking = false;

  const state = () => stateAt(Date.now(), times);

  function set({ left, whole }) {
    times.ends = Date.now() + 1000 * left;
    times.last = Date.now() + 1000 * whole;
    look();
  }

  function tell(seconds) {
    set(seconds);
    tabs?.postMessage(seconds);
  }

  function look() {
    const now = state();
    if (now === shown) return;
    shown = now;
    const format = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const at = new Date(times.ends).toLocaleTimeString(document.documentElement.lang, format);
    words.textContent = (bar.dataset[now] ?? "").replace("{time}", at);
    button.hidden = now !== "ending";
    bar.classList.toggle("seen", Boolean(now));
  }

  async function renew() {
    if (isAsking || state() !== "ending") return;
    isAsking = true;
    try {
      const answer = await fetch(bar.dataset.address);
      if (answer.redirected) tell({ left: 0, whole: 0 });
      else if (answer.ok) tell(await answer.json());
    } catch {
      // No network: the next key tries again.
    }
    isAsking = false;
  }

  button.addEventListener("click", renew);
  document.addEventListener("keydown", renew, true);
  document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
    const rest = (times.last - Date.now()) / 1000;
    const isPreview = detail.elt.closest("[data-editor]"); // previews need not renew the session
    if (detail.successful && !isPreview) tell({ left: Math.min(Number(bar.dataset.idle), rest), whole: rest });
  });
  tabs?.addEventListener("message", ({ data }) => set(data));
  setInterval(look, LOOKS_EVERY);
  const passed = (Date.now() - opened) / 1000;
  tell({ left: Number(bar.dataset.left) - passed, whole: Number(bar.dataset.whole) - passed });
}
