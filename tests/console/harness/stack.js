import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program } from "./program.js";
import { until } from "./waiting.js";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const BIN = process.env.DM_BIN ?? join(ROOT, "build/asan/bin");

/** A port nobody listens on, below the range that outgoing connections use. */
function freePort() {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    return new Promise((resolve) => {
        const probe = createServer();
        probe.once("error", () => resolve(freePort()));
        probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(port)));
    });
}

/** Mosquitto, the server, control and simulated devices, as programs on loopback. */
export class Stack {
    folder = mkdtempSync(join(tmpdir(), "console-"));
    tokens = {};
    #programs = new Map();
    #ports = {};

    /** `flags` of the server, `{name: value}`. */
    static async start(flags = {}) {
        const stack = new Stack();
        try {
            execFileSync(join(ROOT, "scripts/lib/dev-keys"), [stack.#path("keys")]);
            await stack.startBroker();
            await stack.startServer(flags);
            stack.#ports.control = await freePort();
            stack.#ports.controlOps = await freePort();
            stack.tokens.operator = stack.addToken("operator", "operator");
            stack.tokens.viewer = stack.addToken("viewer", "viewer");
            await stack.startControl();
            return stack;
        } catch (failure) {
            await stack.stop();
            throw failure;
        }
    }

    get url() {
        return `http://127.0.0.1:${this.#ports.control}`;
    }

    program(name) {
        return this.#programs.get(name);
    }

    async startServer(flags = this.serverFlags) {
        this.serverFlags = flags;
        this.#ports.device ??= await freePort();
        const server = this.#run("device-mgmt", {
            "node.name": "node-1",
            "listen.address": "127.0.0.1",
            "listen.port": this.#ports.device,
            "listen.cert": this.#path("keys/server.pem"),
            "listen.key": this.#path("keys/server.key"),
            "auth.jwt_keys": this.#path("keys/jwt"),
            "auth.jwt_audience": "device-mgmt",
            "auth.jwt_issuer": "local",
            "broker.url": this.#brokerUrl,
            "store.sqlite": this.#path("store.db"),
            "ops.port": 0,
            "drain.spread_s": 0,
            ...flags,
        });
        const [, port] = await server.untilLogged(/ started .* ops_port=(\d+)/);
        await untilReady(port);
    }

    async startControl() {
        const control = this.#run("control", {
            "node.name": "control-1",
            "listen.port": this.#ports.control,
            "ops.port": this.#ports.controlOps,
            "auth.operator_tokens": this.#path("tokens"),
            "broker.url": this.#brokerUrl,
            "drain.deadline_s": 1,
        });
        await control.untilLogged(/ started .* ops_port=/);
        await untilReady(this.#ports.controlOps);
    }

    /** Devices `sim-00000` and so on; resolves when they are connected. */
    async startDevices(count, flags = {}) {
        const isTls = this.serverFlags["listen.tls"] !== "false";
        this.#run("firmware-sim", [
            "run",
            {
                url: `${isTls ? "wss" : "ws"}://127.0.0.1:${this.#ports.device}`,
                ca: this.#path("keys/ca.pem"),
                devices: count,
                rate: "2000",
                "jwt-key": this.#path("keys/jwt-private/dev.key"),
                kid: "dev",
                "jwt-audience": "device-mgmt",
                "jwt-issuer": "local",
                ...flags,
            },
        ]);
        await until(async () => (await this.#online()) >= count, `${count} devices`, 180_000);
    }

    /** Commands to the first `devices` of them, `rate` a second, until the end. */
    startLoad(devices, rate) {
        const flags = { broker: this.#brokerUrl, devices, rate, duration: 600 };
        this.#run("firmware-sim", ["load", flags], "load");
    }

    /** Devices that are online, as the API counts them. */
    async #online() {
        const path = "/v1/devices?online=true&limit=500";
        const headers = { Authorization: `Bearer ${this.tokens.viewer}` };
        let seen = 0;
        let cursor = "";
        do {
            const response = await fetch(this.url + path + cursor, { headers });
            const page = response.ok ? await response.json() : { devices: [] };
            seen += page.devices.length;
            cursor = page.cursor ? `&cursor=${encodeURIComponent(page.cursor)}` : "";
        } while (cursor);
        return seen;
    }

    addToken(name, role) {
        return this.#changeTokens("add", name, "--role", role).trim();
    }

    removeToken(name) {
        this.#changeTokens("remove", name);
    }

    /** control has read the tokens again, since this was asked for the last time. */
    async untilReloaded() {
        const { log } = this.program("control");
        const count = (text) => text.split(" reloaded ").length;
        const before = this.reloads ?? 1;
        await until(
            () => count(this.program("control").log) > before,
            "the tokens to be read",
            log,
        );
        this.reloads = count(this.program("control").log);
    }

    #changeTokens(...argv) {
        const file = ["--auth.operator_tokens", this.#path("tokens")];
        return execFileSync(join(BIN, "control"), ["tokens", ...argv, ...file], {
            encoding: "utf8",
        });
    }

    /** A metric of control. */
    async metric(name) {
        const answer = await fetch(`http://127.0.0.1:${this.#ports.controlOps}/metrics`);
        return Number(new RegExp(`^${name} (.*)$`, "m").exec(await answer.text())[1]);
    }

    async stop() {
        const failures = [];
        for (const program of [...this.#programs.values()].reverse()) {
            await program.end().catch((failure) => failures.push(failure));
        }
        if (failures.length > 0) {
            throw failures[0];
        }
        if (process.env.DM_KEEP_LOGS) {
            console.log(`logs are in ${this.folder}`);
        } else {
            rmSync(this.folder, { recursive: true });
        }
    }

    #path(name) {
        return join(this.folder, name);
    }

    get #brokerUrl() {
        return `mqtt://127.0.0.1:${this.#ports.broker}`;
    }

    /** Also after its end, on the port that it had. */
    async startBroker() {
        this.#ports.broker ??= await freePort();
        const conf = readFileSync(join(ROOT, "conf/mosquitto.conf"), "utf8")
            .replace(/^listener .*/m, `listener ${this.#ports.broker} 127.0.0.1`)
            .replace(/^persistence_location .*/m, `persistence_location ${this.folder}/`);
        const file = this.#path("mosquitto.conf");
        writeFileSync(file, `${conf}\nuser ${userInfo().username}\n`);
        const path = `${process.env.PATH}:/usr/sbin`;
        const program = execFileSync("which", ["mosquitto"], {
            encoding: "utf8",
            env: { PATH: path },
        });
        const broker = new Program("mosquitto", [program.trim(), "-c", file], this.folder);
        this.#programs.set("mosquitto", broker);
        await broker.untilLogged(/mosquitto version .* running/);
    }

    #run(name, flags, as = name) {
        const list = Array.isArray(flags) ? flags : [flags];
        const argv = list.flatMap((part) =>
            typeof part === "string"
                ? part
                : Object.entries(part).flatMap(([k, v]) => [`--${k}`, v]),
        );
        const program = new Program(as, [join(BIN, name), ...argv], this.folder);
        this.#programs.set(as, program);
        return program;
    }
}

async function untilReady(port) {
    await until(async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
        return (await answer?.text())?.startsWith("ready");
    }, `/readyz of ${port}`);
}
