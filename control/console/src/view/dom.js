/**
 * An element. Attributes that begin with `on` are listeners, `true` is an attribute without value,
 * `false`, `null` and `undefined` are left out. Strings become text, never markup.
 */
export function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) {
            element.addEventListener(name.slice(2), value);
        } else if (value === true) {
            element.setAttribute(name, "");
        } else if (value !== false && value !== null && value !== undefined) {
            element.setAttribute(name, value);
        }
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
}

/** Sets a text only when it is another one, so that nothing is laid out again without need. */
export function setText(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

/** A function that has `draw` called in the next frame, once however often it is called before. */
export function perFrame(draw) {
    let frame = 0;
    return () => {
        frame ||= requestAnimationFrame(() => {
            frame = 0;
            draw();
        });
    };
}
