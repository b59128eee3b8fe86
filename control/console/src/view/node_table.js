import { h } from "./dom.js";
import { formatCount } from "./format.js";
import { stateChip } from "./state_chip.js";

/** The servers, as they describe themselves. */
export class NodeTable {
    #body = h("tbody");
    #drawn = "";
    element = h(
        "div",
        { class: "table" },
        h(
            "table",
            {},
            h(
                "thead",
                {},
                h("tr", {}, ...["Node", "State", "Sessions", "Version", "URL"].map(column)),
            ),
            this.#body,
        ),
    );

    draw(nodes) {
        const wanted = JSON.stringify(nodes);
        if (wanted === this.#drawn) {
            return;
        }
        this.#drawn = wanted;
        this.#body.replaceChildren(
            ...nodes.map(({ node, state, sessions, capacity, version, url }) =>
                h(
                    "tr",
                    {},
                    h("th", { scope: "row" }, node),
                    h("td", {}, stateChip(state)),
                    h("td", {}, occupation(sessions, capacity)),
                    h("td", {}, version ?? ""),
                    h("td", { class: "url" }, url ?? ""),
                ),
            ),
        );
    }
}

/** A capacity of 0 is none that is known. */
function occupation(sessions = 0, capacity = 0) {
    return formatCount(sessions) + (capacity > 0 ? ` of ${formatCount(capacity)}` : "");
}

const column = (text) => h("th", { scope: "col" }, text);
