import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, closeSound, count, signIn } from "./harness/browser.js";
import { Stack } from "./harness/stack.js";
import { until } from "./harness/waiting.js";

const DEVICES = 300;

let stack;
let browser;

before(async () => {
    stack = await Stack.start();
    await stack.startDevices(DEVICES);
    browser = await Browser.launch();
});

after(async () => {
    await browser?.close();
    await stack?.stop();
});

test("a device among many is found, opened and left by keyboard alone", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator);
    await page.keyboard.press("/");
    const search = page.getByRole("searchbox", { name: "Search devices" });
    await search.waitFor();
    await count(page, `${DEVICES} devices, ${DEVICES} online`).waitFor();
    await page.keyboard.type("lamp 0010");
    await count(page, `3 of ${DEVICES} devices`).waitFor(); // sim-00101, -00105, -00109
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    const active = () =>
        page.evaluate(() => {
            const grid = document.activeElement;
            return document.getElementById(grid.getAttribute("aria-activedescendant")).textContent;
        });
    await until(async () => (await active()).startsWith("sim-00105online"), "the second row");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "sim-00105" }).waitFor();
    await page.getByText("lamp").waitFor();
    await page.keyboard.press("Escape");
    await count(page, `3 of ${DEVICES} devices`).waitFor(); // the search is as it was
    await page.keyboard.press("ArrowDown"); // and the keys go on in the table
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "sim-00109" }).waitFor();
    await closeSound(page);
});

test("the order of the keys is that of the page, and what has focus is seen", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator, "#/fleet");
    await page.getByRole("grid").waitFor();
    await page.evaluate(() => document.activeElement.blur());
    const seen = [];
    for (let step = 0; step < 9; step += 1) {
        await page.keyboard.press("Tab");
        seen.push(
            await page.evaluate(() => {
                const element = document.activeElement;
                const shown = element.matches("[type=radio]") ? element.nextSibling : element;
                const outline = getComputedStyle(shown).outlineStyle;
                const name = element.getAttribute("aria-label") ?? element.textContent;
                return `${name || element.value}${outline === "none" ? " (unseen)" : ""}`;
            }),
        );
    }
    assert.deepEqual(seen, [
        "Skip to content",
        "Overview",
        "Fleet",
        "Sign out",
        "Search devices",
        "all",
        "Devices",
        "Device",
        "State",
    ]);
    await closeSound(page);
});

test("a column orders, and turns round", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator, "#/fleet");
    await count(page, `${DEVICES} devices, ${DEVICES} online`).waitFor();
    const header = page.getByRole("columnheader", { name: "Device" });
    const first = page.locator(".spacer [aria-rowindex='2']");
    await page.locator("[aria-rowindex='2']", { hasText: "sim-00000" }).waitFor();
    await header.getByRole("button").click();
    await page.locator("[aria-rowindex='2']", { hasText: "sim-00299" }).waitFor();
    assert.equal(await header.getAttribute("aria-sort"), "descending");
    await page.getByRole("columnheader", { name: "Model" }).getByRole("button").click();
    await page.locator("[aria-rowindex='2']", { hasText: "sim-00001" }).waitFor();
    assert.match(await first.textContent(), /lamp/);
    await closeSound(page);
});

test("presence is live: devices that vanish and come back are seen without a reload", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.viewer, "#/fleet");
    await count(page, `${DEVICES} devices, ${DEVICES} online`).waitFor();
    await page.getByText("Offline", { exact: true }).click();
    await page.getByText("No device matches.").waitFor();
    await stack.program("firmware-sim").end("SIGKILL");
    await count(page, "300 devices, 0 online").waitFor();
    await page.locator("[aria-rowindex='2']", { hasText: "sim-00000offline" }).waitFor();
    await stack.startDevices(DEVICES);
    await page.getByText("No device matches.").waitFor();
    await page.getByText("All", { exact: true }).click();
    await page.locator("[aria-rowindex='2']", { hasText: "sim-00000online" }).waitFor();
    await closeSound(page);
});
