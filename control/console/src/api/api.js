import { Problem, problemOf } from "./problem.js";

const segment = encodeURIComponent;

/** The routes that the console needs, with one token. Every method throws a Problem. */
export class Api {
    #token;
    #onUnauthorized;

    /** `onUnauthorized` is told when the token is refused: it was removed meanwhile, say. */
    constructor(token, onUnauthorized = () => {}) {
        this.#token = token;
        this.#onUnauthorized = onUnauthorized;
    }

    async request(method, path, { body, headers = {}, signal } = {}) {
        let response;
        try {
            response = await fetch(path, {
                method,
                body: body === undefined ? undefined : JSON.stringify(body),
                headers: {
                    Authorization: `Bearer ${this.#token}`,
                    ...(body === undefined ? {} : { "Content-Type": "application/json" }),
                    ...headers,
                },
                signal,
                cache: "no-store",
                credentials: "omit",
            });
        } catch (failure) {
            throw signal?.aborted ? failure : new Problem({ detail: "control cannot be reached" });
        }
        if (response.ok) {
            return response;
        }
        const problem = await problemOf(response);
        problem.role = response.headers.get("DM-Role");
        if (problem.status === 401) {
            this.#onUnauthorized(problem);
        }
        throw problem;
    }

    async #json(path, options) {
        return (await this.request("GET", path, options)).json();
    }

    /** The role of the token; also known while the nodes or the broker are away. */
    async role() {
        try {
            const response = await this.request("GET", "/v1/devices?limit=1");
            return response.headers.get("DM-Role");
        } catch (problem) {
            if (problem.role) {
                return problem.role;
            }
            throw problem;
        }
    }

    /** One page: `{devices, cursor?}`. */
    devices(cursor, signal) {
        const after = cursor ? `&cursor=${segment(cursor)}` : "";
        return this.#json(`/v1/devices?limit=500${after}`, { signal });
    }

    device(device, signal) {
        return this.#json(`/v1/devices/${segment(device)}`, { signal });
    }

    commands(device, signal) {
        return this.#json(`/v1/devices/${segment(device)}/commands?limit=50`, { signal });
    }

    command(device, id, signal) {
        return this.#json(`/v1/devices/${segment(device)}/commands/${segment(id)}`, { signal });
    }

    async cancel(device, id) {
        await this.request("DELETE", `/v1/devices/${segment(device)}/commands/${segment(id)}`);
    }

    /** The response is a stream of the command's states. The same `id` is executed once. */
    sendCommand(device, id, body, signal) {
        return this.request("POST", `/v1/devices/${segment(device)}/commands`, {
            body,
            headers: { Accept: "text/event-stream", "Idempotency-Key": id },
            signal,
        });
    }

    /** The same stream, from the history, after the step `lastEventId`. */
    followCommand(device, id, lastEventId, signal) {
        return this.#stream(
            `/v1/devices/${segment(device)}/commands/${segment(id)}`,
            lastEventId,
            signal,
        );
    }

    events(lastEventId, signal) {
        return this.#stream("/v1/events", lastEventId, signal);
    }

    deviceEvents(device, lastEventId, signal) {
        return this.#stream(`/v1/devices/${segment(device)}/events`, lastEventId, signal);
    }

    #stream(path, lastEventId, signal) {
        const resume = lastEventId ? { "Last-Event-ID": lastEventId } : {};
        const headers = { Accept: "text/event-stream", ...resume };
        return this.request("GET", path, { headers, signal });
    }
}
