import { Trend } from "../activity/trend.js";

/** Beyond these a channel or a field is not drawn. */
const MAX_CHANNELS = 6;
const MAX_FIELDS = 6;
const MAX_POINTS = 1000;

/** The numbers in a device's telemetry, by channel: one chart each, with a curve for each field. */
export class Telemetry {
    /** name → `{fields, trend, latest, time}`; the curves are of the first message with numbers. */
    channels = new Map();

    /** A telemetry event. Answers the name of its channel, if it is one that is shown. */
    take({ channel, data, time, received }) {
        let known = this.channels.get(channel);
        const numbers = numbersIn(data);
        const fields = Object.keys(numbers).slice(0, MAX_FIELDS);
        if (!known && this.channels.size >= MAX_CHANNELS) {
            return null;
        }
        if (!known || (known.fields.length === 0 && fields.length > 0)) {
            known = { fields, trend: new Trend(fields.length, MAX_POINTS) };
            this.channels.set(channel, known);
        }
        known.latest = data;
        known.time = received ?? time;
        if (known.fields.some((field) => field in numbers)) {
            const seconds = Date.parse(known.time) / 1000;
            known.trend.push(
                seconds,
                known.fields.map((field) => numbers[field] ?? null),
            );
        }
        return channel;
    }
}

/** The numbers on the first level; of a bare number the field has no name. */
function numbersIn(data) {
    if (typeof data === "number") {
        return { "": data };
    }
    const entries = data && typeof data === "object" ? Object.entries(data) : [];
    return Object.fromEntries(entries.filter(([, value]) => typeof value === "number"));
}
