"""One message to many: from an operator's publish until the last of N devices has it. Ours, by
dm/broadcast/all, beside Mosquitto, whose clients subscribe to one topic over WSS; taking turns."""

import argparse
import contextlib
import json
import tempfile
import time

import paho.mqtt.publish as mqtt
import report
import stack


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench fanout", description=__doc__)
    parser.add_argument("--devices", default="1000,10000", help="rising, at most 18000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bytes", type=int, default=200, help="of the message's data")
    parser.add_argument("--json", default="build/bench/fanout.json")
    return parser.parse_args()


class Side:
    """A server, its devices, and how one message reaches all of them."""

    def __init__(self, name, server, load, port, topic):
        self.name, self.server, self.load, self.port, self.topic = name, server, load, port, topic
        self.seconds, self.cpu = [], []

    def round(self, devices, size):
        before = self.load.do("state")["messages"]
        payload = json.dumps({"data": "x" * size})
        cpu = self.server.usage.cpu()
        begin = time.monotonic()
        mqtt.single(self.topic, payload, qos=1, hostname="127.0.0.1", port=self.port)
        stack.wait_for(lambda: self.load.do("state")["messages"] - before >= devices,
                       f"{self.name}: the message at all devices")
        self.seconds.append(time.monotonic() - begin)
        self.server.usage.settle()
        self.cpu.append((self.server.usage.cpu() - cpu) / devices * 1e6)


def sides(node, mosquitto, folder, devices, ends):
    def load(server, *options):
        made = stack.Load(server, folder, devices, "--keep-alive", 100_000, *options,
                          ids=f"f{devices}-")
        ends.callback(made.stop)
        assert made.do("open")["open"] == devices
        server.usage.settle()
        return made

    yield Side("device-mgmt", node, load(node), node.broker.port, "dm/broadcast/all")
    yield Side("mosquitto", mosquitto, load(mosquitto, "--subscribe", "all"),
               mosquitto.plain_port, "all")


def main():
    options = arguments()
    results = []
    for devices in map(int, options.devices.split(",")):
        with contextlib.ExitStack() as ends, \
                tempfile.TemporaryDirectory(prefix="dm-bench-") as folder:
            keys = stack.make_keys(folder)
            node = stack.Node(keys, folder, session__dead_after_s=7200)
            ends.callback(node.stop)
            mosquitto = stack.started(stack.mosquitto_wss, keys, folder)
            ends.callback(mosquitto.stop)
            both = list(sides(node, mosquitto, folder, devices, ends))
            for _ in range(options.rounds):
                for side in both:
                    side.round(devices, options.bytes)
            ours, theirs = both
            print(f"\none message of {options.bytes} bytes to {devices} devices")
            report.table(["server", "ms to the last", "spread", "CPU µs/device"],
                         [[side.name, f"{report.middle(side.seconds) * 1e3:.0f}",
                           f"±{report.spread(side.seconds):.0%}",
                           f"{report.middle(side.cpu):.2f}"] for side in both])
            print(f"ratio {report.ratio(ours.seconds, theirs.seconds):.2f}, "
                  f"of CPU {report.ratio(ours.cpu, theirs.cpu):.2f}")
            results.append({"devices": devices, **{
                side.name: {"s": side.seconds, "cpu_us": side.cpu} for side in both}})
    report.write(options.json, "fanout", vars(options), results)


if __name__ == "__main__":
    main()
