/** What the nodes say of themselves, by name. */
export class Nodes {
    #nodes = new Map();

    take(node) {
        this.#nodes.set(node.node, node);
    }

    get all() {
        return [...this.#nodes.values()].sort((a, b) => (a.node < b.node ? -1 : 1));
    }

    /** Of the nodes that are there. */
    get totals() {
        const up = this.all.filter(({ state }) => state !== "down");
        const sum = (name) => up.reduce((total, node) => total + (node[name] ?? 0), 0);
        return { up: up.length, sessions: sum("sessions"), capacity: sum("capacity") };
    }
}
