import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, closeSound, count, signIn } from "./harness/browser.js";
import { Stack } from "./harness/stack.js";
import { until } from "./harness/waiting.js";

const DEVICES = Number(process.env.DM_CONSOLE_DEVICES ?? 10_000);
const all = DEVICES.toLocaleString("en");

/** More rows than are ever in sight of the window below, and those drawn around it. */
const MAX_ROWS = 60;

let stack;
let browser;

before(async () => {
    // Without TLS: ten thousand handshakes are not what is tested here.
    stack = await Stack.start({ "listen.tls": "false", "listen.accepts_per_address": 100000 });
    await stack.startDevices(DEVICES);
    browser = await Browser.launch();
});

after(async () => {
    await browser?.close();
    await stack?.stop();
});

const rows = (page) => page.locator(".spacer .row").count();

/** Does it in the page for each of `values`, and tells how long each took to be drawn. */
async function frameTimes(page, action, values) {
    const times = await page.evaluate(
        async ({ action, values }) => {
            const find = (selector) => document.querySelector(selector);
            const actions = {
                scroll: (top) => (find(".scroller").scrollTop = top),
                search: (text) => {
                    find("[type=search]").value = text;
                    find("[type=search]").dispatchEvent(new Event("input"));
                },
                choose: (state) => find(`[name=state][value=${state}]`).click(),
            };
            const taken = [];
            for (const value of values) {
                const begun = performance.now();
                actions[action](value);
                await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
                taken.push(performance.now() - begun);
            }
            return taken.sort((a, b) => a - b);
        },
        { action, values },
    );
    const at = (share) => times[Math.floor(share * (times.length - 1))].toFixed(1);
    return `${action}: ${times.length} times, median ${at(0.5)} ms, the longest ${at(1)} ms`;
}

test(`${all} devices are read, scrolled and searched with a handful of rows`, async (context) => {
    const page = await browser.page({ viewport: { width: 1280, height: 800 } });
    const begun = Date.now();
    await signIn(page, stack, stack.tokens.viewer, "#/fleet");
    await count(page, `${all} devices, ${all} online`).waitFor();
    context.diagnostic(`signed in and read ${all} devices in ${Date.now() - begun} ms`);
    assert.ok((await rows(page)) <= MAX_ROWS);
    const grid = page.getByRole("grid");
    assert.equal(await grid.getAttribute("aria-rowcount"), String(DEVICES + 1));

    const steps = Array.from({ length: 100 }, (_, step) => step * 1999);
    context.diagnostic(await frameTimes(page, "scroll", steps));
    assert.ok((await rows(page)) <= MAX_ROWS);
    const searches = Array.from({ length: 50 }, (_, number) => String(number));
    context.diagnostic(await frameTimes(page, "search", searches));
    const choices = Array.from({ length: 30 }, (_, turn) => ["online", "offline", "all"][turn % 3]);
    context.diagnostic(await frameTimes(page, "choose", choices));

    const last = `sim-${String(DEVICES - 1).padStart(5, "0")}`;
    await page.getByRole("searchbox").fill("");
    await grid.focus();
    await page.keyboard.press("End");
    await page.locator(".spacer .row", { hasText: last }).waitFor();
    assert.ok((await rows(page)) <= MAX_ROWS);
    await page.getByRole("searchbox").fill(last);
    await count(page, `1 of ${all} devices`).waitFor();
    // The table follows the count, in a frame of its own.
    await page.locator(".spacer .row").nth(1).waitFor({ state: "detached" });
    assert.equal(await rows(page), 1);
    await closeSound(page);
});

test(`${all} devices that go at once do not stop the page`, async (context) => {
    const page = await browser.page({ viewport: { width: 1280, height: 800 } });
    await signIn(page, stack, stack.tokens.viewer, "#/fleet");
    await count(page, `${all} devices, ${all} online`).waitFor();
    await page.evaluate(() => {
        window.drawn = { longest: 0, frames: 0 };
        let before = performance.now();
        const frame = (now) => {
            window.drawn.longest = Math.max(window.drawn.longest, now - before);
            window.drawn.frames += 1;
            before = now;
            requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
    });
    const begun = Date.now();
    await stack.program("firmware-sim").end("SIGKILL");
    await count(page, `${all} devices, 0 online`).waitFor();
    const { longest, frames } = await page.evaluate(() => window.drawn);
    const seconds = (Date.now() - begun) / 1000;
    context.diagnostic(
        `${all} presences in ${seconds.toFixed(1)} s, ${frames} frames, the longest ${longest.toFixed(0)} ms`,
    );
    await until(async () => (await rows(page)) <= MAX_ROWS, "a handful of rows");
    await closeSound(page);
});
