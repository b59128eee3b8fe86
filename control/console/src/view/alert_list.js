import { h } from "./dom.js";
import { formatClock } from "./format.js";
import { deviceHash } from "./route.js";
import { stateChip } from "./state_chip.js";

const MAX_ALERTS = 20;

/** What devices have raised since the page was opened, the latest first. */
export class AlertList {
    #list = h("ol", { class: "alerts" });
    #none = h("p", { class: "empty" }, "None since this page was opened.");
    element = h("div", {}, this.#none, this.#list);

    take({ device, severity, message, time, received }) {
        this.#none.hidden = true;
        this.#list.prepend(
            h(
                "li",
                {},
                stateChip(severity),
                h("time", {}, formatClock(received ?? time)),
                h("a", { href: deviceHash(device) }, device),
                h("span", {}, message),
            ),
        );
        while (this.#list.children.length > MAX_ALERTS) {
            this.#list.lastChild.remove();
        }
    }
}
