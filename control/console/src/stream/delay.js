/** Resolves after `ms`, or at once when `signal` is aborted. */
export function delay(ms, signal) {
    return new Promise((resolve) => {
        const done = () => {
            clearTimeout(timer);
            signal?.removeEventListener("abort", done);
            resolve();
        };
        const timer = setTimeout(done, ms);
        signal?.addEventListener("abort", done);
        if (signal?.aborted) {
            done();
        }
    });
}
