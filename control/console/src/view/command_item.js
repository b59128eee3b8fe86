import { isCancellable, stateOf } from "../device/command_log.js";
import { h, setText } from "./dom.js";
import { formatClock, formatMs, formatTime } from "./format.js";
import { setChip, stateChip } from "./state_chip.js";

/** One command: its state, the line of its steps, and behind that the reply. */
export class CommandItem {
    #command = null;
    #drawnSteps = 0;
    #name = h("b");
    #state = stateChip("accepted");
    #took = h("span", { class: "took" });
    #when = h("time");
    #author = h("span");
    #note = h("p", { class: "note", hidden: true });
    #steps = h("ol", { class: "steps" });
    #reply = h("pre", { hidden: true, tabindex: "0", "aria-label": "Reply" });
    #cancel = null;
    element;

    constructor(id, { readHistory, onCancel }) {
        if (onCancel) {
            this.#cancel = h(
                "button",
                { type: "button", class: "cancel", hidden: true, onclick: () => onCancel(id) },
                "Cancel",
            );
        }
        const open = (event) => {
            if (event.target.open && !this.#command.hasHistory) {
                readHistory(id);
            }
        };
        this.element = h(
            "li",
            {},
            h(
                "p",
                { class: "line" },
                this.#name,
                this.#state,
                this.#took,
                this.#when,
                this.#cancel,
            ),
            this.#steps,
            this.#note,
            h(
                "details",
                { ontoggle: open },
                h("summary", {}, "Reply"),
                h("p", { class: "id" }, `id ${id}`, this.#author),
                this.#reply,
            ),
        );
    }

    setNote(note) {
        this.#note.hidden = false;
        setText(this.#note, note);
    }

    draw(command) {
        this.#command = command;
        const { steps, end } = command;
        setText(this.#name, command.command ?? "…");
        setChip(this.#state, stateOf(command));
        setText(this.#took, end?.latency_ms === undefined ? "" : formatMs(end.latency_ms));
        setText(this.#when, formatTime(command.acceptedAt));
        setText(this.#author, command.operator ? `, sent by ${command.operator}` : "");
        if (this.#cancel) {
            this.#cancel.hidden = !isCancellable(command);
        }
        if (this.#drawnSteps !== steps.length) {
            this.#drawnSteps = steps.length;
            this.#steps.replaceChildren(...steps.map((step) => stepItem(step, steps[0].time)));
        }
        if (end) {
            const { data, error, status } = end;
            this.#reply.hidden = data === undefined && error === undefined;
            setText(this.#reply, JSON.stringify({ status, data, error }, null, 2));
        }
    }
}

function stepItem({ state, attempt, time, detail }, begin) {
    const after = Date.parse(time) - Date.parse(begin);
    const again = attempt > 1 && state === "sent" ? `, attempt ${attempt}` : "";
    return h(
        "li",
        { "data-state": state },
        h("span", {}, state.replace("_", " ") + again),
        h(
            "small",
            { title: formatTime(time) },
            after > 0 ? `+${formatMs(after)}` : formatClock(time),
        ),
        detail ? h("small", {}, detail.replaceAll("_", " ")) : null,
    );
}
