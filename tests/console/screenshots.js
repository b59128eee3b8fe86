// screenshots.js FOLDER: the pictures of docs/control.md, made anew.
import { join } from "node:path";
import { Browser, closeSound, signIn } from "./harness/browser.js";
import { Stack } from "./harness/stack.js";
import { until } from "./harness/waiting.js";

const DEVICES = 120;
const WATCH_S = 60; // for the curves

const folder = process.argv[2];
const stack = await Stack.start({
    "node.url": "wss://node-1.example:8443",
    "health.max_sessions": 10_000,
});
const browser = await Browser.launch();
try {
    await stack.startDevices(DEVICES, { "telemetry-s": 2, "reply-delay-ms": 80 });
    const light = await browser.page({ viewport: { width: 1180, height: 760 } });
    await signIn(light, stack, stack.tokens.operator);
    const dark = await browser.page({
        viewport: { width: 1180, height: 900 },
        colorScheme: "dark",
    });
    await signIn(dark, stack, stack.tokens.operator, "#/devices/sim-00000");
    stack.startLoad(DEVICES, 25);

    const send = async (command, args) => {
        await dark.getByLabel("Command", { exact: true }).fill(command);
        await dark.getByLabel("Arguments").fill(args);
        await dark.keyboard.press("Control+Enter");
        await dark.locator(".outcome").getByText("succeeded").waitFor();
    };
    const begun = Date.now();
    await send("set_target", '{"target": 26}');
    await until(() => Date.now() - begun > WATCH_S * 500, "a curve");
    await send("set_target", '{"target": 21.5}');
    await until(() => Date.now() - begun > WATCH_S * 1000, "a curve");

    await light.screenshot({ path: join(folder, "console-overview.png") });
    await dark.screenshot({ path: join(folder, "console-device.png") });
    await closeSound(light);
    await closeSound(dark);
} finally {
    await browser.close();
    await stack.stop();
}
