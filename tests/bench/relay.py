"""Commands through the server. Latency at a fixed rate beside devices that are connected straight to
the broker (MQTT over WSS); throughput beside a bare Paho echo; all on one broker, taking turns. The
durable store lies on a disk, then in memory (tmpfs): what the disk costs shows."""

import argparse
import contextlib
import json
import os
import tempfile
import time
from pathlib import Path

import report
import stack


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench relay", description=__doc__)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=500, help="commands per second for latency")
    parser.add_argument("--window", type=int, default=2000, help="unanswered, for throughput")
    parser.add_argument("--seconds", type=float, default=5, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folders", default="build/bench,/dev/shm",
                        help="where the store lies, one run each")
    parser.add_argument("--json", default="build/bench/relay.json")
    return parser.parse_args()


def fsync_ms(folder):
    """The median of 50 writes of 256 bytes that reach the disk."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(50):
            begin = time.perf_counter()
            file.write(bytes(256))
            file.flush()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begin) * 1e3)
    return report.middle(times)


class Bench:
    """One broker with everything connected to it."""

    def __init__(self, keys, folder, options, ends):
        self.folder, self.options = Path(folder), options
        wss = stack.free_port()
        self.broker = stack.Mosquitto(
            folder, f"listener {wss} 127.0.0.1\nprotocol websockets\n"
                    f"certfile {keys.folder}/server.pem\nkeyfile {keys.folder}/server.key\n").start()
        ends.callback(self.broker.stop)
        self.node = stack.Node(keys, folder, broker=self.broker)
        ends.callback(self.node.server.program.kill)
        # The same program plays the devices on both sides.
        fleet = stack.Load(self.node, folder, options.devices, "--answer", "--keep-alive", 20)
        ends.callback(fleet.stop)
        opened = fleet.do("open")
        assert opened["open"] == options.devices, opened
        echo = stack.Program("echo", [stack.BIN / "paho-echo", f"127.0.0.1:{self.broker.port}",
                                      "echo"], folder)
        ends.callback(echo.kill)
        stack.wait_for(lambda: "started" in echo.text(), "the echo", log=echo)
        direct = stack.Direct(wss)
        self.direct = stack.Load(direct, folder, options.devices, "--answer-prefix", "direct",
                                 "--keep-alive", 20)
        ends.callback(self.direct.stop)
        self.runs = 0

    @contextlib.contextmanager
    def direct_devices(self):
        """Connected for their own turn only: the broker polls each of its WSS connections at each
        step, which would be charged to us and to the echo as well."""
        opened = self.direct.do("open")
        assert opened["open"] == self.options.devices, opened
        yield
        self.direct.do("close")

    def load(self, prefix, *options):
        """What the operator's side found."""
        self.runs += 1
        path = self.folder / f"load-{self.runs}.json"
        program = stack.Program(f"load-{self.runs}", [
            stack.BIN / "firmware-sim", "load", "--broker", self.broker.url,
            "--broker-prefix", prefix, "--devices", self.options.devices, "--prefix", "d-",
            "--duration", self.options.seconds, "--json", path, *options], self.folder)
        program.wait(180)
        found = json.loads(path.read_text())
        assert found["lost"] == found["duplicated"] == 0, found
        return found

    def latency(self, prefix):
        return self.load(prefix, "--rate", f"{self.options.rate}/s")["round_trip_ms"]

    def throughput(self, prefix):
        return self.load(prefix, "--window", self.options.window)["answered_per_s"]


def measure(bench, options):
    result = {"latency": {"dm": [], "direct": []}, "throughput": {"dm": [], "echo": []}}
    cpu = bench.node.usage.cpu()
    for _ in range(options.rounds):
        result["latency"]["dm"].append(bench.latency("dm"))
        with bench.direct_devices():
            result["latency"]["direct"].append(bench.latency("direct"))
        for prefix, found in result["throughput"].items():
            found.append(bench.throughput(prefix))
    result["cpu_s"] = bench.node.usage.cpu() - cpu
    return result


def show(folder, fsync, result, options):
    print(f"\n{options.devices} devices, store in {folder}, one fdatasync {fsync:.2f} ms")

    def row(what, ours, theirs, digits):
        return [what, f"{report.middle(ours):.{digits}f} ±{report.spread(ours):.0%}",
                f"{report.middle(theirs):.{digits}f} ±{report.spread(theirs):.0%}",
                f"{report.ratio(ours, theirs):.2f}"]

    ours, direct = result["latency"]["dm"], result["latency"]["direct"]
    p50 = [run["p50"] - 2 * fsync for run in ours]
    report.table(["measure", "device-mgmt", "peer", "ratio"], [
        row(f"p50 at {options.rate}/s, ms; direct", [run["p50"] for run in ours],
            [run["p50"] for run in direct], 2),
        row("the same less two fdatasync", p50, [run["p50"] for run in direct], 2),
        row(f"p99 at {options.rate}/s, ms; direct", [run["p99"] for run in ours],
            [run["p99"] for run in direct], 2),
        row("round trips per s; Paho echo", result["throughput"]["dm"],
            result["throughput"]["echo"], 0)])


def main():
    options = arguments()
    results = {}
    for place in options.folders.split(","):
        Path(place).mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as ends:
            folder = ends.enter_context(tempfile.TemporaryDirectory(prefix="dm-bench-", dir=place))
            bench = Bench(stack.make_keys(folder), folder, options, ends)
            fsync = fsync_ms(folder)
            results[place] = {"fsync_ms": fsync, **measure(bench, options)}
            show(place, fsync, results[place], options)
    report.write(options.json, "relay", vars(options), results)


if __name__ == "__main__":
    main()
