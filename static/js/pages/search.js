// Search page: the setting for the key "/".
import { isOn, keep } from "../search_key.js";

const choice = document.querySelector("[data-search-key]");
const box = choice.querySelector("input");
choice.hidden = false;
box.checked = isOn();
box.addEventListener("change", () => keep(box.checked));
