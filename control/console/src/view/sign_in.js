import { h } from "./dom.js";

/** Asks for a token. `onToken(token)` answers a sentence when it is not taken. */
export class SignIn {
    #input = h("input", {
        id: "token",
        type: "password",
        autocomplete: "off",
        spellcheck: "false",
        required: true,
        "aria-describedby": "sign-in-problem",
    });
    #button = h("button", { type: "submit", class: "primary" }, "Sign in");
    #problem = h("p", { id: "sign-in-problem", class: "problem", role: "alert" });
    #onToken;
    element;

    constructor(onToken, problem = "") {
        this.#onToken = onToken;
        this.#tell(problem);
        this.element = h(
            "main",
            { class: "sign-in" },
            h(
                "form",
                { onsubmit: (event) => this.#submit(event), novalidate: true },
                h("h1", {}, "device-mgmt"),
                h("label", { for: "token" }, "Token of an operator or viewer"),
                this.#input,
                this.#problem,
                this.#button,
                h(
                    "p",
                    { class: "hint" },
                    "Made with ",
                    h("code", {}, "control tokens add"),
                    ". It is kept in this tab only.",
                ),
            ),
        );
    }

    focus() {
        this.#input.focus();
    }

    async #submit(event) {
        event.preventDefault();
        const token = this.#input.value.trim();
        if (!token) {
            this.#tell("Enter a token.");
            return;
        }
        this.#button.disabled = true;
        const problem = await this.#onToken(token);
        this.#button.disabled = false;
        if (problem) {
            this.#tell(problem);
            this.#input.select();
        }
    }

    #tell(problem) {
        this.#problem.textContent = problem;
        this.#input.setAttribute("aria-invalid", String(problem !== ""));
    }
}
