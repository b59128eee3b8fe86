import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "../src/device/arguments.js";
import { CommandLog, isCancellable, stateOf } from "../src/device/command_log.js";
import { Telemetry } from "../src/device/telemetry.js";
import { parseRoute, deviceHash } from "../src/view/route.js";

const at = (seconds) => `2026-11-22T08:15:${String(seconds).padStart(2, "0")}.000Z`;
const states = (command) => command.steps.map(({ state }) => state);

test("steps are told in any order, several times, and by several sources", () => {
    const log = new CommandLog();
    log.takeStep({ id: "c", state: "sent", attempt: 1, time: at(2) });
    assert.ok(log.hasUnnamed);
    log.takeStep({ id: "c", command: "set", state: "succeeded", attempts: 1, time: at(4) });
    log.takeStep({ id: "c", state: "accepted", attempt: 0, time: at(1) });
    log.takeStep({ id: "c", state: "delivered", attempt: 1, time: at(3) });
    log.takeCommand({
        id: "c",
        command: "set",
        state: "succeeded",
        attempts: 1,
        accepted_at: at(1),
        finished_at: at(4),
    });
    const command = log.commands.get("c");
    assert.deepEqual(states(command), ["accepted", "sent", "delivered", "succeeded"]);
    assert.equal(stateOf(command), "succeeded");
});

test("steps of one millisecond stay in order, and an end that was missed is asked for", () => {
    const log = new CommandLog();
    for (const [state, attempt] of [
        ["delivered", 1],
        ["accepted", 0],
        ["sent", 1],
    ]) {
        log.takeStep({ id: "c", command: "x", state, attempt, time: at(1) });
    }
    assert.deepEqual(states(log.commands.get("c")), ["accepted", "sent", "delivered"]);
    const listed = { id: "c", command: "x", attempts: 1, accepted_at: at(1) };
    log.takeCommand({ ...listed, state: "delivered", history: [] });
    assert.equal(log.commands.get("c").hasHistory, true);
    log.takeCommand({ ...listed, state: "succeeded", finished_at: at(2) });
    assert.equal(log.commands.get("c").hasHistory, false);
    const terminal = { id: "c", state: "succeeded", time: at(2), data: 1 };
    log.takeCommand({ ...listed, state: "succeeded", finished_at: at(2), history: [], terminal });
    assert.equal(log.commands.get("c").hasHistory, true);
    assert.equal(log.commands.get("c").end.data, 1);
});

test("a second attempt is a step of its own, a second end is not", () => {
    const log = new CommandLog();
    for (const [state, attempt] of [
        ["accepted", 0],
        ["sent", 1],
        ["sent", 2],
        ["failed", 2],
    ]) {
        log.takeStep({ id: "c", state, attempt, time: at(attempt) });
    }
    log.takeStep({ id: "c", state: "failed", attempts: 2, time: at(9) });
    log.takeStep({ id: "c", state: "late", attempt: 2, time: at(10) });
    assert.deepEqual(states(log.commands.get("c")), ["accepted", "sent", "sent", "failed"]);
});

test("unfinished commands come first, then the latest; only the unsent can be cancelled", () => {
    const log = new CommandLog();
    const listed = (id, state, second) =>
        log.takeCommand({
            id,
            command: "x",
            state,
            attempts: 0,
            accepted_at: at(second),
            finished_at: at(second),
        });
    listed("old", "succeeded", 1);
    listed("queued", "queued", 2);
    listed("young", "failed", 3);
    listed("sent", "sent", 4);
    assert.deepEqual(
        log.inOrder().map(({ id }) => id),
        ["sent", "queued", "young", "old"],
    );
    assert.deepEqual(log.inOrder().map(isCancellable), [false, true, false, false]);
});

test("ended commands beyond the bound are forgotten, the oldest first", () => {
    const log = new CommandLog();
    for (let number = 0; number < 150; number += 1) {
        const time = new Date(number * 1000).toISOString();
        log.takeStep({ id: `c-${number}`, command: "x", state: "succeeded", time });
    }
    assert.equal(log.commands.size, 100);
    assert.ok(log.commands.has("c-149") && !log.commands.has("c-49"));
});

test("arguments are an object or nothing", () => {
    assert.deepEqual(parseArguments('{"on": true}'), { args: { on: true } });
    assert.deepEqual(parseArguments("  "), { args: undefined });
    for (const text of ["[1]", "1", "null", '"x"']) {
        assert.match(parseArguments(text).error, /object/, text);
    }
    assert.match(parseArguments("{on: true}").error, /not valid JSON/);
});

test("numbers of telemetry become curves, everything else is only shown", () => {
    const telemetry = new Telemetry();
    const take = (channel, data, second) => telemetry.take({ channel, data, time: at(second) });
    take("power", { watts: 7.5, on: true, state: "x" }, 1);
    take("power", { watts: 8 }, 2);
    take("level", 3, 1);
    take("door", { open: true }, 1);
    const { fields, trend, latest } = telemetry.channels.get("power");
    assert.deepEqual(fields, ["watts"]);
    assert.deepEqual(trend.columns[1], [7.5, 8]);
    assert.deepEqual(latest, { watts: 8 });
    assert.deepEqual(telemetry.channels.get("level").trend.columns[1], [3]);
    assert.deepEqual(telemetry.channels.get("door").fields, []);
});

test("a channel whose first message has no numbers gets its curves with the first that has", () => {
    const telemetry = new Telemetry();
    telemetry.take({ channel: "power", data: "starting", time: at(1) });
    assert.deepEqual(telemetry.channels.get("power").fields, []);
    telemetry.take({ channel: "power", data: { watts: 1 }, time: at(2) });
    telemetry.take({ channel: "power", data: null, time: at(3) });
    assert.deepEqual(telemetry.channels.get("power").fields, ["watts"]);
    assert.deepEqual(telemetry.channels.get("power").trend.columns[1], [1]);
});

test("channels beyond the bound are not drawn", () => {
    const telemetry = new Telemetry();
    for (let number = 0; number < 50; number += 1) {
        telemetry.take({ channel: `c-${number}`, data: number, time: at(1) });
    }
    assert.equal(telemetry.channels.size, 6);
});

test("an address means a page, and every device id survives in it", () => {
    assert.deepEqual(parseRoute(""), { view: "overview" });
    assert.deepEqual(parseRoute("#/"), { view: "overview" });
    assert.deepEqual(parseRoute("#/fleet"), { view: "fleet" });
    assert.deepEqual(parseRoute("#/nonsense/x"), { view: "overview" });
    assert.deepEqual(parseRoute("#/devices/%"), { view: "overview" });
    for (const device of ["lamp-7", "a:b@c._-"]) {
        assert.deepEqual(parseRoute(deviceHash(device)), { view: "device", device });
    }
});
