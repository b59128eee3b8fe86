import { callCommand, newCommandId } from "../api/command_call.js";
import { Backoff } from "../stream/backoff.js";
import { parseArguments } from "../device/arguments.js";
import { h } from "./dom.js";
import { Outcome } from "./outcome.js";

/** Sends a command and shows its reply as it comes. Without the role for it, it says so. */
export class CommandForm {
    #api;
    #device;
    #onStep;
    #announce;
    #closing = new AbortController();
    #suggestions = h("datalist", { id: "commands-known" });
    #command = h("input", {
        id: "command",
        required: true,
        maxlength: "128",
        autocomplete: "off",
        spellcheck: "false",
        list: "commands-known",
        placeholder: "get_state",
    });
    #args = h("textarea", {
        id: "args",
        rows: "3",
        spellcheck: "false",
        placeholder: "{}",
        "aria-describedby": "args-problem",
        oninput: () => this.#checkArguments(),
        onkeydown: (event) => this.#press(event),
    });
    #problem = h("p", { id: "args-problem", class: "problem", role: "alert" });
    #timeout = number("timeout_s", 1, 300, "30");
    #ttl = number("ttl_s", 0, 172800, "60");
    #delivery = h(
        "select",
        { id: "delivery" },
        h("option", { value: "" }, "at least once"),
        h("option", { value: "at_most_once" }, "at most once"),
    );
    #outcomes = h("div", { class: "outcomes" });
    element;

    constructor({ api, device, mayOperate, onStep, announce }) {
        this.#api = api;
        this.#device = device;
        this.#onStep = onStep;
        this.#announce = announce;
        this.element = mayOperate
            ? h("div", {}, this.#form(), this.#outcomes)
            : h(
                  "p",
                  { class: "empty" },
                  "A viewer's token reads only. Sending needs an operator's.",
              );
    }

    /** Names that this device has been sent before. */
    suggest(names) {
        const options = [...new Set(names)].map((name) => h("option", { value: name }));
        this.#suggestions.replaceChildren(...options);
    }

    /** What was sent goes on; only nobody looks any more. */
    close() {
        this.#closing.abort();
    }

    #form() {
        return h(
            "form",
            { class: "command", onsubmit: (event) => this.#submit(event), novalidate: true },
            field("command", "Command", this.#command, this.#suggestions),
            field("args", "Arguments, a JSON object", this.#args, this.#problem),
            h(
                "details",
                {},
                h("summary", {}, "Times and delivery"),
                h(
                    "div",
                    { class: "options" },
                    field("timeout_s", "Answer within, s", this.#timeout),
                    field("ttl_s", "Send within, s", this.#ttl),
                    field("delivery", "Delivery", this.#delivery),
                ),
            ),
            h("button", { type: "submit", class: "primary" }, "Send"),
        );
    }

    #press(event) {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            event.target.form.requestSubmit();
        }
    }

    #checkArguments() {
        const { error } = parseArguments(this.#args.value);
        this.#problem.textContent = error ? `Arguments: ${error}` : "";
        this.#args.setAttribute("aria-invalid", String(Boolean(error)));
        return !error;
    }

    /** The body, or null after the first field that is wrong was pointed at. */
    #read() {
        const wrong = [this.#command, this.#timeout, this.#ttl].find(
            (input) => !input.checkValidity(),
        );
        if (wrong) {
            wrong.reportValidity();
            return null;
        }
        if (!this.#checkArguments()) {
            this.#args.focus();
            return null;
        }
        const wish = (input) => (input.value === "" ? undefined : Number(input.value));
        return {
            command: this.#command.value,
            args: parseArguments(this.#args.value).args,
            timeout_s: wish(this.#timeout),
            ttl_s: wish(this.#ttl),
            delivery: this.#delivery.value || undefined,
        };
    }

    async #submit(event) {
        event.preventDefault();
        const body = this.#read();
        if (!body) {
            return;
        }
        const id = newCommandId();
        const outcome = new Outcome(body.command);
        this.#outcomes.replaceChildren(outcome.element); // older ones are in the list of commands
        try {
            const end = await callCommand(this.#api, this.#device, id, body, {
                signal: this.#closing.signal,
                backoff: new Backoff({ mostMs: 5000 }),
                onState: (state, told) => {
                    outcome.setState(state);
                    this.#onStep({ ...told, id, state, command: body.command });
                },
                onTrouble: (problem) => outcome.setTrouble(problem),
            });
            outcome.end(end);
            this.#announce(`${body.command}: ${end.state}`);
        } catch (problem) {
            if (!this.#closing.signal.aborted) {
                outcome.refuse(problem);
                this.#announce(`${body.command}: ${problem.message}`);
            }
        }
    }
}

function number(id, min, max, placeholder) {
    return h("input", {
        id,
        type: "number",
        min,
        max,
        step: "1",
        inputmode: "numeric",
        placeholder,
    });
}

function field(id, label, ...inputs) {
    return h("div", { class: "field" }, h("label", { for: id }, label), ...inputs);
}
