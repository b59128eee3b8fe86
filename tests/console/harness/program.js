import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./waiting.js";

const SANITIZER = /AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:/;

/** One running process with a log file; it ends with the tests, even when those are killed. */
export class Program {
    #child;
    #exit;
    log = "";

    constructor(name, command, folder) {
        this.name = name;
        const argv = ["--pdeathsig", "KILL", ...command.map(String)];
        this.#child = spawn("setpriv", argv, { stdio: ["ignore", "pipe", "pipe"] });
        const file = join(folder, `${name}.log`);
        for (const stream of [this.#child.stdout, this.#child.stderr]) {
            stream.setEncoding("utf8").on("data", (text) => {
                this.log += text;
                appendFileSync(file, text);
            });
        }
        this.#exit = new Promise((resolve) => this.#child.on("close", resolve));
    }

    get isRunning() {
        return this.#child.exitCode === null && this.#child.signalCode === null;
    }

    /** What `pattern` finds in the log, when it does. */
    untilLogged(pattern) {
        return until(() => {
            const found = pattern.exec(this.log);
            if (!found && !this.isRunning) {
                throw new Error(`${this.name} ended:\n${this.log.slice(-2000)}`);
            }
            return found;
        }, `${pattern} in the log of ${this.name}`);
    }

    /** Ends it: SIGKILL for a crash. */
    async end(signal = "SIGTERM") {
        if (this.isRunning) {
            this.#child.kill(signal);
        }
        await this.#exit;
        if (SANITIZER.test(this.log)) {
            throw new Error(`${this.name}:\n${this.log.slice(-8000)}`);
        }
    }
}
