import { announce, fill } from "./announce.js";

/** The steps by their numbers; those that have none yet come last, as they stood. */
export const byNumber = (steps, numberOf) =>
  [...steps].sort((one, other) => (numberOf(one) || steps.length + 1) - (numberOf(other) || steps.length + 1));

const numberOf = (step) => Number(step.querySelector("select").value);
const textOf = (step) => step.querySelector(".text").textContent.trim();

function renumber(list) {
  [...list.children].forEach((step, index) => {
    step.querySelector("select").value = index + 1;
  });
}

/** Moves the step up (-1) or down (1), and returns whether there was room. */
function move(list, step, by) {
  const steps = [...list.children];
  const target = steps[steps.indexOf(step) + by];
  if (!target) return false;
  if (by < 0) target.before(step);
  else target.after(step);
  renumber(list);
  return true;
}

function moveButton(list, step, by, sign, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn quiet move";
  button.textContent = sign;
  button.setAttribute("aria-label", `${label}: ${textOf(step)}`);
  button.addEventListener("click", () => {
    if (!move(list, step, by)) return;
    button.focus(); // it has gone with the step
    list.dispatchEvent(new Event("change", { bubbles: true }));
    const place = fill(list.dataset.moved, { number: numberOf(step), total: list.children.length });
    announce(`${textOf(step)}: ${place}`);
  });
  return button;
}

/** Buttons that move the steps take the place of their numbers. `isAnswer`: untouched, the order is an answer too. */
export function makeMovable(list, isAnswer) {
  list.append(...byNumber([...list.children], numberOf));
  for (const step of list.children) {
    step.querySelector("select").hidden = true;
    const buttons = document.createElement("span");
    buttons.className = "moves";
    buttons.append(moveButton(list, step, -1, "↑", list.dataset.up), moveButton(list, step, 1, "↓", list.dataset.down));
    step.append(buttons);
  }
  list.classList.add("movable");
  if (isAnswer || list.querySelector("select").value) renumber(list);
}
