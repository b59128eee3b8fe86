import { CommandLog } from "../device/command_log.js";
import { historyStart } from "../stream/history_start.js";
import { EventStream } from "../stream/event_stream.js";
import { delay } from "../stream/delay.js";
import { AlertList } from "./alert_list.js";
import { CommandForm } from "./command_form.js";
import { CommandList } from "./command_list.js";
import { DeviceFacts } from "./device_facts.js";
import { h, perFrame } from "./dom.js";
import { TelemetryPanel } from "./telemetry_panel.js";

/** Steps of unknown commands come in bursts: the list is asked for once for all of them. */
const LIST_AFTER_MS = 400;
/** Whose every step is asked for without being opened. */
const HISTORIES = 10;

/** One device: what it is, what it says, what it was told to do. */
export class DevicePage {
    #api;
    #device;
    #announce;
    #log = new CommandLog();
    #facts;
    #telemetry = new TelemetryPanel();
    #alerts = new AlertList();
    #commands;
    #form;
    #stream;
    #closing = new AbortController();
    #isListing = false;
    #drawCommands = perFrame(() => this.#commands.draw());
    element;

    /** `known`: what the fleet has of it; `position()`: the id of an event that has just happened. */
    constructor({ api, device, mayOperate, known, position, announce }) {
        this.#api = api;
        this.#device = device;
        this.#announce = announce;
        this.#facts = new DeviceFacts(device, known);
        this.#commands = new CommandList(this.#log, {
            readHistory: (id) => this.#readHistory(id),
            onCancel: mayOperate ? (id) => this.#cancel(id) : null,
        });
        this.#form = new CommandForm({
            api,
            device,
            mayOperate,
            onStep: (step) => this.#takeStep(step),
            announce,
        });
        this.#stream = new EventStream({
            open: async (last, signal) =>
                api.deviceEvents(device, last || historyStart(await position()), signal),
            onEvent: (event) => this.#take(event),
            onState: (state) => state === "live" && this.#read(),
        });
        this.element = this.#layout();
    }

    open() {
        this.#facts.focus();
        this.#stream.start();
    }

    close() {
        this.#closing.abort();
        this.#stream.stop();
        this.#telemetry.close();
        this.#form.close();
    }

    pause() {
        this.#stream.stop();
    }

    resume() {
        this.#stream.start();
    }

    #layout() {
        return h(
            "article",
            { class: "device", "aria-label": `Device ${this.#device}` },
            this.#facts.element,
            h(
                "div",
                { class: "columns" },
                h(
                    "div",
                    {},
                    h("section", {}, h("h2", {}, "Telemetry"), this.#telemetry.element),
                    h("section", {}, h("h2", {}, "Alerts"), this.#alerts.element),
                ),
                h(
                    "div",
                    {},
                    h("section", {}, h("h2", {}, "Send a command"), this.#form.element),
                    h("section", {}, h("h2", {}, "Commands"), this.#commands.element),
                ),
            ),
        );
    }

    #take({ event, data }) {
        const told = JSON.parse(data);
        if (event === "telemetry") {
            this.#telemetry.take(told);
        } else if (event === "presence") {
            this.#facts.take(told);
        } else if (event === "alert") {
            this.#alerts.take(told);
        } else if (event === "status" || event === "reply") {
            this.#takeStep(told);
        } else if (event === "reset") {
            this.#read();
        }
    }

    #takeStep(step) {
        this.#log.takeStep(step);
        this.#drawCommands();
        if (this.#log.hasUnnamed) {
            this.#listCommands();
        }
    }

    /** What the nodes know, when a stream begins and after a gap. */
    async #read() {
        try {
            const { signal } = this.#closing;
            this.#facts.take(await this.#api.device(this.#device, signal));
        } catch (problem) {
            if (problem.status === 404) {
                this.#facts.showUnknown();
            }
        }
        await this.#listCommands();
    }

    async #listCommands() {
        if (this.#isListing) {
            return;
        }
        this.#isListing = true;
        const { signal } = this.#closing;
        await delay(LIST_AFTER_MS, signal);
        this.#log.hasUnnamed = false;
        try {
            const { commands } = await this.#api.commands(this.#device, signal);
            commands.forEach((command) => this.#log.takeCommand(command));
            this.#form.suggest(commands.map(({ command }) => command));
            this.#commands.isRead = true;
        } catch {
            // The next step that is told, or the next connection, asks again.
        }
        this.#isListing = false;
        this.#drawCommands();
        if (this.#log.hasUnnamed && !signal.aborted) {
            this.#listCommands(); // of others, which have come meanwhile
            return;
        }
        const unread = this.#log.inOrder().filter(({ hasHistory }) => !hasHistory);
        for (const { id } of unread.slice(0, HISTORIES)) {
            await this.#readHistory(id);
        }
    }

    async #readHistory(id) {
        try {
            this.#log.takeCommand(await this.#api.command(this.#device, id, this.#closing.signal));
            this.#drawCommands();
        } catch {
            // What the list says of it stays; opening it again asks again.
        }
    }

    async #cancel(id) {
        try {
            await this.#api.cancel(this.#device, id);
            this.#announce("The command is cancelled");
        } catch (problem) {
            this.#announce(problem.message);
            this.#commands.setNote(id, problem.message);
        }
        await this.#readHistory(id);
    }
}
