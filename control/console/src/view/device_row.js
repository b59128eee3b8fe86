import { h, setText } from "./dom.js";
import { formatAge, formatTime } from "./format.js";
import { deviceHash } from "./route.js";
import { setChip, stateChip } from "./state_chip.js";

export const COLUMNS = [
    ["device", "Device"],
    ["state", "State"],
    ["model", "Model"],
    ["firmware", "Firmware"],
    ["node", "Node"],
    ["since", "Since"],
];

/** A row of the fleet's table. It is used again for other devices when the table is scrolled. */
export class DeviceRow {
    #link = h("a", { tabindex: "-1" });
    #state = stateChip("offline");
    #cells = new Map(["model", "firmware", "node", "since"].map((name) => [name, cell(name)]));
    element = h(
        "div",
        { role: "row", class: "row" },
        cell("device", this.#link),
        cell("state", this.#state),
        ...this.#cells.values(),
    );
    device = "";
    index = -1;

    draw(device, index, rowHeight, isActive, now) {
        if (this.index !== index) {
            this.index = index;
            this.element.id = `row-${index}`;
            this.element.setAttribute("aria-rowindex", index + 2); // the header is the first
            this.element.style.transform = `translateY(${index * rowHeight}px)`;
        }
        if (this.device !== device.device) {
            this.device = device.device;
            setText(this.#link, device.device);
            this.#link.href = deviceHash(device.device);
        }
        this.element.setAttribute("aria-selected", isActive);
        setChip(this.#state, device.online ? "online" : "offline");
        for (const name of ["model", "firmware", "node"]) {
            setText(this.#cells.get(name), device[name] ?? "");
        }
        const since = this.#cells.get("since");
        setText(since, formatAge(device.since, now));
        since.title = formatTime(device.since);
    }
}

function cell(name, ...content) {
    return h("div", { role: "gridcell", class: `cell ${name}` }, ...content);
}
