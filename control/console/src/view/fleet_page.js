import { searchWords, select } from "../fleet/selection.js";
import { DeviceGrid } from "./device_grid.js";
import { h, setText } from "./dom.js";
import { formatCount } from "./format.js";

/**
 * How often a list is made anew because its devices change – rows in sight change with every frame –
 * and the share of the time that this may take, which is more than that with very many devices.
 */
const SELECT_EVERY_MS = 250;
const SELECT_SHARE = 0.1;
const AGES_EVERY_MS = 15_000;
const ANNOUNCE_AFTER_MS = 800;

/** All devices: search, filter, order. It keeps its state while another page is shown. */
export class FleetPage {
    #fleet;
    #announce;
    #wish = { words: [], state: "all", sort: "device", descending: false };
    #isLoading = true;
    #wasOpened = false;
    #selectTimer = 0;
    #selectMs = 0; // what it took the last time
    #agesTimer = 0;
    #announceTimer = 0;
    #grid;
    #count = h("p", { class: "count" });
    #empty = h("p", { class: "empty", hidden: true });
    #search = h("input", {
        type: "search",
        placeholder: "Search id, model, firmware, node, label=value",
        "aria-label": "Search devices",
        "aria-keyshortcuts": "/",
        autocomplete: "off",
        spellcheck: "false",
        oninput: () => this.#change({ words: searchWords(this.#search.value) }),
        onkeydown: (event) => this.#pressInSearch(event),
    });
    element;

    constructor(fleet, { onOpen, announce }) {
        this.#fleet = fleet;
        this.#announce = announce;
        this.#grid = new DeviceGrid({
            lookUp: (id) => fleet.devices.get(id),
            onOpen,
            onSort: (column) => this.#sort(column),
        });
        this.element = h(
            "section",
            { class: "fleet", "aria-label": "Fleet" },
            h("h1", { class: "visually-hidden" }, "Fleet"),
            h("div", { class: "toolbar" }, this.#search, this.#states(), this.#count),
            this.#grid.element,
            this.#empty,
        );
        this.#grid.setSort("device", false);
    }

    open() {
        this.#select();
        this.#grid.restore();
        this.#agesTimer = setInterval(() => this.#grid.redraw(), AGES_EVERY_MS);
        if (this.#wasOpened) {
            this.#grid.focus(); // back from a device: the keys go on where they were
        }
        this.#wasOpened = true;
    }

    close() {
        clearInterval(this.#agesTimer);
    }

    focusSearch() {
        this.#search.focus();
        this.#search.select();
    }

    setLoading(isLoading) {
        this.#isLoading = isLoading;
        this.fleetChanged();
    }

    fleetChanged() {
        if (this.element.isConnected) {
            this.#grid.redraw();
            const pause = Math.max(SELECT_EVERY_MS, this.#selectMs / SELECT_SHARE);
            this.#selectTimer ||= setTimeout(() => this.#select(), pause);
        }
    }

    #states() {
        const choice = (state, text) =>
            h(
                "label",
                {},
                h("input", {
                    type: "radio",
                    name: "state",
                    value: state,
                    checked: state === this.#wish.state,
                    onchange: () => this.#change({ state }),
                }),
                h("span", {}, text),
            );
        return h(
            "fieldset",
            { class: "choices" },
            h("legend", { class: "visually-hidden" }, "Presence"),
            choice("all", "All"),
            choice("online", "Online"),
            choice("offline", "Offline"),
        );
    }

    #change(change) {
        Object.assign(this.#wish, change);
        this.#grid.rewind();
        this.#select();
        clearTimeout(this.#announceTimer);
        this.#announceTimer = setTimeout(
            () => this.#announce(this.#count.textContent),
            ANNOUNCE_AFTER_MS,
        );
    }

    #sort(column) {
        const descending = this.#wish.sort === column && !this.#wish.descending;
        this.#grid.setSort(column, descending);
        this.#change({ sort: column, descending });
    }

    #select() {
        clearTimeout(this.#selectTimer);
        this.#selectTimer = 0;
        const { devices, online } = this.#fleet;
        const begun = performance.now();
        const ids = select(devices.values(), this.#wish);
        this.#grid.show(ids);
        this.#selectMs = performance.now() - begun;
        const all = `${formatCount(devices.size)} devices, ${formatCount(online)} online`;
        const some = `${formatCount(ids.length)} of ${formatCount(devices.size)} devices`;
        const count = ids.length === devices.size ? all : some;
        setText(this.#count, this.#isLoading ? `${count} – reading…` : count);
        this.#empty.hidden = ids.length > 0 || this.#isLoading;
        setText(
            this.#empty,
            devices.size === 0 ? "No device has been connected yet." : "No device matches.",
        );
    }

    #pressInSearch(event) {
        if (event.key === "ArrowDown") {
            event.preventDefault();
            this.#grid.focus();
        } else if (event.key === "Enter") {
            this.#grid.openFirst();
        } else if (event.key === "Escape" && this.#search.value) {
            event.preventDefault();
            this.#search.value = "";
            this.#change({ words: [] });
        }
    }
}
