import { rowWindow, scrollTo } from "../fleet/row_window.js";
import { COLUMNS, DeviceRow } from "./device_row.js";
import { h, perFrame } from "./dom.js";

/**
 * A table of any number of devices of which only the rows in sight exist (ARIA grid with an active
 * descendant). Arrow keys, Page, Home and End move, Enter opens.
 */
export class DeviceGrid {
    #lookUp;
    #onOpen;
    #onSort;
    #ids = [];
    #active = 0;
    #rows = []; // those that exist
    #rowHeight = 40;
    #scrolled = 0; // when it was drawn last
    #headers = new Map();
    #spacer = h("div", { class: "spacer", role: "presentation" });
    #scroller = h("div", { class: "scroller", role: "rowgroup" }, this.#spacer);
    /** Draws in the next frame. */
    redraw = perFrame(() => this.#draw());
    element;

    /** `lookUp(id)` answers the device of an id in `show`. */
    constructor({ lookUp, onOpen, onSort }) {
        this.#lookUp = lookUp;
        this.#onOpen = onOpen;
        this.#onSort = onSort;
        this.element = h(
            "div",
            {
                class: "grid",
                role: "grid",
                tabindex: "0",
                "aria-label": "Devices",
                "aria-colcount": COLUMNS.length,
                onkeydown: (event) => this.#press(event),
            },
            this.#header(),
            this.#scroller,
        );
        this.#scroller.addEventListener("scroll", () => this.#scroll(), { passive: true });
        this.#spacer.addEventListener("click", (event) => this.#click(event));
        new ResizeObserver(() => this.redraw()).observe(this.#scroller);
    }

    /** These devices, in this order. The active one stays active if it is among them. */
    show(ids) {
        const active = this.#ids[this.#active];
        this.#ids = ids;
        const index = active === undefined ? -1 : ids.indexOf(active);
        this.#active = Math.max(0, index);
        this.element.setAttribute("aria-rowcount", ids.length + 1);
        this.redraw();
    }

    /** To the beginning: what is shown is the answer to another question. */
    rewind() {
        this.#active = 0;
        this.#scrolled = 0;
        this.#scroller.scrollTop = 0;
    }

    focus() {
        this.element.focus();
    }

    openFirst() {
        if (this.#ids.length > 0) {
            this.#onOpen(this.#ids[0]);
        }
    }

    /** Scroll positions are lost while an element is out of the page. */
    restore() {
        this.#draw(); // gives it its height
        this.#scroller.scrollTop = this.#scrolled;
        this.redraw();
    }

    setSort(column, descending) {
        for (const [name, header] of this.#headers) {
            const order = descending ? "descending" : "ascending";
            header.setAttribute("aria-sort", name === column ? order : "none");
        }
    }

    #header() {
        for (const [name, text] of COLUMNS) {
            const sort = h("button", { type: "button", onclick: () => this.#onSort(name) }, text);
            const attributes = { role: "columnheader", class: `cell ${name}`, "aria-sort": "none" };
            this.#headers.set(name, h("div", attributes, sort));
        }
        const row = h("div", { role: "row", class: "row", "aria-rowindex": "1" });
        row.append(...this.#headers.values());
        return h("div", { class: "head", role: "rowgroup" }, row);
    }

    #scroll() {
        this.#scrolled = this.#scroller.scrollTop;
        this.redraw();
    }

    #view() {
        return {
            scrollTop: this.#scroller.scrollTop,
            height: this.#scroller.clientHeight,
            rowHeight: this.#rowHeight,
            count: this.#ids.length,
        };
    }

    #draw() {
        if (!this.#scroller.isConnected) {
            return;
        }
        this.#measure();
        const { first, end } = rowWindow(this.#view());
        const now = Date.now();
        while (this.#rows.length < end - first) {
            this.#rows.push(new DeviceRow());
            this.#spacer.append(this.#rows.at(-1).element);
        }
        this.#rows.splice(end - first).forEach((row) => row.element.remove());
        for (let index = first; index < end; index += 1) {
            // A row keeps its place as long as it is in sight, so scrolling moves few of them.
            const row = this.#rows[index % this.#rows.length];
            const device = this.#lookUp(this.#ids[index]);
            if (device) {
                row.draw(device, index, this.#rowHeight, index === this.#active, now);
            } // else it is gone, and so is its row when the list is made anew
        }
        const isSeen = this.#active >= first && this.#active < end;
        this.element.setAttribute("aria-activedescendant", isSeen ? `row-${this.#active}` : "");
    }

    /** Rows are higher on a phone. */
    #measure() {
        const rowHeight = parseFloat(
            getComputedStyle(this.element).getPropertyValue("--row-height"),
        );
        if (rowHeight !== this.#rowHeight) {
            this.#rowHeight = rowHeight;
            this.#rows.splice(0).forEach((row) => row.element.remove());
        }
        this.#spacer.style.height = `${this.#ids.length * rowHeight}px`;
    }

    #press(event) {
        if (event.target !== this.element || this.#ids.length === 0) {
            return; // the buttons in the header have keys of their own
        }
        const page = Math.max(1, Math.floor(this.#scroller.clientHeight / this.#rowHeight) - 1);
        const moves = {
            ArrowDown: this.#active + 1,
            ArrowUp: this.#active - 1,
            PageDown: this.#active + page,
            PageUp: this.#active - page,
            Home: 0,
            End: this.#ids.length - 1,
        };
        if (event.key in moves) {
            event.preventDefault();
            this.#activate(moves[event.key]);
        } else if (event.key === "Enter") {
            this.#onOpen(this.#ids[this.#active]);
        }
    }

    #activate(index) {
        this.#active = Math.max(0, Math.min(this.#ids.length - 1, index));
        this.#scroller.scrollTop = scrollTo(this.#active, this.#view());
        this.redraw();
    }

    #click(event) {
        const element = event.target.closest(".row");
        const row = this.#rows.find((candidate) => candidate.element === element);
        if (!row || event.target.closest("a") || getSelection().toString()) {
            return; // links open themselves, also in another tab
        }
        this.#active = row.index;
        this.#onOpen(row.device);
    }
}
