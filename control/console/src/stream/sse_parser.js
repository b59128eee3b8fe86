/** More than any event of control has; a server that sends no line feeds is none of ours. */
const MAX_LINE = 1024 * 1024;

/**
 * Cuts text/event-stream (WHATWG HTML, section 9.2.6) into events, from text as it comes in.
 * `onEvent` gets `{event, id, data}`; `lastEventId` also follows ids that come without an event.
 */
export class SseParser {
    lastEventId = "";
    #onEvent;
    #rest = "";
    #data = [];
    #event = "";
    #id = "";

    constructor(onEvent, lastEventId = "") {
        this.#onEvent = onEvent;
        this.lastEventId = this.#id = lastEventId;
    }

    push(text) {
        const all = this.#rest + text;
        const lineEnd = /\r\n|\n|\r/g;
        let begin = 0;
        for (let end; (end = lineEnd.exec(all)); begin = lineEnd.lastIndex) {
            if (end[0] === "\r" && lineEnd.lastIndex === all.length) {
                break; // its line feed may be on the way
            }
            this.#line(all.slice(begin, end.index));
        }
        this.#rest = all.slice(begin);
        if (this.#rest.length > MAX_LINE) {
            throw new Error("a line of the stream is too long");
        }
    }

    #line(line) {
        if (line === "") {
            this.#dispatch();
            return;
        }
        const colon = line.indexOf(":");
        const name = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
        if (name === "data") {
            this.#data.push(value);
        } else if (name === "event") {
            this.#event = value;
        } else if (name === "id" && !value.includes("\0")) {
            this.#id = value;
        }
    }

    #dispatch() {
        this.lastEventId = this.#id;
        if (this.#data.length > 0) {
            const data = this.#data.join("\n");
            this.#onEvent({ event: this.#event || "message", id: this.#id, data });
        }
        this.#data = [];
        this.#event = "";
    }
}
