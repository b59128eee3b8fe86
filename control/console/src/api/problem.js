/** What went wrong with a request: a problem of control (RFC 9457), or no answer at all. */
export class Problem extends Error {
    constructor({ status = 0, code = "no_answer", detail, outcome = null }) {
        super(detail);
        this.name = "Problem";
        this.status = status;
        this.code = code;
        this.outcome = outcome;
    }

    /** Nobody answered, or somebody who cannot help now: the same request may succeed later. */
    get isPassing() {
        return [0, 502, 503].includes(this.status) || (this.status === 429 && !this.isRejection);
    }

    /** A node has read the command and does not take it. */
    get isRejection() {
        return this.outcome !== null;
    }

    /** The token is not, or no longer, good for this. */
    get isFinal() {
        return this.status === 401 || this.status === 403;
    }
}

/** From an answer that is no success. */
export async function problemOf(response) {
    const text = await response.text().catch(() => "");
    let told = {};
    try {
        told = JSON.parse(text);
    } catch {
        // not from control: a proxy, say
    }
    return new Problem({
        status: response.status,
        code: told.code ?? `http_${response.status}`,
        detail: told.detail ?? `HTTP status ${response.status}`,
        outcome: told.outcome ?? null,
    });
}
