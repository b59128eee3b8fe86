import { supersedes } from "../fleet/presence.js";
import { h, setText } from "./dom.js";
import { formatTime, NONE } from "./format.js";
import { setChip, stateChip } from "./state_chip.js";

const FACTS = [
    ["model", "Model"],
    ["firmware", "Firmware"],
    ["node", "Node"],
    ["since", "Since"],
    ["reason", "Reason"],
    ["labels", "Labels"],
    ["groups", "Groups"],
    ["first_seen", "First seen"],
];

const TIMES = new Set(["since", "first_seen"]);

/** The head of a device's page: its name, whether it is there, and what it said of itself. */
export class DeviceFacts {
    #known = {};
    #state = stateChip("unknown");
    #title;
    #values = new Map(FACTS.map(([name]) => [name, h("dd", {}, NONE)]));
    element;

    constructor(device, known) {
        this.#title = h("h1", { tabindex: "-1" }, device);
        this.element = h(
            "div",
            { class: "facts" },
            h("a", { class: "back", href: "#/fleet", "aria-keyshortcuts": "Escape" }, "← Fleet"),
            h("div", { class: "title" }, this.#title, this.#state),
            h(
                "dl",
                {},
                ...FACTS.map(([name, label]) =>
                    h("div", {}, h("dt", {}, label), this.#values.get(name)),
                ),
            ),
        );
        if (known) {
            this.take(known);
        }
    }

    focus() {
        this.#title.focus();
    }

    take(device) {
        if (this.#known.epoch !== undefined && !supersedes(device, this.#known)) {
            return;
        }
        this.#known = { ...this.#known, ...device };
        setChip(this.#state, device.online ? "online" : "offline");
        for (const [name, element] of this.#values) {
            setText(element, textOf(name, this.#known[name]));
        }
    }

    showUnknown() {
        setChip(this.#state, "never connected");
    }
}

function textOf(name, value) {
    if (value === undefined || value === null || value === "") {
        return NONE;
    }
    if (TIMES.has(name)) {
        return formatTime(value);
    }
    if (Array.isArray(value)) {
        return value.join(", ") || NONE;
    }
    if (typeof value === "object") {
        const pairs = Object.entries(value).map(([label, text]) => `${label}=${text}`);
        return pairs.join(", ") || NONE;
    }
    return String(value).replaceAll("_", " ");
}
