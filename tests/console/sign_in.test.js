import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, closeSound, signIn } from "./harness/browser.js";
import { Stack } from "./harness/stack.js";

let stack;
let browser;

before(async () => {
    stack = await Stack.start();
    await stack.startDevices(3);
    browser = await Browser.launch();
});

after(async () => {
    await browser?.close();
    await stack?.stop();
});

test("a wrong token is told so, and the right one opens the overview", async () => {
    const page = await browser.page();
    await page.goto(stack.url);
    const field = page.getByLabel("Token of an operator or viewer");
    assert.equal(await field.evaluate((input) => document.activeElement === input), true);
    await field.fill("x".repeat(43));
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("This token is not valid.").waitFor();
    await field.fill(stack.tokens.operator);
    await page.keyboard.press("Enter");
    await page.getByRole("region", { name: "Overview" }).waitFor();
    await page.getByText("of 3 known").waitFor();
    await page.getByRole("row", { name: /node-1 up 3/ }).waitFor();
    await closeSound(page);
});

test("a token in the address is taken out of it, and kept in this tab only", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator);
    assert.equal(page.url(), `${stack.url}/`);
    const kept = await page.evaluate(() => [sessionStorage.length, localStorage.length]);
    assert.deepEqual(kept, [1, 0]);
    assert.equal(await page.evaluate(() => document.cookie), "");
    await page.reload();
    await page.getByText("of 3 known").waitFor();
    const other = await page.context().newPage();
    await other.goto(stack.url);
    await other.getByLabel("Token of an operator or viewer").waitFor();
    await closeSound(page);
});

test("signing out forgets the token", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.operator);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token of an operator or viewer").waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    await closeSound(page);
});

test("a viewer sees everything and sends nothing", async () => {
    const page = await browser.page();
    await signIn(page, stack, stack.tokens.viewer, "#/devices/sim-00001");
    await page.getByText("A viewer's token reads only.").waitFor();
    await page.getByText("None that is remembered.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Send" }).count(), 0);
    await page.getByText("viewer", { exact: true }).waitFor();
    await closeSound(page);
});
