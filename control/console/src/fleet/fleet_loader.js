import { Backoff } from "../stream/backoff.js";
import { delay } from "../stream/delay.js";

/**
 * Reads the whole fleet, page after page, as often as `reload` is called; a reload that is under way
 * is given up for the next. Pages that nobody can answer now are asked for again.
 */
export class FleetLoader {
    #api;
    #fleet;
    #onState;
    #attempt = null;

    /** `onState(isLoading)` */
    constructor(api, fleet, onState = () => {}) {
        this.#api = api;
        this.#fleet = fleet;
        this.#onState = onState;
    }

    async reload() {
        this.stop();
        const attempt = new AbortController();
        this.#attempt = attempt;
        this.#onState(true);
        this.#fleet.beginReload();
        const backoff = new Backoff();
        let page = {};
        do {
            try {
                page = await this.#api.devices(page.cursor, attempt.signal);
                this.#fleet.take(attempt.signal.aborted ? [] : page.devices);
                backoff.reset();
            } catch (problem) {
                if (problem.isFinal) {
                    return;
                }
                await delay(backoff.next(), attempt.signal);
                page.cursor ??= ""; // the first page is asked for again
            }
        } while (page.cursor !== undefined && !attempt.signal.aborted);
        if (!attempt.signal.aborted) {
            this.#fleet.endReload();
            this.#onState(false);
        }
    }

    stop() {
        this.#attempt?.abort();
    }
}
