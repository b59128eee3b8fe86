import { SseParser } from "./sse_parser.js";

/**
 * Reads a response of text/event-stream to its end. EventSource cannot be used: it sends no
 * Authorization. `onText` is called for everything that comes, comments too.
 */
export async function readStream(response, { onEvent, onText, lastEventId }) {
    const parser = new SseParser(onEvent, lastEventId);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
        const { done, value } = await reader.read();
        if (done) {
            return;
        }
        parser.push(value);
        onText?.(parser.lastEventId);
    }
}
