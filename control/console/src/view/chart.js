import uPlot from "uplot";
import { h, perFrame } from "./dom.js";
import { formatClock } from "./format.js";

const CURVES = 6; // colours in style/chart.css
const HEIGHT = 150;

const darkScheme = matchMedia("(prefers-color-scheme: dark)");

/** Curves over time (uPlot). Colours follow the scheme, the width follows the page. */
export class Chart {
    #columns;
    #series;
    #fromZero;
    #plot = null;
    #legend = [];
    #draw = perFrame(() => this.#update());
    #observer = new ResizeObserver(() => this.#draw());
    #drawing = h("div", { class: "drawing", role: "img" });
    element;

    /** `series`: `{label, format}` each; `columns`: times in seconds, then the values of each. */
    constructor({ title, series, columns, fromZero = false }) {
        this.#series = series;
        this.#columns = columns;
        this.#fromZero = fromZero;
        this.#drawing.setAttribute("aria-label", `Chart: ${title}`);
        this.#legend = series.map(() => h("b"));
        const key = series.map(({ label }, index) =>
            h(
                "span",
                { class: `curve-${index % CURVES}` },
                label && `${label} `,
                this.#legend[index],
            ),
        );
        this.element = h(
            "figure",
            { class: "chart" },
            h("figcaption", {}, h("span", {}, title), h("span", { class: "key" }, ...key)),
            this.#drawing,
        );
        this.#observer.observe(this.#drawing);
        darkScheme.addEventListener("change", this.#repaint);
    }

    /** The columns have changed. */
    redraw() {
        this.#draw();
    }

    close() {
        this.#observer.disconnect();
        darkScheme.removeEventListener("change", this.#repaint);
        this.#plot?.destroy();
        this.#plot = null;
    }

    #repaint = () => {
        this.#plot?.destroy();
        this.#plot = null;
        this.#draw();
    };

    #update() {
        const width = this.#drawing.clientWidth;
        if (!this.#drawing.isConnected || width === 0) {
            return;
        }
        this.#plot ??= new uPlot(this.#options(width), this.#columns, this.#drawing);
        if (this.#plot.width !== width) {
            this.#plot.setSize({ width, height: HEIGHT });
        }
        this.#plot.setData(this.#columns);
        this.#series.forEach(({ format }, index) => {
            const last = this.#columns[index + 1].at(-1);
            this.#legend[index].textContent = format(last ?? null);
        });
    }

    #options(width) {
        const style = getComputedStyle(this.#drawing);
        const colour = (name) => style.getPropertyValue(name).trim();
        const axis = {
            stroke: colour("--text-soft"),
            font: `11px ${style.fontFamily}`,
            grid: { stroke: colour("--line"), width: 1 },
            ticks: { show: false },
        };
        return {
            width,
            height: HEIGHT,
            legend: { show: false },
            cursor: { y: false, drag: { x: false, y: false } },
            padding: [8, 28, 0, 0],
            scales: this.#fromZero
                ? { y: { range: (_, min, max) => [0, Math.max(1, max * 1.1)] } }
                : {},
            series: [
                {},
                ...this.#series.map(({ label }, index) => ({
                    label,
                    stroke: colour(`--curve-${index % CURVES}`),
                    width: 1.5,
                    points: { show: (plot) => plot.data[0].length < 3 },
                    spanGaps: true,
                })),
            ],
            axes: [
                {
                    ...axis,
                    size: 22,
                    space: 80,
                    values: (_, times) => times.map((t) => formatClock(t * 1000)),
                },
                { ...axis, size: 52 },
            ],
        };
    }
}
