import assert from "node:assert/strict";
import { test } from "node:test";
import { callCommand, newCommandId } from "../src/api/command_call.js";
import { Problem } from "../src/api/problem.js";
import { Backoff } from "../src/stream/backoff.js";

const step = (state, id = "") => `event: ${state}\nid: ${id}\ndata: {"id":"c"}\n\n`;
const LOST = new Problem({ detail: "away" });
const UNKNOWN = new Problem({ status: 404, code: "not_found", detail: "no such command" });

/** Sends one command; `answers` are given in turn, whatever is asked. */
async function call(answers, body = { command: "x" }) {
    const seen = { asked: [], states: [], troubles: 0 };
    const answer = async (asked) => {
        seen.asked.push(asked);
        if (answers.length === 0) {
            throw new Problem({ status: 400, code: "asked_too_often", detail: `${seen.asked}` });
        }
        const next = answers.shift();
        if (next instanceof Error) {
            throw next;
        }
        return new Response(next);
    };
    const api = {
        sendCommand: (device, id) => answer(`send ${id}`),
        followCommand: (device, id, after) => answer(`follow ${id} after ${after}`),
    };
    const options = {
        onState: (state) => seen.states.push(state),
        onTrouble: () => (seen.troubles += 1),
        signal: new AbortController().signal,
        backoff: new Backoff({ firstMs: 0 }),
    };
    seen.end = await callCommand(api, "d", "c", body, options).catch((problem) => problem);
    return seen;
}

test("states are told as they come, the last one is the end", async () => {
    const seen = await call([step("accepted") + step("sent", 5) + step("succeeded", 6)]);
    assert.deepEqual(seen.states, ["accepted", "sent", "succeeded"]);
    assert.equal(seen.end.state, "succeeded");
    assert.deepEqual(seen.asked, ["send c"]);
});

test("after a lost connection it is followed from where it was, not sent again", async () => {
    const seen = await call([step("accepted") + step("sent", 5), LOST, step("failed", 6)]);
    assert.deepEqual(seen.asked, ["send c", "follow c after 5", "follow c after 5"]);
    assert.deepEqual(seen.states, ["accepted", "sent", "failed"]);
    assert.equal(seen.troubles, 1);
});

test("one that nobody has heard of is sent again with the same id, in its time to live", async () => {
    const seen = await call([LOST, UNKNOWN, step("accepted") + step("succeeded", 2)]);
    assert.deepEqual(seen.asked, ["send c", "follow c after ", "send c"]);
    const late = await call([LOST, UNKNOWN], { command: "x", ttl_s: 0 });
    assert.deepEqual(late.asked, ["send c", "follow c after "]);
    assert.equal(late.end.code, "not_accepted");
});

test("a refusal is final, also one that others may try again", async () => {
    for (const told of [
        { status: 404, code: "unknown_device" },
        { status: 403, code: "forbidden" },
        { status: 409, code: "device_offline", outcome: {} },
        { status: 429, code: "queue_full", outcome: {} },
        { status: 504, code: "expired", outcome: {} },
    ]) {
        const seen = await call([new Problem({ ...told, detail: "no" })]);
        assert.equal(seen.end.code, told.code);
        assert.deepEqual(seen.asked, ["send c"], told.code);
    }
    for (const told of [{ status: 503 }, { status: 502 }, { status: 429, code: "busy" }]) {
        const seen = await call([new Problem({ ...told, detail: "later" }), step("succeeded", 1)]);
        assert.equal(seen.end.state, "succeeded");
    }
});

test("what goes wrong within the stream is told", async () => {
    const seen = await call([
        `${step("accepted")}event: error\ndata: {"status":504,"code":"no_way","detail":"x"}\n\n`,
    ]);
    assert.equal(seen.end.code, "no_way");
    const rejected = await call([`event: rejected\ndata: {"error":{"code":"queue_full"}}\n\n`]);
    assert.equal(rejected.end.state, "rejected");
});

test("ids are long, and allowed", () => {
    const ids = new Set(Array.from({ length: 100 }, newCommandId));
    assert.equal(ids.size, 100);
    for (const id of ids) {
        assert.match(id, /^[\w-]{20,64}$/);
    }
});
