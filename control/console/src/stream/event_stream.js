import { Backoff } from "./backoff.js";
import { delay } from "./delay.js";
import { readStream } from "./read_stream.js";

/** The server comments every 15 s; who hears nothing for so long has lost it without being told. */
const SILENCE_MS = 40_000;

/**
 * Follows a stream of events for as long as it runs: reconnects with back-off and resumes after the
 * last event it has seen.
 *
 * `open(lastEventId, signal)` answers a response or throws. `onState` gets `connecting`, `live`,
 * `lost` (with `{problem, retryMs}`) and `paused`. A problem that no repetition can cure
 * (`problem.isFinal`) ends it.
 */
export class EventStream {
    #open;
    #onEvent;
    #onState;
    #backoff;
    #lastEventId;
    #attempt = null;
    #tellPosition;
    /** Resolved when the first id has come: from then on nothing is missed. */
    positioned = new Promise((resolve) => (this.#tellPosition = resolve));

    constructor({ open, onEvent, onState = () => {}, backoff = new Backoff(), lastEventId = "" }) {
        this.#open = open;
        this.#onEvent = onEvent;
        this.#onState = onState;
        this.#backoff = backoff;
        this.#lastEventId = lastEventId;
    }

    get lastEventId() {
        return this.#lastEventId;
    }

    /** Also after a stop: goes on where it was. Now, if it is waiting for its next try. */
    start() {
        this.#attempt?.abort();
        this.#attempt = new AbortController();
        this.#run(this.#attempt.signal);
    }

    stop() {
        this.#attempt?.abort();
        this.#attempt = null;
        this.#onState("paused");
    }

    get isRunning() {
        return this.#attempt !== null;
    }

    async #run(signal) {
        while (!signal.aborted) {
            let problem = null;
            try {
                this.#onState("connecting");
                await this.#follow(signal);
            } catch (failure) {
                problem = failure;
            }
            if (signal.aborted) {
                return;
            }
            const retryMs = this.#backoff.next();
            this.#onState("lost", { problem, retryMs });
            if (problem?.isFinal) {
                this.#attempt = null;
                return;
            }
            await delay(retryMs, signal);
        }
    }

    /**
     * An event that cannot be read – its data is what anybody may have published – shall not end the
     * stream: the next one would begin with it.
     */
    #tell(event) {
        try {
            this.#onEvent(event);
        } catch (failure) {
            console.error(event, failure);
        }
    }

    async #follow(signal) {
        const connection = new AbortController();
        const leave = () => connection.abort();
        signal.addEventListener("abort", leave);
        let silence = setTimeout(leave, SILENCE_MS);
        try {
            const response = await this.#open(this.#lastEventId, connection.signal);
            this.#onState("live");
            await readStream(response, {
                lastEventId: this.#lastEventId,
                onEvent: (event) => !signal.aborted && this.#tell(event),
                onText: (lastEventId) => {
                    clearTimeout(silence);
                    silence = setTimeout(leave, SILENCE_MS);
                    this.#lastEventId = lastEventId;
                    this.#backoff.reset();
                    if (lastEventId) {
                        this.#tellPosition();
                    }
                },
            });
        } finally {
            clearTimeout(silence);
            signal.removeEventListener("abort", leave);
            connection.abort();
        }
    }
}
