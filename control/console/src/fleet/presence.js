/**
 * Whether `next` says more about a device than `known`. Epochs number the sessions of a device; a
 * session that has ended does not begin again, so of two messages of one epoch `offline` is later.
 */
export function supersedes(next, known) {
    if (next.epoch !== known.epoch) {
        return next.epoch > known.epoch;
    }
    return known.online || !next.online;
}
