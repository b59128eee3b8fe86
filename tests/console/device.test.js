import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, closeSound, signIn } from "./harness/browser.js";
import { Stack } from "./harness/stack.js";
import { until } from "./harness/waiting.js";

const THERMOSTAT = "#/devices/sim-00000";

let stack;
let browser;

before(async () => {
    stack = await Stack.start();
    await stack.startDevices(4, { "telemetry-s": 0.2 });
    browser = await Browser.launch();
});

after(async () => {
    await browser?.close();
    await stack?.stop();
});

async function send(page, command, args = "") {
    await page.getByLabel("Command", { exact: true }).fill(command);
    await page.getByLabel("Arguments").fill(args);
    await page.keyboard.press("Control+Enter"); // from within the arguments
}

/** The pixels of the first chart, which change when its curve does. */
const pixels = (page) =>
    page
        .locator(".chart canvas")
        .first()
        .evaluate((canvas) => canvas.toDataURL());

test("a command's reply and the line of its states appear as they come", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator, THERMOSTAT);
    await send(page, "set_target", '{"target": 24.5}');
    const outcome = page.locator(".outcome");
    await outcome.getByText("succeeded").waitFor();
    await outcome.getByText('"target": 24.5').waitFor();
    const steps = page.locator(".commands > li").first().locator(".steps > li");
    await until(async () => (await steps.count()) === 4, "four steps");
    const states = await steps.evaluateAll((all) => all.map((step) => step.dataset.state));
    assert.deepEqual(states, ["accepted", "sent", "delivered", "succeeded"]);
    await page.getByText("Reply", { exact: true }).first().click();
    await page.getByText("sent by operator").waitFor();
    await closeSound(page);
});

test("the chart has what was measured before, and moves", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.viewer, THERMOSTAT);
    await page.getByRole("img", { name: "Chart: temperature" }).waitFor();
    const before = await pixels(page);
    await until(async () => (await pixels(page)) !== before, "another picture");
    await page.locator(".latest", { hasText: '"celsius"' }).waitFor();
    await closeSound(page);
});

test("a command fails for the device's reason, and takes its times and delivery along", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator, THERMOSTAT);
    await send(page, "set_target", '{"target": 99}');
    await page.locator(".outcome").getByText("failed").waitFor();
    await page.locator(".outcome pre", { hasText: "target" }).waitFor();
    await page.getByText("Times and delivery").click();
    await page.getByLabel("Send within, s").fill("9");
    await page.getByLabel("Delivery").selectOption("at most once");
    const sent = page.waitForRequest((request) => request.method() === "POST");
    await send(page, "echo", '{"x": [1, 2]}');
    const body = { command: "echo", args: { x: [1, 2] }, ttl_s: 9, delivery: "at_most_once" };
    assert.deepEqual((await sent).postDataJSON(), body);
    await page.locator(".outcome", { hasText: "echo" }).getByText("succeeded").waitFor();
    await closeSound(page);
});

test("arguments that are no object are refused before they are sent", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator, THERMOSTAT);
    const asked = [];
    page.on("request", (request) => request.method() === "POST" && asked.push(request.url()));
    await send(page, "echo", '{"x": ');
    await page.getByText("Arguments: not valid JSON").waitFor();
    await send(page, "echo", "[1]");
    await page.getByText("Arguments: must be a JSON object").waitFor();
    await send(page, "");
    assert.equal(
        await page.getByLabel("Command", { exact: true }).evaluate((i) => i.validity.valid),
        false,
    );
    assert.deepEqual(asked, []);
    await send(page, "echo", "{}");
    await page.locator(".outcome").getByText("succeeded").waitFor();
    assert.equal(asked.length, 1);
    await closeSound(page);
});

test("a command that waits for its device can be cancelled", async () => {
    await stack.program("firmware-sim").end("SIGKILL");
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator, "#/devices/sim-00001");
    await page.locator(".title").getByText("offline").waitFor();
    await send(page, "get_state");
    await page.locator(".outcome").getByText("queued").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator(".outcome").getByText("cancelled").waitFor();
    await page.locator(".commands").getByText("cancelled").first().waitFor();
    assert.equal(await page.getByRole("button", { name: "Cancel" }).count(), 0);
    await stack.startDevices(4, { "telemetry-s": 0.2 });
    await page.locator(".title").getByText("online").waitFor();
    await closeSound(page);
});

test("commands of others are seen as well, with their names", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.viewer, "#/devices/sim-00002");
    await page.getByText("None that is remembered.").waitFor();
    const answer = await fetch(`${stack.url}/v1/devices/sim-00002/commands`, {
        method: "POST",
        headers: {
            Authorization: `Bearer ${stack.tokens.operator}`,
            "Content-Type": "application/json",
        },
        body: '{"command":"get_state"}',
    });
    assert.equal(answer.status, 200);
    const item = page.locator(".commands > li");
    await item.getByText("get_state").waitFor();
    await item.locator("[data-state=succeeded]").first().waitFor();
    await closeSound(page);
});

test("a device that was never there says so", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator, "#/devices/nobody");
    await page.getByText("never connected").waitFor();
    await send(page, "get_state");
    await page.locator(".outcome").getByText("was never connected").waitFor();
    await closeSound(page);
});
