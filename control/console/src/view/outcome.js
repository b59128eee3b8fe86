import { h } from "./dom.js";
import { formatMs } from "./format.js";
import { setChip, stateChip } from "./state_chip.js";

/** What becomes of a command that was just sent, as it happens. */
export class Outcome {
    #state = stateChip("sending");
    #note = h("span", { class: "note" });
    #reply = h("pre", { hidden: true, tabindex: "0", "aria-label": "Reply" });
    element;

    constructor(command) {
        this.element = h(
            "div",
            { class: "outcome" },
            h("p", {}, h("b", {}, command), " ", this.#state, " ", this.#note),
            this.#reply,
        );
    }

    setState(state) {
        setChip(this.#state, state);
        this.#note.textContent = "";
    }

    setTrouble(problem) {
        this.#note.textContent = `${problem.message ?? "connection lost"}; looking again`;
    }

    end({ state, status, data, latency_ms: latency, error }) {
        setChip(this.#state, state);
        this.#note.textContent = [formatMs(latency), status && `status ${status}`]
            .filter(Boolean)
            .join(", ");
        this.#show(error ? { error, data } : data);
    }

    refuse(problem) {
        setChip(this.#state, "rejected");
        this.#note.textContent = problem.message;
    }

    #show(reply) {
        this.#reply.hidden = reply === undefined;
        this.#reply.textContent = JSON.stringify(reply, null, 2);
    }
}
