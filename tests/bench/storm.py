"""A storm: thousands of devices at once at a node that holds sessions already. How soon all are in,
how many attempts that takes, whether an established session is lost, and what a command to one of
those takes before and during it."""

import argparse
import contextlib
import json
import signal
import tempfile
from pathlib import Path

import report
import stack


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench storm", description=__doc__)
    parser.add_argument("--devices", type=int, default=10_000, help="that come at once")
    parser.add_argument("--established", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=100, help="commands per second meanwhile")
    parser.add_argument("--seconds", type=int, default=10, help="of commands before the storm")
    parser.add_argument("--resumed", action="store_true",
                        help="the devices were here before and have tickets")
    parser.add_argument("--json", default="build/bench/storm.json")
    return parser.parse_args()


class Commands:
    """An operator's load on the established devices, until end()."""

    def __init__(self, node, folder, options, name):
        self.path = Path(folder) / f"{name}.json"
        self.program = stack.Program(name, [
            stack.BIN / "firmware-sim", "load", "--broker", node.broker.url,
            "--devices", options.established, "--prefix", "old-", "--rate", f"{options.rate}/s",
            "--duration", 3600, "--json", self.path], folder)

    def end(self):
        """Latencies in ms."""
        self.program.signal(signal.SIGINT)
        self.program.wait(120)
        found = json.loads(self.path.read_text())
        assert found["lost"] == found["duplicated"] == 0, found
        return found["round_trip_ms"]


def storm(node, folder, options, ends):
    """Opens everything at once; what the load found, and the operator's latencies meanwhile."""
    load = stack.Load(node, folder, options.devices, "--concurrency", options.devices, "--retry",
                      "--keep-alive", 20, ids="new-")
    ends.callback(load.stop)
    if options.resumed:
        load.do("open")
        load.do("close")
        stack.wait_for(lambda: node.server.metric("dm_sessions") == options.established,
                       "the devices to be gone")
    during = Commands(node, folder, options, "commands-during")
    stack.pause(1)
    cpu = node.usage.cpu()
    found = load.do("resume" if options.resumed else "open")
    found["cpu_s"] = node.usage.cpu() - cpu
    return found, during.end()


def main():
    options = arguments()
    with contextlib.ExitStack() as ends, tempfile.TemporaryDirectory(prefix="dm-bench-") as folder:
        node = stack.Node(stack.make_keys(folder), folder)
        ends.callback(node.stop)
        ends.callback(stack.start_fleet(node, folder, options.established, "old-").kill)
        before = Commands(node, folder, options, "commands-before")
        stack.pause(options.seconds)
        calm = before.end()
        closes = node.server.metric("dm_session_closes_total")
        found, stormy = storm(node, folder, options, ends)
        lost = node.server.metric("dm_session_closes_total") - closes
        lost -= options.devices if options.resumed else 0
        rows = [["all in after, s", f"{found['seconds']:.1f}"],
                ["attempts per device", f"{found['attempts'] / options.devices:.2f}"],
                ["resumed", found["resumed"]],
                ["one attempt p50 / p99, ms", f"{found['connect_ms']['p50']:.0f} / "
                                              f"{found['connect_ms']['p99']:.0f}"],
                ["established sessions lost", int(lost)],
                ["command p50 / p99 before, ms", f"{calm['p50']:.1f} / {calm['p99']:.1f}"],
                ["command p50 / p99 during, ms", f"{stormy['p50']:.1f} / {stormy['p99']:.1f}"],
                ["CPU of the server per device, ms",
                 f"{found['cpu_s'] / options.devices * 1e3:.2f}"]]
        print(f"\n{options.devices} devices at once beside {options.established} established")
        report.table(["measure", "value"], rows)
        report.write(options.json, "storm", vars(options),
                     {"storm": found, "lost": lost, "before": calm, "during": stormy})


if __name__ == "__main__":
    main()
