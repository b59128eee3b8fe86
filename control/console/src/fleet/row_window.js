/** Rows drawn above and below what is seen, so that scrolling does not show their absence. */
const OVERSCAN = 8;

/** Which of `count` rows of equal height are to be drawn: `[first, end)`. */
export function rowWindow({ scrollTop, height, rowHeight, count }) {
    const first = Math.max(0, Math.floor(scrollTop / rowHeight) - OVERSCAN);
    const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + OVERSCAN);
    return { first: Math.min(first, count), end: Math.max(end, Math.min(first, count)) };
}

/** The scroll position at which row `index` is seen whole, as near as possible to `scrollTop`. */
export function scrollTo(index, { scrollTop, height, rowHeight }) {
    const top = index * rowHeight;
    return Math.max(Math.min(scrollTop, top), top + rowHeight - height);
}
