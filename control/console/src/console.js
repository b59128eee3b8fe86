import { Activity } from "./activity/activity.js";
import { Api } from "./api/api.js";
import { Fleet } from "./fleet/fleet.js";
import { FleetLoader } from "./fleet/fleet_loader.js";
import { Nodes } from "./fleet/nodes.js";
import { EventStream } from "./stream/event_stream.js";
import { Announcer } from "./view/announcer.js";
import { Banner } from "./view/banner.js";
import { DevicePage } from "./view/device_page.js";
import { FleetPage } from "./view/fleet_page.js";
import { Header } from "./view/header.js";
import { h } from "./view/dom.js";
import { OverviewPage } from "./view/overview_page.js";
import { deviceHash, parseRoute } from "./view/route.js";
import { Shortcuts } from "./view/shortcuts.js";

/** A tab that nobody looks at gives up its connections; what it missed comes when it is seen again. */
const HIDDEN_MS = 60_000;

const nowS = () => Date.now() / 1000;

/** Everything behind the sign-in: what is known, who tells it, and the pages that show it. */
export class Console {
    #api;
    #role;
    #onLeave;
    #announcer = new Announcer();
    #banner = new Banner(() => this.#stream.start());
    #activity = new Activity();
    #nodes = new Nodes();
    #fleet = new Fleet(() => this.#fleetPage.fleetChanged());
    #loader;
    #stream;
    #header;
    #overview;
    #fleetPage;
    #page = null; // the one that is shown
    #shownHash = null;
    #main = h("main", { id: "main", tabindex: "-1" });
    #leaving = new AbortController();
    #hiddenTimer = 0;

    constructor({ token, role, onLeave }) {
        this.#role = role;
        this.#onLeave = onLeave;
        this.#api = new Api(token, (problem) => this.#leave(problem));
        this.#loader = new FleetLoader(this.#api, this.#fleet, (isLoading) =>
            this.#fleetPage.setLoading(isLoading),
        );
        this.#stream = new EventStream({
            open: (lastEventId, signal) => this.#api.events(lastEventId, signal),
            onEvent: (event) => this.#take(event),
            onState: (state, detail) => this.#connection(state, detail),
        });
        this.#header = new Header({ role, onLeave: () => this.#leave() });
        this.#overview = new OverviewPage({
            fleet: this.#fleet,
            nodes: this.#nodes,
            activity: this.#activity,
        });
        this.#fleetPage = new FleetPage(this.#fleet, {
            onOpen: (device) => (location.hash = deviceHash(device)),
            announce: (text) => this.#announcer.say(text),
        });
    }

    get elements() {
        const skip = h(
            "a",
            { class: "skip", href: "#main", onclick: (event) => this.#skip(event) },
            "Skip to content",
        );
        return [
            skip,
            this.#header.element,
            this.#banner.element,
            this.#main,
            this.#announcer.element,
        ];
    }

    start() {
        const { signal } = this.#leaving;
        window.addEventListener("hashchange", () => this.#route(), { signal });
        window.addEventListener("online", () => this.#stream.start(), { signal });
        document.addEventListener("visibilitychange", () => this.#visibility(), { signal });
        new Shortcuts({
            search: () => this.#search(),
            back: () => this.#back(),
        }).listen(signal);
        this.#overview.start(signal);
        this.#stream.start();
        this.#route();
    }

    #leave(problem) {
        if (this.#leaving.signal.aborted) {
            return;
        }
        this.#leaving.abort();
        this.#page.close();
        this.#loader.stop();
        this.#stream.stop();
        clearTimeout(this.#hiddenTimer);
        this.#onLeave(problem);
    }

    // ---- events ----

    #take({ event, data }) {
        if (event === "telemetry") {
            this.#activity.telemetry(nowS()); // most of all events: not worth a parse
            return;
        }
        const told = JSON.parse(data);
        if (event === "presence") {
            this.#fleet.takePresence(told);
        } else if (event === "node") {
            this.#nodes.take(told);
        } else if (event === "status" && told.state === "accepted") {
            this.#activity.accepted(nowS());
        } else if (event === "reply" && told.state !== "rejected") {
            this.#activity.ended(nowS(), told.state, told.latency_ms);
        } else if (event === "alert") {
            this.#overview.takeAlert(told);
        } else if (event === "reset") {
            this.#loader.reload();
        }
    }

    #connection(state, { problem, retryMs } = {}) {
        this.#header.setConnection(state);
        if (state === "live") {
            if (this.#banner.isShown) {
                this.#banner.hide();
                this.#announcer.say("Connected again");
            }
            if (!this.#stream.lastEventId) {
                this.#loader.reload(); // the first time; afterwards the stream tells what was missed
            }
        } else if (state === "lost") {
            const why = problem?.status ? sentence(problem.message) : "Connection to control lost.";
            const seconds = Math.ceil(retryMs / 1000);
            this.#banner.show(`${why} What is shown may be old. Next try within ${seconds} s.`);
        }
    }

    #visibility() {
        clearTimeout(this.#hiddenTimer);
        if (document.hidden) {
            this.#hiddenTimer = setTimeout(() => {
                this.#stream.stop();
                this.#page.pause?.();
            }, HIDDEN_MS);
        } else if (!this.#stream.isRunning) {
            this.#stream.start();
            this.#page.resume?.();
        }
    }

    // ---- pages ----

    #route() {
        if (location.hash === this.#shownHash) {
            return; // told twice
        }
        this.#shownHash = location.hash;
        const route = parseRoute(location.hash);
        this.#page?.close();
        this.#page = this.#pageOf(route);
        this.#main.replaceChildren(this.#page.element);
        this.#header.setCurrent(route.view);
        document.title = `${route.device ?? (route.view === "fleet" ? "Fleet" : "Overview")} · device-mgmt`;
        this.#page.open();
    }

    #pageOf({ view, device }) {
        if (view === "device") {
            return new DevicePage({
                api: this.#api,
                device,
                mayOperate: this.#role !== "viewer",
                known: this.#fleet.devices.get(device),
                position: async () => {
                    await this.#stream.positioned;
                    return this.#stream.lastEventId;
                },
                announce: (text) => this.#announcer.say(text),
            });
        }
        return view === "fleet" ? this.#fleetPage : this.#overview;
    }

    #search() {
        if (this.#page !== this.#fleetPage) {
            location.hash = "#/fleet";
            this.#route();
        }
        this.#fleetPage.focusSearch();
    }

    #back() {
        if (parseRoute(location.hash).view === "device") {
            location.hash = "#/fleet";
        }
    }

    /** The address has the page in its fragment, so the link must not go there. */
    #skip(event) {
        event.preventDefault();
        this.#main.focus();
    }
}

function sentence(text) {
    return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
