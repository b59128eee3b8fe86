import assert from "node:assert/strict";
import { test } from "node:test";
import { Activity } from "../src/activity/activity.js";
import { percentiles } from "../src/activity/percentiles.js";
import { Trend } from "../src/activity/trend.js";

test("percentiles are values that have occurred", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.deepEqual(percentiles(hundred, [0.5, 0.95, 0.99, 1]), [50, 95, 99, 100]);
    assert.deepEqual(percentiles([9, 100], [0.5, 0.99]), [9, 100]); // as numbers, not as text
    assert.deepEqual(percentiles([7], [0, 0.5, 1]), [7, 7, 7]);
    assert.deepEqual(percentiles([], [0.5]), [null]);
});

test("rates are of whole seconds, the current one is not over", () => {
    const activity = new Activity();
    for (let second = 0; second < 10; second += 1) {
        for (let i = 0; i < 4; i += 1) {
            activity.accepted(100 + second + i / 10);
        }
        activity.ended(100 + second, "succeeded", second * 10);
    }
    const { accepted, ended, latency } = activity.summary(110, 5);
    assert.equal(accepted, 4);
    assert.equal(ended, 1);
    assert.deepEqual(latency, { p50: 70, p95: 90, p99: 90, count: 5 });
});

test("what is long ago is forgotten, also after a long silence", () => {
    const activity = new Activity();
    activity.telemetry(100);
    activity.ended(100, "timed_out", undefined);
    assert.equal(activity.summary(101, 60).telemetry, 1);
    assert.equal(activity.summary(1000, 60).telemetry, 0);
    assert.deepEqual(activity.ends, { succeeded: 0, failed: 0, other: 1 });
});

test("a trend keeps its last points, and its times rise", () => {
    const trend = new Trend(1, 3);
    [1, 2, 2, 1, 5].forEach((time, value) => trend.push(time, [value]));
    const [times, values] = trend.columns;
    assert.deepEqual(values, [2, 3, 4]);
    assert.ok(times[0] < times[1] && times[1] < times[2]);
});
