/** control keeps 65,536 events; some go while one asks. */
const EVENTS_BACK = 60_000;

/** The id of an event as far before `id` (`<node>:<boot>:<number>`) as may still be kept. */
export function historyStart(id) {
    const found = /^(.*):(\d+)$/.exec(id);
    return found ? `${found[1]}:${Math.max(0, Number(found[2]) - EVENTS_BACK)}` : "";
}
