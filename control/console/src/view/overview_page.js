import { Trend } from "../activity/trend.js";
import { Chart } from "./chart.js";
import { h, setText } from "./dom.js";
import { formatCount, formatMs, formatRate } from "./format.js";
import { AlertList } from "./alert_list.js";
import { NodeTable } from "./node_table.js";

const SPAN_S = 60; // of the figures
const TREND_SPAN_S = 5; // of a point of the curves
const TREND_POINTS = 300;

/** The state of the whole: figures, two curves, the nodes, the latest alerts. */
export class OverviewPage {
    #parts;
    #rates = new Trend(2, TREND_POINTS);
    #latencies = new Trend(3, TREND_POINTS);
    #alerts = new AlertList();
    #nodeTable = new NodeTable();
    #figures = new Map();
    #charts = [];
    #charted = h("div", { class: "charts" });
    element;

    /** `parts`: fleet, nodes, activity. It goes on counting while another page is shown. */
    constructor(parts) {
        this.#parts = parts;
        this.element = h(
            "section",
            { class: "overview", "aria-label": "Overview" },
            h("h1", { class: "visually-hidden" }, "Overview"),
            h(
                "dl",
                { class: "figures" },
                this.#figure("online", "Devices online"),
                this.#figure("sessions", "Sessions"),
                this.#figure("rate", "Commands / s"),
                this.#figure("latency", "Latency, median"),
                this.#figure("telemetry", "Telemetry / s"),
            ),
            this.#charted,
            h("h2", {}, "Nodes"),
            this.#nodeTable.element,
            h("h2", {}, "Latest alerts"),
            this.#alerts.element,
        );
    }

    /** Counts until `signal` is aborted. */
    start(signal) {
        const timer = setInterval(() => this.#tick(), 1000);
        signal.addEventListener("abort", () => clearInterval(timer));
    }

    open() {
        this.#charts = [
            new Chart({
                title: "Commands / s",
                columns: this.#rates.columns,
                fromZero: true,
                series: [
                    { label: "accepted", format: (value) => formatRate(value ?? 0) },
                    { label: "ended", format: (value) => formatRate(value ?? 0) },
                ],
            }),
            new Chart({
                title: "Latency in ms",
                columns: this.#latencies.columns,
                fromZero: true,
                series: ["50 %", "95 %", "99 %"].map((label) => ({ label, format: formatMs })),
            }),
        ];
        this.#charted.replaceChildren(...this.#charts.map((chart) => chart.element));
        this.#draw();
    }

    close() {
        this.#charts.forEach((chart) => chart.close());
        this.#charts = [];
    }

    takeAlert(alert) {
        this.#alerts.take(alert);
    }

    #figure(name, label) {
        const value = h("dd", { class: "value" }, "–");
        const note = h("dd", { class: "note" });
        this.#figures.set(name, { value, note });
        return h("div", {}, h("dt", {}, label), value, note);
    }

    #set(name, value, note = "") {
        setText(this.#figures.get(name).value, value);
        setText(this.#figures.get(name).note, note);
    }

    #tick() {
        const now = Date.now() / 1000;
        const { accepted, ended, latency } = this.#parts.activity.summary(now, TREND_SPAN_S);
        this.#rates.push(now, [accepted, ended]);
        this.#latencies.push(now, [latency.p50, latency.p95, latency.p99]);
        if (this.element.isConnected) {
            this.#draw();
        }
    }

    #draw() {
        const { fleet, nodes, activity } = this.#parts;
        const { up, sessions, capacity } = nodes.totals;
        const { accepted, telemetry, latency } = activity.summary(Date.now() / 1000, SPAN_S);
        this.#set(
            "online",
            formatCount(fleet.online),
            `of ${formatCount(fleet.devices.size)} known`,
        );
        this.#set(
            "sessions",
            formatCount(sessions),
            (capacity > 0 ? `room for ${formatCount(capacity)} ` : "") +
                `on ${up} ${up === 1 ? "node" : "nodes"}`,
        );
        this.#set("rate", formatRate(accepted), endsText(activity.ends));
        const tail = `95 %: ${formatMs(latency.p95)}, 99 %: ${formatMs(latency.p99)}`;
        this.#set("latency", formatMs(latency.p50), tail);
        this.#set("telemetry", formatRate(telemetry), "of the last minute");
        this.#nodeTable.draw(nodes.all);
        this.#charts.forEach((chart) => chart.redraw());
    }
}

/** Since the page was opened. */
function endsText({ succeeded, failed, other }) {
    const others = other > 0 ? `, ${formatCount(other)} otherwise` : "";
    return `${formatCount(succeeded)} succeeded, ${formatCount(failed)} failed${others}`;
}
