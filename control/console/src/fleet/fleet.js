import { supersedes } from "./presence.js";

/**
 * The devices as they are known: read page by page, kept up to date by presence events, in whatever
 * order both come. `onChange` is called at once and often; who draws waits for a frame.
 */
export class Fleet {
    /** id → device as the API tells it, with `text` to search in. */
    devices = new Map();
    online = 0;
    #touched = null; // ids seen since a reload began
    #onChange;

    constructor(onChange = () => {}) {
        this.#onChange = onChange;
    }

    /** From now on a device that is neither read nor heard of is gone at `endReload`. */
    beginReload() {
        this.#touched = new Set();
    }

    endReload() {
        for (const id of this.devices.keys()) {
            if (!this.#touched.has(id)) {
                this.#remove(id);
            }
        }
        this.#touched = null;
        this.#onChange();
    }

    take(devices) {
        for (const device of devices) {
            this.#put(device);
        }
        this.#onChange();
    }

    /** A presence event. It has no labels: those that are known stay. */
    takePresence(presence) {
        this.#put(presence);
        this.#onChange();
    }

    #put(next) {
        const id = next.device;
        this.#touched?.add(id);
        const known = this.devices.get(id);
        if (known && !supersedes(next, known)) {
            return;
        }
        const device = { ...known, ...next };
        device.text = searchText(device);
        this.devices.set(id, device);
        this.online += Number(device.online) - Number(known?.online ?? false);
    }

    #remove(id) {
        this.online -= Number(this.devices.get(id).online);
        this.devices.delete(id);
    }
}

function searchText({ device, model = "", firmware = "", node = "", labels = {} }) {
    const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    return [device, model, firmware, node, ...pairs].join("\n").toLowerCase();
}
