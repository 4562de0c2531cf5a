// Additions to the lesson and the exam page. Without this file every form is an ordinary form.
//
// - what was chosen or typed is kept in this tab until it is saved, and filled in again after signing in anew
// - an answer that does not get through says so, stays, is sent again by itself, and leaving warns
// - the steps of an ordering question are moved by buttons
//
// A lesson's form is sent by its button. An exam's form ([data-live]) is sent with every change; its buttons go on to
// another question.
(() => {
  const lesson = document.querySelector("[data-lesson], [data-exam]");
  if (!lesson) return;

  const isLive = (form) => "live" in form.dataset;
  const RETRY_AFTER = [3, 8, 20, 60]; // seconds; the last one repeats
  const unsaved = new Map(); // form → { tries, timer }
  const forms = (within) => [...(within.matches("form[data-answer]") ? [within] : []), ...within.querySelectorAll("form[data-answer]")];

  // A hidden page-wide live region reads what the eye sees beside the button.
  const announce = (text) => { lesson.querySelector("[data-announce]").textContent = text; };
  const say = (form, text, kind = "") => {
    const status = form.querySelector("[data-status]");
    status.textContent = text;
    status.className = kind;
  };

  // Drafts -----------------------------------------------------------------------------------------------------

  // In an exam a draft belongs to what was saved when it was made: one that was overtaken elsewhere is not filled in.
  const draftKey = (form) => `draft ${lesson.dataset.learner} ${location.pathname} ${form.dataset.draft} ${isLive(form) ? form.elements.saves.value : ""}`;
  const storage = (work) => {
    try { return work(sessionStorage); } catch { return null; } // blocked or full: the page works without
  };
  const fields = (form) => [...form.elements].filter((field) => field.name && !["hidden", "submit"].includes(field.type));
  const keepDraft = (form) => {
    const values = fields(form).map((field) => [field.name, ["radio", "checkbox"].includes(field.type) ? (field.checked ? field.value : null) : field.value]);
    storage((store) => store.setItem(draftKey(form), JSON.stringify(values)));
  };
  const dropDraft = (form) => storage((store) => store.removeItem(draftKey(form)));
  const fillDraft = (form) => {
    const draft = storage((store) => JSON.parse(store.getItem(draftKey(form))));
    if (!draft) return false;
    const here = fields(form);
    draft.forEach(([name, value], index) => {
      const field = here[index];
      if (!field || field.name !== name) return;
      if (["radio", "checkbox"].includes(field.type)) field.checked = value !== null;
      else field.value = value;
    });
    return true;
  };

  // Ordering ---------------------------------------------------------------------------------------------------

  const renumber = (list) => [...list.children].forEach((step, index) => { step.querySelector("select").value = index + 1; });
  const moveButton = (list, step, text, label, by) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn quiet move";
    button.textContent = text;
    button.setAttribute("aria-label", `${label}: ${step.querySelector(".text").textContent.trim()}`);
    button.addEventListener("click", () => {
      const steps = [...list.children];
      const target = steps[steps.indexOf(step) + by];
      if (!target) return;
      by < 0 ? target.before(step) : target.after(step);
      renumber(list);
      button.focus();
      list.dispatchEvent(new Event("change", { bubbles: true }));
      const number = [...list.children].indexOf(step) + 1;
      announce(`${step.querySelector(".text").textContent.trim()}: ${list.dataset.moved.replace("{number}", number).replace("{total}", steps.length)}`);
    });
    return button;
  };
  const makeMovable = (list) => {
    const number = (step) => Number(step.querySelector("select").value) || Infinity;
    [...list.children].map((step, index) => [number(step), index, step]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).forEach(([, , step]) => list.append(step));
    for (const step of list.children) {
      step.querySelector("select").hidden = true;
      const buttons = document.createElement("span");
      buttons.className = "moves";
      buttons.append(moveButton(list, step, "↑", list.dataset.up, -1), moveButton(list, step, "↓", list.dataset.down, 1));
      step.append(buttons);
    }
    list.classList.add("movable");
    // In an exam an untouched order is no answer yet; in a lesson the button sends it as it stands.
    if (!isLive(list.closest("form")) || list.querySelector("select").value) renumber(list);
  };

  const prepare = (within) => {
    for (const form of forms(within)) {
      const isFilled = fillDraft(form);
      form.querySelectorAll("[data-ordering]:not(.movable)").forEach(makeMovable);
      if (isFilled && isLive(form)) send(form);
    }
  };

  // Saving -----------------------------------------------------------------------------------------------------

  const newToken = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
  const send = (form) => {
    if (!form.isConnected) unsaved.delete(form);
    else if (isLive(form)) htmx.trigger(form, "change");
    else form.requestSubmit();
  };
  const later = (form, text) => {
    const { tries, timer } = unsaved.get(form) || { tries: 0 };
    clearTimeout(timer);
    const wait = RETRY_AFTER[Math.min(tries, RETRY_AFTER.length - 1)];
    unsaved.set(form, { tries: tries + 1, timer: setTimeout(() => send(form), wait * 1000) });
    keepDraft(form);
    say(form, text, "unsaved");
    goOn = null;
  };
  const settled = (form) => {
    clearTimeout(unsaved.get(form)?.timer);
    unsaved.delete(form);
  };

  lesson.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-answer]");
    if (!form) return;
    keepDraft(form);
    // The first sending may have arrived although no answer came back: a changed answer is another try, so another token.
    if (unsaved.has(form) && !isLive(form)) form.elements.token.value = newToken();
  });
  lesson.addEventListener("input", (event) => {
    if (event.target.matches("form[data-answer] textarea")) keepDraft(event.target.form);
  });
  let goOn = null; // the button that was pressed while something was unsaved: it is followed once that is saved
  lesson.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-answer]")) return;
    keepDraft(form);
    if (isLive(form) && (unsaved.has(form) || !navigator.onLine)) {
      event.preventDefault();
      goOn = event.submitter;
      send(form);
    }
  }, true);

  const onAnswer = (name, work) => document.body.addEventListener(name, (event) => {
    const asker = event.detail.requestConfig?.elt || event.detail.elt; // of a swap, detail.elt is what is swapped
    const form = asker.closest("form[data-answer]");
    if (form) work(form, event.detail.xhr, event.detail);
  });
  // How often this page has sent since it last heard back, so that the server knows a lost answer from an old tab.
  onAnswer("htmx:configRequest", (form) => { if (isLive(form)) form.elements.sent.value = Number(form.elements.sent.value) + 1; });
  onAnswer("htmx:sendError", (form) => later(form, lesson.dataset.unsaved));
  onAnswer("htmx:timeout", (form) => later(form, lesson.dataset.unsaved));
  onAnswer("htmx:beforeOnLoad", (form, xhr) => { if (xhr.status < 500) settled(form); });
  onAnswer("htmx:responseError", (form, xhr) => {
    if (xhr.status === 403) location.reload(); // signed in anew elsewhere: the fresh page brings a valid form, the draft fills it
    else if (xhr.status === 409 && isLive(form)) { dropDraft(form); location.reload(); } // a newer answer is kept: show it
    else if (xhr.status === 409) say(form, lesson.dataset.conflict, "unsaved");
    else if ([502, 503, 504].includes(xhr.status)) later(form, lesson.dataset.unsaved);
    else { settled(form); say(form, lesson.dataset.failed, "unsaved"); }
  });
  onAnswer("htmx:beforeSwap", (form, xhr, detail) => {
    // A question that was changed meanwhile comes back as it stands now; what was ticked in the old one means nothing there.
    const isChanged = xhr.status === 409 && xhr.getResponseHeader("HX-Retarget");
    if (isChanged) Object.assign(detail, { shouldSwap: true, isError: false });
    if (xhr.status < 300 || isChanged) dropDraft(form);
  });
  onAnswer("htmx:afterSwap", (form) => {
    const button = goOn;
    goOn = null;
    if (button?.isConnected) form.requestSubmit(button);
  });
  document.body.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const card = event.detail.elt.closest?.(".question") || document.getElementById(event.detail.elt.id);
    if (!card?.matches(".question") || card.matches("[data-live]")) return;
    // The focus went with the old card. Who has moved on meanwhile, perhaps typing already, stays where they are.
    if (document.activeElement === document.body || card.contains(document.activeElement)) {
      card.focus({ preventScroll: true });
      // A long question may hide what is wrong with the answer above the button that was just pressed.
      (card.querySelector(".invalid-feedback") ?? card).scrollIntoView({ block: "nearest" });
    }
    const outcome = card.querySelector("[role=status], .invalid-feedback");
    const state = document.querySelector("#lesson-state p");
    announce([outcome, state].map((part) => part?.textContent.replace(/\s+/g, " ").trim()).filter(Boolean).join(" "));
  });

  addEventListener("online", () => unsaved.forEach((_state, form) => send(form)));
  addEventListener("beforeunload", (event) => { if (unsaved.size) event.preventDefault(); });

  // ------------------------------------------------------------------------------------------------------------

  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target && target.closest("details");
    if (fold) { fold.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", openTarget);
  prepare(lesson);
  openTarget();
  lesson.querySelector("[data-focus]")?.focus();
})();
