/** What the address means: `#/`, `#/fleet`, `#/devices/<id>`; anything else is the overview. */
export function parseRoute(hash) {
    const [, name, rest] = /^#\/([a-z]*)\/?(.*)$/.exec(hash) ?? [];
    if (name === "devices" && rest) {
        try {
            return { view: "device", device: decodeURIComponent(rest) };
        } catch {
            return { view: "overview" }; // a stray percent sign
        }
    }
    return { view: name === "fleet" ? "fleet" : "overview" };
}

export function deviceHash(device) {
    return `#/devices/${encodeURIComponent(device)}`;
}
