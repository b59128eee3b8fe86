import { isEnd } from "../api/command_call.js";

/** Ended commands beyond it are forgotten, the oldest first. */
const MAX_COMMANDS = 100;

/** The commands of one device with the steps that are known of each, whoever tells of them. */
export class CommandLog {
    /**
     * id → `{id, command?, operator?, acceptedAt, steps, end?, hasHistory}`. `end`: the terminal
     * message; `hasHistory`: the nodes have nothing more to tell.
     */
    commands = new Map();
    /** There are commands of whom only a step is known. */
    hasUnnamed = false;

    /** The answer to a question for the device's commands, or for one of them with its history. */
    takeCommand(told) {
        const command = this.#get(told.id);
        command.command = told.command;
        command.operator = told.operator ?? command.operator;
        command.acceptedAt = told.accepted_at;
        this.#step(command, { state: "accepted", attempt: 0, time: told.accepted_at });
        for (const step of told.history ?? []) {
            this.#step(command, step);
        }
        command.hasHistory = told.history
            ? !told.history_cut
            : Boolean(command.hasHistory && (command.end || !isEnd(told.state)));
        if (isEnd(told.state)) {
            this.#step(command, {
                state: told.state,
                attempt: told.attempts,
                time: told.finished_at,
            });
        } else if (!told.history) {
            command.toldState = told.state;
        }
        if (told.terminal) {
            this.takeStep(told.terminal);
        }
        this.#trim();
        return command;
    }

    /** A state, an end or a rejection, as it is published. */
    takeStep(told) {
        if (told.state === "late") {
            return this.commands.get(told.id) ?? null;
        }
        const command = this.#get(told.id);
        command.command ??= told.command;
        command.acceptedAt ??= told.time;
        this.#step(command, told);
        if (isEnd(told.state)) {
            command.end = told;
        }
        this.hasUnnamed ||= command.command === undefined;
        this.#trim();
        return command;
    }

    /** Unfinished ones in front, else the latest first. */
    inOrder() {
        const ended = (command) => Number(isEnd(stateOf(command)));
        return [...this.commands.values()].sort(
            (a, b) => ended(a) - ended(b) || (a.acceptedAt < b.acceptedAt ? 1 : -1),
        );
    }

    #get(id) {
        if (!this.commands.has(id)) {
            this.commands.set(id, { id, steps: [] });
        }
        return this.commands.get(id);
    }

    /** A step may be told several times, and steps in any order. */
    #step({ steps }, { state, attempt = 0, time, detail }) {
        const isKnown = steps.some(
            (step) => step.state === state && (isEnd(state) || step.attempt === attempt),
        );
        if (!isKnown && !(isEnd(state) && steps.some((step) => isEnd(step.state)))) {
            steps.push({ state, attempt, time, detail });
            steps.sort(byTime);
        }
    }

    #trim() {
        const excess = this.commands.size - MAX_COMMANDS;
        if (excess > 0) {
            for (const command of this.inOrder().slice(-excess)) {
                this.commands.delete(command.id);
            }
        }
    }
}

const ORDER = ["accepted", "queued", "sent", "delivered"];

/** Times are of milliseconds: several steps may have the same. */
function byTime(a, b) {
    if (isEnd(a.state) || isEnd(b.state)) {
        return isEnd(a.state) - isEnd(b.state);
    }
    if (a.time !== b.time) {
        return a.time < b.time ? -1 : 1;
    }
    return a.attempt - b.attempt || ORDER.indexOf(a.state) - ORDER.indexOf(b.state);
}

export function stateOf({ steps, toldState }) {
    const last = steps.at(-1)?.state;
    return last === "accepted" && toldState ? toldState : (last ?? "accepted");
}

/** A command that was sent can no longer be cancelled. */
export function isCancellable(command) {
    return ["accepted", "queued"].includes(stateOf(command));
}
