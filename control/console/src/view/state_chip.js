import { h, setText } from "./dom.js";

/** A word with the colour of its meaning; the word alone says it, too. */
export function stateChip(state) {
    return h("span", { class: "chip", "data-state": state }, state.replace("_", " "));
}

export function setChip(chip, state) {
    chip.dataset.state = state;
    setText(chip, state.replace("_", " "));
}
