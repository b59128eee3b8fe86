/** How long to wait before the next try: doubled each time, half of it at random. */
export class Backoff {
    #tries = 0;
    #firstMs;
    #mostMs;
    #random;

    constructor({ firstMs = 500, mostMs = 15_000, random = Math.random } = {}) {
        this.#firstMs = firstMs;
        this.#mostMs = mostMs;
        this.#random = random;
    }

    next() {
        const whole = Math.min(this.#mostMs, this.#firstMs * 2 ** this.#tries);
        this.#tries += 1;
        return Math.round((whole / 2) * (1 + this.#random()));
    }

    reset() {
        this.#tries = 0;
    }
}
