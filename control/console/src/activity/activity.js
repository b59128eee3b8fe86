import { percentiles } from "./percentiles.js";

const SECONDS = 300;
/** Of one second; further ones are counted, but left out of the percentiles. */
const MAX_LATENCIES = 500;

/** What has happened in the last five minutes, second by second. Time is passed in, in seconds. */
export class Activity {
    #seconds = []; // the oldest first, one for each second since the first, current one last
    #ended = { succeeded: 0, failed: 0, other: 0 };

    accepted(now) {
        this.#at(now).accepted += 1;
    }

    /** A command has ended; `latencyMs` is not known of every one. */
    ended(now, state, latencyMs) {
        const kind = state === "succeeded" || state === "failed" ? state : "other";
        this.#ended[kind] += 1;
        const second = this.#at(now);
        second.ended += 1;
        if (Number.isFinite(latencyMs) && second.latencies.length < MAX_LATENCIES) {
            second.latencies.push(latencyMs);
        }
    }

    telemetry(now) {
        this.#at(now).telemetry += 1;
    }

    /** Ends since the page was opened. */
    get ends() {
        return { ...this.#ended };
    }

    /** Averages of the last `span` whole seconds, and percentiles of the ends in them. */
    summary(now, span) {
        this.#at(now);
        const seconds = this.#seconds.slice(0, -1).slice(-span);
        const rate = (name) =>
            seconds.reduce((sum, second) => sum + second[name], 0) / Math.max(1, seconds.length);
        const latencies = seconds.flatMap((second) => second.latencies);
        const [p50, p95, p99] = percentiles(latencies, [0.5, 0.95, 0.99]);
        return {
            accepted: rate("accepted"),
            ended: rate("ended"),
            telemetry: rate("telemetry"),
            latency: { p50, p95, p99, count: latencies.length },
        };
    }

    #at(now) {
        const time = Math.floor(now);
        let last = this.#seconds.at(-1)?.time ?? time - 1;
        if (time - last > SECONDS) {
            this.#seconds = [];
            last = time - 1;
        }
        while (last < time) {
            last += 1;
            this.#seconds.push({ time: last, accepted: 0, ended: 0, telemetry: 0, latencies: [] });
        }
        this.#seconds.splice(0, this.#seconds.length - SECONDS - 1);
        return this.#seconds.at(-1);
    }
}
