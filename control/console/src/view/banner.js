import { h } from "./dom.js";

/** Says that what is shown may be old, and since when somebody tries to change that. */
export class Banner {
    #text = h("span");
    element;

    constructor(onRetry) {
        this.element = h(
            "div",
            { class: "banner", role: "alert", hidden: true },
            this.#text,
            h("button", { type: "button", onclick: onRetry }, "Try now"),
        );
    }

    show(text) {
        this.#text.textContent = text;
        this.element.hidden = false;
    }

    hide() {
        this.element.hidden = true;
    }

    get isShown() {
        return !this.element.hidden;
    }
}
