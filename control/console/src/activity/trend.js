/** Points of several curves over one time axis, the last `most` of them: what a chart is given. */
export class Trend {
    #most;
    columns;

    constructor(curves, most) {
        this.#most = most;
        this.columns = Array.from({ length: curves + 1 }, () => []);
    }

    /** `time` in seconds; uPlot needs it to rise. */
    push(time, values) {
        const last = this.columns[0].at(-1) ?? -Infinity;
        [Math.max(time, last + 0.001), ...values].forEach((value, index) => {
            const column = this.columns[index];
            column.push(value);
            column.splice(0, column.length - this.#most);
        });
    }
}
