import { h } from "./dom.js";

/** Tells those who do not see the page what has changed on it. */
export class Announcer {
    element = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });

    say(text) {
        this.element.textContent = text;
    }
}
