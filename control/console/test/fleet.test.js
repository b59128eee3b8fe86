import assert from "node:assert/strict";
import { test } from "node:test";
import { Fleet } from "../src/fleet/fleet.js";
import { rowWindow, scrollTo } from "../src/fleet/row_window.js";
import { searchWords, select } from "../src/fleet/selection.js";

const device = (id, epoch, online, more = {}) => ({ device: id, epoch, online, ...more });

test("a message of an older session changes nothing", () => {
    const fleet = new Fleet();
    fleet.takePresence(device("a", 5, true, { node: "new" }));
    fleet.take([device("a", 4, false, { node: "old" })]);
    assert.equal(fleet.devices.get("a").node, "new");
    assert.equal(fleet.online, 1);
});

test("of one session the end is the last word", () => {
    const fleet = new Fleet();
    fleet.takePresence(device("a", 5, true));
    fleet.takePresence(device("a", 5, false));
    fleet.take([device("a", 5, true)]); // read before it ended
    assert.equal(fleet.devices.get("a").online, false);
    assert.equal(fleet.online, 0);
    fleet.takePresence(device("a", 6, true));
    assert.equal(fleet.online, 1);
});

test("presence has no labels, those that are known stay", () => {
    const fleet = new Fleet();
    fleet.take([device("a", 1, true, { labels: { site: "Hall-3" } })]);
    fleet.takePresence(device("a", 2, true, { model: "L1" }));
    assert.deepEqual(fleet.devices.get("a").labels, { site: "Hall-3" });
    assert.ok(fleet.devices.get("a").text.includes("site=hall-3"));
});

test("after a reload what was neither read nor heard of is gone", () => {
    const fleet = new Fleet();
    fleet.take([device("a", 1, true), device("b", 1, true), device("c", 1, false)]);
    fleet.beginReload();
    fleet.take([device("a", 1, true)]);
    fleet.takePresence(device("d", 1, true));
    fleet.endReload();
    assert.deepEqual([...fleet.devices.keys()].sort(), ["a", "d"]);
    assert.equal(fleet.online, 2);
});

function fleetOf(...devices) {
    const fleet = new Fleet();
    fleet.take(devices);
    return fleet.devices.values();
}

const LAMP = device("hall-lamp", 1, true, {
    model: "L1",
    labels: { site: "hall" },
    since: "2026-02",
});
const LOCK = device("hall-lock", 1, false, { model: "K9", since: "2026-03" });
const METER = device("cellar-meter", 1, true, { model: "L1", node: "node-2", since: "2026-01" });

test("every word of a search must occur, in whatever case and field", () => {
    const found = (text) => select(fleetOf(LAMP, LOCK, METER), { words: searchWords(text) });
    assert.deepEqual(found(""), ["cellar-meter", "hall-lamp", "hall-lock"]);
    assert.deepEqual(found("HALL"), ["hall-lamp", "hall-lock"]);
    assert.deepEqual(found("  hall l1 "), ["hall-lamp"]);
    assert.deepEqual(found("site=hall"), ["hall-lamp"]);
    assert.deepEqual(found("node-2"), ["cellar-meter"]);
    assert.deepEqual(found("hall cellar"), []);
});

test("presence filters, a column orders, equal ones stay in the order of their ids", () => {
    const chosen = (wish) => select(fleetOf(LAMP, LOCK, METER), wish);
    assert.deepEqual(chosen({ state: "online" }), ["cellar-meter", "hall-lamp"]);
    assert.deepEqual(chosen({ state: "offline" }), ["hall-lock"]);
    assert.deepEqual(chosen({ sort: "since" }), ["cellar-meter", "hall-lamp", "hall-lock"]);
    assert.deepEqual(chosen({ sort: "model", descending: true }), [
        "cellar-meter",
        "hall-lamp",
        "hall-lock",
    ]);
});

test("only rows in sight and a few more are drawn", () => {
    const view = { height: 400, rowHeight: 40, count: 10_000 };
    assert.deepEqual(rowWindow({ ...view, scrollTop: 0 }), { first: 0, end: 18 });
    assert.deepEqual(rowWindow({ ...view, scrollTop: 40_000 }), { first: 992, end: 1018 });
    assert.deepEqual(rowWindow({ ...view, scrollTop: 399_600 }), { first: 9982, end: 10_000 });
    assert.deepEqual(rowWindow({ ...view, count: 3, scrollTop: 0 }), { first: 0, end: 3 });
    assert.deepEqual(rowWindow({ ...view, count: 3, scrollTop: 399_600 }), { first: 3, end: 3 });
    assert.deepEqual(rowWindow({ ...view, count: 0, scrollTop: 0 }), { first: 0, end: 0 });
});

test("a row is scrolled into sight by as little as possible", () => {
    const view = { height: 400, rowHeight: 40, scrollTop: 400 };
    assert.equal(scrollTo(12, view), 400);
    assert.equal(scrollTo(5, view), 200);
    assert.equal(scrollTo(30, view), 840);
});
