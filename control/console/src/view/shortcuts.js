const isTyping = (element) =>
    element?.matches?.("input, textarea, select, [contenteditable]") ?? false;

/** The keys that work everywhere: `/` searches, Escape goes back. */
export class Shortcuts {
    #actions;

    constructor(actions) {
        this.#actions = actions;
    }

    listen(signal) {
        document.addEventListener("keydown", (event) => this.#press(event), { signal });
    }

    #press(event) {
        if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }
        if (event.key === "/" && !isTyping(event.target)) {
            event.preventDefault();
            this.#actions.search();
        } else if (event.key === "Escape") {
            if (isTyping(event.target)) {
                event.target.blur(); // the first one only leaves the field
            } else {
                this.#actions.back();
            }
        }
    }
}
