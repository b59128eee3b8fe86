import { Telemetry } from "../device/telemetry.js";
import { Chart } from "./chart.js";
import { h } from "./dom.js";
import { formatClock } from "./format.js";

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });

const formatNumber = (value) => (value === null ? "–" : number.format(value));

/** A device's telemetry: a chart for each channel with numbers, and the latest message as it came. */
export class TelemetryPanel {
    #telemetry = new Telemetry();
    #channels = new Map(); // name → {trend, chart, latest, element}
    #none = h("p", { class: "empty" }, "Nothing yet.");
    element = h("div", { class: "telemetry" }, this.#none);

    take(told) {
        const channel = this.#telemetry.take(told);
        if (channel === null) {
            return;
        }
        this.#none.hidden = true;
        const { trend, latest, time } = this.#telemetry.channels.get(channel);
        let shown = this.#channels.get(channel);
        if (shown?.trend !== trend) {
            shown?.element.remove(); // its first messages had no numbers
            shown = this.#add(channel);
        }
        shown.latest.textContent = `${formatClock(time)}  ${JSON.stringify(latest)}`;
        shown.chart?.redraw();
    }

    close() {
        this.#channels.forEach(({ chart }) => chart?.close());
    }

    #add(channel) {
        const { fields, trend } = this.#telemetry.channels.get(channel);
        const series = fields.map((label) => ({ label, format: formatNumber }));
        const chart =
            fields.length > 0
                ? new Chart({ title: channel, series, columns: trend.columns })
                : null;
        const latest = h("code", { class: "latest" });
        const element = h(
            "div",
            { class: "channel" },
            chart?.element ?? h("h3", {}, channel),
            latest,
        );
        const shown = { trend, chart, latest, element };
        this.#channels.set(channel, shown);
        this.element.append(element);
        return shown;
    }
}
