import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../src/api/problem.js";
import { Backoff } from "../src/stream/backoff.js";
import { EventStream } from "../src/stream/event_stream.js";
import { historyStart } from "../src/stream/history_start.js";

test("the wait doubles up to its bound, half of it at random, and begins anew", () => {
    const least = new Backoff({ firstMs: 100, mostMs: 1000, random: () => 0 });
    assert.deepEqual(
        [1, 2, 3, 4, 5, 6].map(() => least.next()),
        [50, 100, 200, 400, 500, 500],
    );
    const most = new Backoff({ firstMs: 100, mostMs: 1000, random: () => 1 });
    assert.deepEqual(
        [1, 2, 3, 4, 5].map(() => most.next()),
        [100, 200, 400, 800, 1000],
    );
    most.reset();
    assert.equal(most.next(), 100);
});

/** Follows answers that are given one after the other; resolves with what was told at the last. */
function follow(answers) {
    return new Promise((resolve) => {
        const seen = { asked: [], events: [], states: [] };
        const stream = new EventStream({
            backoff: new Backoff({ firstMs: 0 }),
            open: async (lastEventId, signal) => {
                seen.asked.push(lastEventId);
                const answer = answers.shift();
                if (answer === undefined) {
                    stream.stop();
                    resolve(seen);
                    signal.throwIfAborted();
                }
                if (answer instanceof Error) {
                    throw answer;
                }
                return new Response(answer);
            },
            onEvent: ({ data }) => seen.events.push(data),
            onState: (state) => {
                seen.states.push(state);
                if (state === "lost" && answers[0] === "end") {
                    resolve(seen);
                }
            },
        });
        stream.start();
    });
}

test("a stream that breaks is resumed after its last event", async () => {
    const seen = await follow(["id: 1\ndata: a\n\nid: 2\ndata: cut", "id: 2\ndata: b\n\n"]);
    assert.deepEqual(seen.asked, ["", "1", "2"]);
    assert.deepEqual(seen.events, ["a", "b"]);
    assert.deepEqual(seen.states.slice(0, 4), ["connecting", "live", "lost", "connecting"]);
});

test("nobody there is asked again, a refused token is not", async () => {
    const away = new Problem({ detail: "away" });
    const seen = await follow([away, away, "id: 1\ndata: a\n\n"]);
    assert.deepEqual(seen.events, ["a"]);
    const refused = await follow([new Problem({ status: 401, detail: "no" }), "end"]);
    assert.deepEqual(refused.asked, [""]);
});

test("an event that its reader cannot stand does not end the stream", async (context) => {
    context.mock.method(console, "error", () => {});
    const read = [];
    const stream = new EventStream({
        open: async () => new Response("id: 1\ndata: {\n\nid: 2\ndata: 2\n\n"),
        onEvent: ({ data }) => {
            read.push(JSON.parse(data));
            stream.stop();
        },
    });
    stream.start();
    await stream.positioned;
    assert.deepEqual(read, [2]);
    assert.equal(stream.lastEventId, "2");
    assert.equal(console.error.mock.callCount(), 1);
});

test("history begins as far back as events are kept", () => {
    assert.equal(historyStart("node:boot:100000"), "node:boot:40000");
    assert.equal(historyStart("node:boot:7"), "node:boot:0");
    assert.equal(historyStart(""), "");
});
