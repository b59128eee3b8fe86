import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, closeSound, count, signIn } from "./harness/browser.js";
import { Stack } from "./harness/stack.js";
import { until } from "./harness/waiting.js";

let stack;
let browser;

before(async () => {
    stack = await Stack.start();
    await stack.startDevices(20, { "telemetry-s": 0.2 });
    browser = await Browser.launch();
});

after(async () => {
    await browser?.close();
    await stack?.stop();
});

test("control dies and comes back: a banner, then everything that happened meanwhile", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator, "#/fleet");
    await count(page, "20 devices, 20 online").waitFor();
    await stack.program("control").end("SIGKILL");
    await page.getByRole("alert").getByText("Connection to control lost.").waitFor();
    await page.getByText("lost", { exact: true }).waitFor();
    await stack.program("firmware-sim").end("SIGKILL"); // nobody can tell of it
    await stack.startControl();
    await count(page, "20 devices, 0 online").waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    assert.equal(await page.getByRole("alert").isVisible(), false);
    await stack.startDevices(20, { "telemetry-s": 0.2 });
    await count(page, "20 devices, 20 online").waitFor();
    await closeSound(page);
});

test("a command goes on while control is away, and its end is shown", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator, "#/devices/sim-00003");
    await page.getByLabel("Command", { exact: true }).fill("sleep");
    await page.getByLabel("Arguments").fill('{"ms": 4000}');
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".outcome").getByText("delivered").waitFor();
    await stack.program("control").end("SIGKILL");
    await page.locator(".outcome").getByText("looking again").waitFor();
    await stack.startControl();
    await page.locator(".outcome").getByText("succeeded").waitFor();
    await page
        .locator(".commands > li")
        .first()
        .locator("[data-state=succeeded]")
        .first()
        .waitFor();
    await page
        .getByRole("img", { name: "Chart: power" })
        .or(page.locator(".chart"))
        .first()
        .waitFor();
    await closeSound(page);
});

test("the server dies and comes back: the page follows", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.viewer);
    const node = (state) => page.getByRole("row", { name: new RegExp(`node-1 ${state}`) });
    await node("up").waitFor();
    await page.getByText("of 20 known").waitFor();
    await stack.program("device-mgmt").end("SIGKILL");
    await node("down").waitFor();
    await stack.startServer();
    await node("up 20").waitFor(); // devices come back by themselves
    await page.evaluate(() => (location.hash = "#/fleet"));
    await count(page, "20 devices, 20 online").waitFor();
    await closeSound(page);
});

test("while the broker is away one signs in and is told, and afterwards nothing is missing", async () => {
    const before = await browser.page();
    await signIn(before, stack, stack.tokens.operator, "#/fleet");
    await count(before, "20 devices, 20 online").waitFor();
    await stack.program("mosquitto").end("SIGKILL");
    await until(async () => (await stack.metric("dm_control_broker_connected")) === 0, "its loss");
    await stack.program("firmware-sim").end("SIGKILL");
    const page = await browser.page();
    await page.goto(`${stack.url}/#token=${stack.tokens.viewer}`);
    await page.getByRole("alert").getByText("The broker cannot be reached now.").waitFor();
    await page.getByRole("link", { name: "Fleet", exact: true }).click();
    await stack.startBroker();
    await count(page, "20 devices, 0 online").waitFor();
    await count(before, "20 devices, 0 online").waitFor();
    assert.equal(await page.getByRole("alert").isVisible(), false);
    await stack.startDevices(20, { "telemetry-s": 0.2 });
    await count(before, "20 devices, 20 online").waitFor();
    await closeSound(before);
    await closeSound(page);
});

test("a tab that is hidden gives up its connections, and misses nothing", async () => {
    const page = await browser.page();
    await page.clock.install();
    await signIn(page, stack, stack.tokens.viewer, "#/devices/sim-00002");
    await page.locator(".title").getByText("online").waitFor();
    await page.locator(".channel").first().waitFor();
    await until(async () => (await stack.metric("dm_control_followers")) === 2, "both streams");
    const show = (isShown) =>
        page.evaluate((hidden) => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }, !isShown);
    await show(false);
    await page.clock.fastForward(61_000);
    await page.getByText("paused", { exact: true }).waitFor();
    await until(async () => (await stack.metric("dm_control_followers")) === 0, "nobody to listen");
    await stack.program("firmware-sim").end("SIGKILL");
    await show(true);
    await page.locator(".title").getByText("offline").waitFor();
    await page.getByRole("link", { name: "Fleet", exact: true }).click();
    await count(page, "20 devices, 0 online").waitFor();
    await stack.startDevices(20, { "telemetry-s": 0.2 });
    await closeSound(page);
});

test("a token that is removed ends the session", async () => {
    const page = await browser.page();
    const token = stack.addToken("gone", "viewer");
    await stack.untilReloaded();
    await signIn(page, stack, token);
    stack.removeToken("gone");
    await stack.untilReloaded();
    await page.evaluate(() => (location.hash = "#/devices/sim-00001"));
    await page.getByText("This token is not valid.").waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    await closeSound(page);
});
