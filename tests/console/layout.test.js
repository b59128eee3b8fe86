import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, closeSound, signIn } from "./harness/browser.js";
import { Stack } from "./harness/stack.js";

const PAGES = ["#/", "#/fleet", "#/devices/sim-00000"];

let stack;
let browser;

before(async () => {
    stack = await Stack.start();
    await stack.startDevices(40, { "telemetry-s": 0.5 });
    browser = await Browser.launch();
});

after(async () => {
    await browser?.close();
    await stack?.stop();
});

/** Opens each page in turn, with what it shows there. */
async function visit(page, look) {
    for (const hash of PAGES) {
        await page.evaluate((wanted) => (location.hash = wanted), hash);
        const awaited = { "#/": ".chart canvas", "#/fleet": ".spacer .row" }[hash] ?? ".channel";
        await page.locator(awaited).first().waitFor();
        await look(hash);
    }
}

for (const width of [360, 768, 1440]) {
    test(`nothing is wider than a screen of ${width} pixels`, async () => {
        const page = await browser.page({ viewport: { width, height: 740 } });
        await page.goto(stack.url);
        const overflow = () =>
            page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok((await overflow()) <= 0);
        await signIn(page, stack, stack.tokens.operator);
        await visit(page, async (hash) => assert.ok((await overflow()) <= 0, hash));
        await closeSound(page);
    });
}

/** Contrast of WCAG 2.1 between the texts of a page and what is behind them, the least first. */
const contrasts = (page) =>
    page.evaluate(() => {
        const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
        const over = ([r, g, b, a = 1], below) =>
            [r, g, b].map((value, index) => value * a + below[index] * (1 - a));
        const luminance = (rgb) =>
            rgb
                .map((value) => value / 255)
                .map((value) =>
                    value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
                )
                .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
        const behind = (element) =>
            element
                ? over(
                      channels(getComputedStyle(element).backgroundColor),
                      behind(element.parentElement),
                  )
                : [255, 255, 255];
        const texts = [...document.querySelectorAll("main *, header *")].filter(
            (element) =>
                element.checkVisibility() &&
                [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()),
        );
        return texts
            .map((element) => {
                const back = behind(element);
                const text = over(channels(getComputedStyle(element).color), back);
                const [dark, light] = [luminance(text), luminance(back)].sort((a, b) => a - b);
                return { text: element.textContent, ratio: (light + 0.05) / (dark + 0.05) };
            })
            .sort((a, b) => a.ratio - b.ratio);
    });

for (const colorScheme of ["light", "dark"]) {
    test(`in the ${colorScheme} scheme every text can be read`, async () => {
        const page = await browser.page({ colorScheme });
        await signIn(page, stack, stack.tokens.operator);
        const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        assert.equal(parseInt(back.match(/\d+/)[0], 10) < 100, colorScheme === "dark", back);
        await visit(page, async (hash) => {
            const [least] = await contrasts(page);
            assert.ok(least.ratio >= 4.5, `${hash}: ${JSON.stringify(least)}`);
        });
        await closeSound(page);
    });
}

test("who wants less motion gets none", async () => {
    const page = await browser.page({ reducedMotion: "reduce" });
    await signIn(page, stack, stack.tokens.operator);
    await visit(page, async (hash) => {
        const moving = await page.evaluate(
            () =>
                [...document.querySelectorAll("*")].filter((element) => {
                    const { transitionDuration, animationName } = getComputedStyle(element);
                    return transitionDuration !== "0s" || animationName !== "none";
                }).length,
        );
        assert.equal(moving, 0, hash);
    });
    await closeSound(page);
});

test("the policy forbids what is not the console's own, and the console needs nothing of it", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator);
    await visit(page, async () => {});
    const refused = await page.evaluate(async () => {
        const violations = [];
        document.addEventListener("securitypolicyviolation", (event) =>
            violations.push(event.effectiveDirective),
        );
        const script = document.createElement("script");
        script.textContent = "window.wasRun = true";
        const style = document.createElement("style");
        style.textContent = "body { color: red }";
        document.head.append(script, style);
        await fetch("http://127.0.0.1:1/").catch(() => {});
        await new Promise((resolve) => setTimeout(resolve));
        return { violations: violations.sort(), wasRun: window.wasRun ?? false };
    });
    assert.deepEqual(refused.violations, ["connect-src", "script-src-elem", "style-src-elem"]);
    assert.equal(refused.wasRun, false);
    // What the browser said until then was of these three only.
    assert.ok(page.problems.length >= 3);
    for (const problem of page.problems.splice(0)) {
        assert.match(problem, /Content Security Policy/);
    }
    await closeSound(page);
});
