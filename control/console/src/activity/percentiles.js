/** The nearest-rank percentiles `ranks` (0–1) of `values`; null when there are none. */
export function percentiles(values, ranks) {
    if (values.length === 0) {
        return ranks.map(() => null);
    }
    const sorted = Float64Array.from(values).sort();
    return ranks.map((rank) => sorted[Math.max(0, Math.ceil(rank * sorted.length) - 1)]);
}
