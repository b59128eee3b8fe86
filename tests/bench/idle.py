"""Memory and CPU of idle sessions: ours, authenticated by ES256 tokens, beside its peers in the same
run. RSS growth divided by open sessions, and from one size to the next by the sessions that came, without
what a process fills once; CPU of the server's process per session and second."""

import argparse
import contextlib
import tempfile

import report
import stack


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench idle", description=__doc__)
    parser.add_argument("--sessions", default="1000,10000,18000", help="rising, at most 18000")
    parser.add_argument("--peers", default="mosquitto,nats,node")
    parser.add_argument("--keep-alive", type=float, default=5, help="seconds")
    parser.add_argument("--ws-ping", action="store_true",
                        help="WebSocket pings for all, instead of what each protocol has")
    parser.add_argument("--window", type=float, default=10, help="seconds of one measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nodes", type=int, default=1,
                        help="more: the sessions are spread over so many of our servers, alone")
    parser.add_argument("--preload", help="an allocator for our server: a file for LD_PRELOAD")
    parser.add_argument("--json", default="build/bench/idle.json")
    return parser.parse_args()


def fill(server, folder, start, sessions, options):
    """Opens the sessions from `start` to `sessions`; what a whole new fleet adds."""
    options = ["--keep-alive", options.keep_alive, *(["--ws-ping"] if options.ws_ping else [])]
    load = stack.Load(server, folder, sessions - start, *options, ids=f"d{start}-")
    before = server.usage.cpu()
    done = load.do("open")
    assert done["open"] == sessions - start, (server.name, done)
    return load, (server.usage.cpu() - before) / (sessions - start)


def windows(servers, loads, sessions, options):
    """CPU µs per session and second, round by round, of all servers at the same time."""
    rates = {server.name: [] for server in servers}
    for _ in range(options.rounds):
        before = {server.name: server.usage.cpu() for server in servers}
        stack.pause(options.window)
        for server in servers:
            spent = server.usage.cpu() - before[server.name]
            rates[server.name].append(spent / options.window / sessions * 1e6)
    for load in loads:
        state = load.do("state")
        assert state["lost"] == 0, (load.server.name, state)
    return rates


def many_nodes(options):
    """What one machine holds: independent servers on one broker, a load each."""
    results = []
    with contextlib.ExitStack() as ends, tempfile.TemporaryDirectory(prefix="dm-bench-") as folder:
        keys = stack.make_keys(folder)
        broker = stack.Mosquitto(folder).start()
        ends.callback(broker.stop)
        nodes = [stack.Node(keys, folder, name=f"node-{number}", broker=broker)
                 for number in range(options.nodes)]
        for node in nodes:
            ends.callback(node.server.program.kill)
            node.usage.settle()
        empty = sum(node.usage.rss() for node in nodes)
        opened = 0
        for sessions in map(int, options.sessions.split(",")):
            share = sessions // options.nodes
            loads = [fill(node, folder, opened // options.nodes, share, options)[0]
                     for node in nodes]
            for load in loads:
                ends.callback(load.stop)
            opened = share * options.nodes
            stack.pause(options.keep_alive)
            rss = sum(node.usage.rss() for node in nodes)
            rates = windows(nodes, loads, share, options)
            per_round = [report.middle(values) for values in zip(*rates.values())]
            results.append({"sessions": opened, "kib": (rss - empty) / 1024 / opened,
                            "us_per_s": per_round, "rss_gib": rss / 2**30})
            print(f"\n{opened} idle sessions on {options.nodes} nodes, "
                  f"keep-alive {options.keep_alive:g} s")
            report.table(["KiB/session", "CPU µs/session·s", "RSS of all nodes, GiB"],
                         [[f"{results[-1]['kib']:.1f}",
                           f"{report.middle(per_round):.2f} ±{report.spread(per_round):.0%}",
                           f"{results[-1]['rss_gib']:.2f}"]])
        report.write(options.json, "idle", vars(options), results)


def beside_peers(options):
    with contextlib.ExitStack() as ends, tempfile.TemporaryDirectory(prefix="dm-bench-") as folder:
        keys = stack.make_keys(folder)
        environment = {"LD_PRELOAD": options.preload} if options.preload else None
        servers = [stack.Node(keys, folder, environment=environment),
                   *stack.peers(keys, folder, filter(None, options.peers.split(",")))]
        for server in servers:
            ends.callback(server.stop)
            server.usage.settle()
        empty = {server.name: server.usage.rss() for server in servers}
        loads, results, opened, before = [], [], 0, empty
        for sessions in map(int, options.sessions.split(",")):
            opening = {}
            for server in servers:
                load, opening[server.name] = fill(server, folder, opened, sessions, options)
                ends.callback(load.stop)
                loads.append(load)
            stack.pause(options.keep_alive)
            rss = {server.name: server.usage.rss() for server in servers}
            memory = {name: (rss[name] - empty[name]) / 1024 / sessions for name in rss}
            further = {name: (rss[name] - before[name]) / 1024 / (sessions - opened)
                       for name in rss}
            opened, before = sessions, rss
            rates = windows(servers, loads, sessions, options)
            results.append({"sessions": sessions, "kib": memory, "further_kib": further,
                            "us_per_s": rates,
                            "opening_ms": {k: v * 1e3 for k, v in opening.items()}})
            show(results[-1], servers)
        report.write(options.json, "idle", vars(options), results)


def show(result, servers):
    print(f"\n{result['sessions']} idle sessions")
    last = servers[-1].name if len(servers) == 1 else servers[1].name
    rows = []
    for server in servers:
        name = server.name
        kib, rate = result["kib"][name], result["us_per_s"][name]
        rows.append([name, f"{kib:.1f}", f"{kib / result['kib'][last]:.2f}",
                     f"{result['further_kib'][name]:.1f}",
                     f"{report.middle(rate):.2f} ±{report.spread(rate):.0%}",
                     f"{report.ratio(rate, result['us_per_s'][last]):.2f}",
                     f"{result['opening_ms'][name]:.2f}"])
    report.table(["server", "KiB/session", f"÷ {last}", "KiB each further",
                  "CPU µs/session·s", f"÷ {last}",
                  "CPU ms/opening"], rows)


if __name__ == "__main__":
    chosen = arguments()
    (many_nodes if chosen.nodes > 1 else beside_peers)(chosen)
