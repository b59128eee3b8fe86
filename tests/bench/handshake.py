"""CPU of the server per new session: TCP, TLS 1.3, upgrade, and what makes a session (ours: welcome
and presence; MQTT: CONNACK). Ours with and without an ES256 token, full and resumed, beside its
peers, in rounds that take turns."""

import argparse
import contextlib
import tempfile
import time

import report
import stack


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench handshake", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1000, help="per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--standing", type=int, default=0,
                        help="sessions that each server holds meanwhile")
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--peers", default="mosquitto,nats,node")
    parser.add_argument("--json", default="build/bench/handshake.json")
    return parser.parse_args()


class Case:
    """One server opened in one way. Sessions are measured while they open; how they end is not."""

    def __init__(self, name, server, load, command):
        self.name, self.server, self.load, self.command = name, server, load, command
        self.ms = []

    def round(self, sessions):
        if self.command == "resume":
            self.load.do("open")  # for fresh tickets
            self._close()
        standing = self._idle_rate()
        begin, before = time.monotonic(), self.server.usage.cpu()
        done = self.load.do(self.command)
        stack.pause(0.3)  # what goes on behind the last answer
        spent = self.server.usage.cpu() - before - standing * (time.monotonic() - begin)
        assert done["open"] == sessions, (self.name, done)
        resumed = sessions if self.command == "resume" else 0
        assert done["resumed"] == resumed, (self.name, done)
        self.ms.append(spent / sessions * 1e3)
        self._close()

    def _idle_rate(self):
        """CPU seconds per second that the sessions which stand cost."""
        begin, before = time.monotonic(), self.server.usage.cpu()
        stack.pause(1)
        return (self.server.usage.cpu() - before) / (time.monotonic() - begin)

    def _close(self):
        self.load.do("close")
        self.server.usage.settle()


def cases(servers, keys, folder, options, ends):
    def load(server, ids, identity=None):
        made = stack.Load(server, folder, options.sessions, "--concurrency", options.concurrency,
                          "--keep-alive", 1000, ids=ids, identity=identity)
        ends.callback(made.stop)
        return made

    ours, peers = servers[0], servers[1:]
    basic = ["--credentials", keys.folder / "secrets"]
    yield Case("device-mgmt, ES256 token", ours, load(ours, "new-"), "open")
    yield Case("device-mgmt, ES256 token, resumed", ours, load(ours, "back-"), "resume")
    yield Case("device-mgmt, password", ours, load(ours, "basic-", basic), "open")
    for peer in peers:
        yield Case(f"{peer.name}, anonymous", peer, load(peer, "peer-"), "open")


def main():
    options = arguments()
    with contextlib.ExitStack() as ends, tempfile.TemporaryDirectory(prefix="dm-bench-") as folder:
        keys = stack.make_keys(folder)
        stack.write_credentials(keys, "basic-", options.sessions)
        servers = [stack.Node(keys, folder),
                   *stack.peers(keys, folder, filter(None, options.peers.split(",")))]
        for server in servers:
            ends.callback(server.stop)
            if options.standing:
                load = stack.Load(server, folder, options.standing, "--keep-alive", 40, ids="old-")
                ends.callback(load.stop)
                assert load.do("open")["open"] == options.standing, server.name
        measured = list(cases(servers, keys, folder, options, ends))
        for _ in range(options.rounds):
            for case in measured:
                case.round(options.sessions)
        base = next((case for case in measured if case.name.startswith("mosquitto")), measured[0])
        print(f"\nCPU of the server per new session, {options.rounds} rounds of {options.sessions} "
              f"beside {options.standing} that stand")
        report.table(
            ["case", "ms", "spread", f"÷ {base.name}"],
            [[case.name, f"{report.middle(case.ms):.3f}", f"±{report.spread(case.ms):.0%}",
              f"{report.ratio(case.ms, base.ms):.2f}"] for case in measured])
        report.write(options.json, "handshake", vars(options),
                     {case.name: case.ms for case in measured})


if __name__ == "__main__":
    main()
