import { CommandItem } from "./command_item.js";
import { h } from "./dom.js";

/** A device's commands, each with the line of its states. */
export class CommandList {
    #log;
    #actions;
    #items = new Map(); // id → CommandItem
    #none = h("p", { class: "empty" }, "Reading…");
    #list = h("ol", { class: "commands" });
    /** The nodes have been asked: what is not here does not exist. */
    isRead = false;
    element = h("div", {}, this.#none, this.#list);

    /** `readHistory(id)`; `onCancel(id)`, or null where that is not allowed. */
    constructor(log, actions) {
        this.#log = log;
        this.#actions = actions;
    }

    draw() {
        const commands = this.#log.inOrder();
        const gone = new Set(this.#items.keys());
        commands.forEach((command, index) => {
            gone.delete(command.id);
            const item = this.#items.get(command.id) ?? this.#add(command.id);
            item.draw(command);
            if (this.#list.children[index] !== item.element) {
                this.#list.insertBefore(item.element, this.#list.children[index] ?? null);
            }
        });
        for (const id of gone) {
            this.#items.get(id).element.remove();
            this.#items.delete(id);
        }
        this.#none.hidden = commands.length > 0;
        this.#none.textContent = this.isRead ? "None that is remembered." : "Reading…";
    }

    setNote(id, note) {
        this.#items.get(id)?.setNote(note);
    }

    #add(id) {
        const item = new CommandItem(id, this.#actions);
        this.#items.set(id, item);
        return item;
    }
}
