import { delay } from "../stream/delay.js";
import { readStream } from "../stream/read_stream.js";
import { Problem } from "./problem.js";

const ENDS = new Set(["succeeded", "failed", "timed_out", "expired", "cancelled", "rejected"]);
const DEFAULT_TTL_S = 60;

export const isEnd = (state) => ENDS.has(state);

/** An id for a command. randomUUID is for secure contexts only, which plain HTTP off loopback is not. */
export function newCommandId() {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    return `console-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * Sends a command and tells its states as they come, until its end, which is returned.
 *
 * A lost connection does not end it: the command is followed by its id. One that nobody has heard of
 * is sent again, with the same id, so it is executed once; but not after its time to live, when
 * whoever sent it no longer expects it. `onTrouble` is told of every connection that is lost.
 */
export async function callCommand(api, device, id, body, { onState, onTrouble, signal, backoff }) {
    const sendUntil = performance.now() + (body.ttl_s ?? DEFAULT_TTL_S) * 1000;
    let lastEventId = "";
    let end = null;
    const take = ({ event, data }) => {
        const told = JSON.parse(data);
        if (event === "error") {
            throw new Problem(told);
        }
        onState(event, told);
        end = isEnd(event) ? { state: event, ...told } : end;
    };
    for (let open = () => api.sendCommand(device, id, body, signal); ; ) {
        try {
            const onText = (seen) => {
                lastEventId = seen;
                backoff.reset();
            };
            await readStream(await open(), { onEvent: take, onText, lastEventId });
            if (end) {
                return end;
            }
        } catch (failure) {
            const isLost = !(failure instanceof Problem) || failure.isPassing;
            const isUnheardOf = failure.status === 404 && open.isFollowing;
            if (signal.aborted || !(isLost || isUnheardOf)) {
                throw failure;
            }
            if (isUnheardOf && performance.now() < sendUntil) {
                open = () => api.sendCommand(device, id, body, signal);
                continue;
            }
            if (isUnheardOf) {
                throw new Problem({
                    code: "not_accepted",
                    detail: "the command did not get through in its time to live",
                });
            }
            onTrouble(failure);
        }
        await delay(backoff.next(), signal);
        open = () => api.followCommand(device, id, lastEventId, signal);
        open.isFollowing = true;
    }
}
