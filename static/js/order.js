import { announce, fill } from "./announce.js";

/** Sort steps by number; steps without one come last, in their present order. */
export const byNumber = (steps, numberOf) =>
  [...steps].sort((one, other) => (numberOf(one) || steps.length + 1) - (numberOf(other) || steps.length + 1));

/**
 * Return the index of the other step before which a step dragged to `y` belongs; their number if it belongs last.
 * `middles`: vertical middles of the others, from above.
 */
export const placeAt = (y, middles) => middles.filter((middle) => middle < y).length;

const numberOf = (step) => Number(step.querySelector("select").value);
const textOf = (step) => step.querySelector(".text").textContent.trim();

function renumber(list) {
  [...list.children].forEach((step, index) => {
    step.querySelector("select").value = index + 1;
  });
}

// Not `disabled`: at the first or last position the focus would be lost.
function markEnds(list) {
  [...list.children].forEach((step, index, { length }) => {
    const [up, down] = step.querySelectorAll(".move");
    up.setAttribute("aria-disabled", index === 0);
    down.setAttribute("aria-disabled", index === length - 1);
  });
}

function hasMoved(list, step) {
  renumber(list);
  markEnds(list);
  step.classList.remove("wrong"); // it was for the old position
  list.dispatchEvent(new Event("change", { bubbles: true }));
  const place = fill(list.dataset.moved, { number: numberOf(step), total: list.children.length });
  announce(`${textOf(step)}: ${place}`);
}

function moveButton(list, step, by, sign, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "move";
  button.textContent = sign;
  button.setAttribute("aria-label", `${label}: ${textOf(step)}`);
  button.addEventListener("click", () => {
    const steps = [...list.children];
    const target = steps[steps.indexOf(step) + by];
    if (!target) return;
    if (by < 0) target.before(step);
    else target.after(step);
    button.focus(); // moving lost the focus
    hasMoved(list, step);
  });
  return button;
}

function middleOf(step) {
  const { top, height } = step.getBoundingClientRect();
  return top + height / 2;
}

// The list captures the pointer, because a step would lose it when it is moved.
function makeDraggable(list) {
  let [taken, from] = [null, 0];
  const placeOf = (step) => [...list.children].indexOf(step);
  list.addEventListener("pointerdown", (event) => {
    if (!event.target.matches(".grip")) return;
    event.preventDefault();
    list.setPointerCapture(event.pointerId);
    taken = event.target.parentElement;
    from = placeOf(taken);
    taken.classList.add("taken");
  });
  list.addEventListener("pointermove", ({ clientY }) => {
    if (!taken) return;
    const others = [...list.children].filter((other) => other !== taken);
    const next = others[placeAt(clientY, others.map(middleOf))] ?? null;
    if (taken.nextElementSibling !== next) list.insertBefore(taken, next);
  });
  list.addEventListener("lostpointercapture", () => {
    const step = taken;
    taken = null;
    step?.classList.remove("taken");
    if (step && placeOf(step) !== from) hasMoved(list, step);
  });
}

/** Replace the numbers by handles and arrows. `isAnswer`: the unchanged order is an answer too. */
export function makeMovable(list, isAnswer) {
  list.append(...byNumber([...list.children], numberOf));
  for (const step of list.children) {
    step.querySelector("select").hidden = true;
    const buttons = document.createElement("span");
    buttons.className = "moves";
    buttons.append(moveButton(list, step, -1, "↑", list.dataset.up), moveButton(list, step, 1, "↓", list.dataset.down));
    step.querySelector(".text").after(buttons);
    const grip = document.createElement("span");
    grip.className = "grip";
    step.prepend(grip);
  }
  makeDraggable(list);
  markEnds(list);
  const hint = document.createElement("p");
  hint.className = "small";
  hint.textContent = list.dataset.hint;
  list.after(hint);
  list.classList.add("movable");
  if (isAnswer || list.querySelector("select").value) renumber(list);
}
