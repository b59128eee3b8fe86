import assert from "node:assert/strict";
import { test } from "node:test";
import { SseParser } from "../src/stream/sse_parser.js";

function parse(...pieces) {
    const events = [];
    const parser = new SseParser((event) => events.push(event));
    pieces.forEach((piece) => parser.push(piece));
    return { events, parser };
}

test("an event has its name, its id and its data", () => {
    const { events } = parse("event: reply\nid: n:b:7\ndata: {}\n\n");
    assert.deepEqual(events, [{ event: "reply", id: "n:b:7", data: "{}" }]);
});

test("pieces may be cut anywhere", () => {
    const text =
        "event: a\r\nid: 1\r\ndata: x: y\r\ndata:z\r\n\r\n: comment\n\ndata: last\r\rdata: no end";
    const whole = parse(text).events;
    assert.deepEqual(whole, [
        { event: "a", id: "1", data: "x: y\nz" },
        { event: "message", id: "1", data: "last" },
    ]);
    for (let cut = 1; cut < text.length; cut += 1) {
        assert.deepEqual(parse(text.slice(0, cut), text.slice(cut)).events, whole, `cut at ${cut}`);
    }
    assert.deepEqual(parse(...text).events, whole);
});

test("an id without an event is a place to resume at", () => {
    const { events, parser } = parse("id: n:b:41\n\n");
    assert.deepEqual(events, []);
    assert.equal(parser.lastEventId, "n:b:41");
});

test("an id counts once its event is complete", () => {
    const { parser } = parse("id: 1\ndata: x\n\nid: 2\ndata: y\n");
    assert.equal(parser.lastEventId, "1");
});

test("comments, unknown fields and an id with NUL are ignored", () => {
    const { events, parser } = parse(": alive\nretry: 5\nfoo\nid: a\0b\ndata\n\n");
    assert.deepEqual(events, [{ event: "message", id: "", data: "" }]);
    assert.equal(parser.lastEventId, "");
});

test("a line without end is refused before it fills the memory", () => {
    const { parser } = parse();
    assert.throws(() => {
        for (let i = 0; i < 100; i += 1) {
            parser.push("x".repeat(64 * 1024));
        }
    }, /too long/);
});
