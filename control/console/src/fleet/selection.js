/** The words of a search, each of which must occur. */
export function searchWords(text) {
    return text.toLowerCase().split(/\s+/).filter(Boolean);
}

const COLUMNS = {
    device: (device) => device.device,
    state: (device) => (device.online ? 0 : 1),
    model: (device) => device.model ?? "",
    firmware: (device) => device.firmware ?? "",
    node: (device) => device.node ?? "",
    since: (device) => device.since ?? "",
};

function byColumn(column, descending) {
    const key = COLUMNS[column];
    const sign = descending ? -1 : 1;
    return (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x !== y) {
            return x < y ? -sign : sign;
        }
        return a.device < b.device ? -1 : 1;
    };
}

/**
 * The ids of the devices to show, in order. `state`: `all`, `online` or `offline`; `sort`: a column;
 * `descending` turns that column round, devices of equal value stay in the order of their ids.
 */
export function select(
    devices,
    { words = [], state = "all", sort = "device", descending = false },
) {
    const wanted = [];
    for (const device of devices) {
        if (state !== "all" && device.online !== (state === "online")) {
            continue;
        }
        if (words.every((word) => device.text.includes(word))) {
            wanted.push(device);
        }
    }
    return wanted.sort(byColumn(sort, descending)).map(({ device }) => device);
}
