const count = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export const NONE = "–";

export const formatCount = (number) => count.format(number);

export function formatRate(perSecond) {
    return perSecond >= 100 ? count.format(Math.round(perSecond)) : perSecond.toFixed(1);
}

export function formatMs(ms) {
    if (ms === null || ms === undefined) {
        return NONE;
    }
    return ms < 10_000 ? `${count.format(Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export const formatClock = (time) => (time ? clock.format(new Date(time)) : NONE);

export const formatTime = (time) => (time ? full.format(new Date(time)) : NONE);

/** How long ago, in one unit. */
export function formatAge(time, now) {
    if (!time) {
        return NONE;
    }
    const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
    for (const [unit, size] of [
        ["d", 86_400],
        ["h", 3600],
        ["min", 60],
    ]) {
        if (seconds >= size) {
            return `${Math.floor(seconds / size)} ${unit}`;
        }
    }
    return `${seconds} s`;
}
