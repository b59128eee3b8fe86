import { h, setText } from "./dom.js";

const PAGES = [
    ["overview", "#/", "Overview"],
    ["fleet", "#/fleet", "Fleet"],
];

/** The line on top of every page: where one is, as whom, and whether what is shown is live. */
export class Header {
    #links = new Map(PAGES.map(([view, href, text]) => [view, h("a", { href }, text)]));
    #connection = h("span", { class: "connection", "data-state": "connecting" }, "connecting");
    element;

    constructor({ role, onLeave }) {
        this.element = h(
            "header",
            {},
            h("span", { class: "brand" }, "device-mgmt"),
            h("nav", { "aria-label": "Pages" }, ...this.#links.values()),
            this.#connection,
            h("span", { class: "role" }, role ?? "operator"),
            h("button", { type: "button", class: "quiet", onclick: onLeave }, "Sign out"),
        );
    }

    /** A device belongs to the fleet. */
    setCurrent(view) {
        const current = view === "device" ? "fleet" : view;
        for (const [name, link] of this.#links) {
            link.toggleAttribute("aria-current", false);
            if (name === current) {
                link.setAttribute("aria-current", "page");
            }
        }
    }

    setConnection(state) {
        this.#connection.dataset.state = state;
        setText(this.#connection, state);
    }
}
