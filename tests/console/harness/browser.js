import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PATIENCE_MS } from "./waiting.js";

// npm installs into a folder of the build: see scripts/test.
const packages = process.env.DM_CONSOLE_PACKAGES ?? "build/console-tests";
const require = createRequire(resolve(packages, "package.json"));
const { chromium } = require("playwright-core");

/** What Chromium says about requests that fail, which tests make happen. */
const EXPECTED = /Failed to load resource/;

/** Debian's Chromium without a window. Pages report everything that goes wrong in them. */
export class Browser {
    #chromium;
    #dumps = mkdtempSync(join(tmpdir(), "chromium-"));

    static async launch() {
        const browser = new Browser();
        browser.#chromium = await chromium.launch({
            executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
            args: [
                ...(process.getuid() === 0 ? ["--no-sandbox"] : []),
                "--disable-gpu",
                "--disable-quic",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                `--crash-dumps-dir=${browser.#dumps}`,
            ],
        });
        return browser;
    }

    /** A page of its own session; `options` as of Playwright's newContext. */
    async page(options = {}) {
        const context = await this.#chromium.newContext(options);
        context.setDefaultTimeout(PATIENCE_MS);
        const page = await context.newPage();
        page.problems = [];
        page.on("pageerror", (error) => page.problems.push(`${error.stack ?? error}`));
        page.on("console", (message) => {
            if (["error", "warning"].includes(message.type()) && !EXPECTED.test(message.text())) {
                page.problems.push(message.text());
            }
        });
        return page;
    }

    async close() {
        await this.#chromium.close();
        rmSync(this.#dumps, { recursive: true, force: true });
    }
}

/** Ends a page; nothing may have gone wrong in it, be it an exception or against the policy. */
export async function closeSound(page) {
    await page.context().close();
    assert.deepEqual(page.problems, []);
}

/** Opens the console as whoever `token` is for. */
export async function signIn(page, stack, token, hash = "") {
    await page.goto(`${stack.url}/#token=${token}`);
    await page.getByText("live", { exact: true }).waitFor();
    if (hash) {
        await page.evaluate((wanted) => (location.hash = wanted), hash);
    }
}

/** The line above the table; the same text is told to those who do not see it, elsewhere. */
export function count(page, text) {
    return page.locator(".count").getByText(text, { exact: true });
}
