"""An operator beside a duel: commands that may be executed once at most go to ids that devices fight
for, and what the nodes tell of sessions is written down. Ends when every command has ended."""

import argparse
import json
import random
import threading
import time
from collections import defaultdict

import paho.mqtt.client as mqtt

PATIENCE_S = 90  # for the ends, after the last command
REPEAT_S = 3  # until a command is accepted


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker-port", type=int, required=True)
    parser.add_argument("--prefix", default="duel-")
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--rate", type=float, default=50, help="commands per second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", required=True, help="counts, and what presence told last")
    return parser.parse_args()


class Presence:
    """What was told of each device, against the rule that epochs rise."""

    def __init__(self):
        self.newest = {}  # device → (epoch, online, node)
        self.nodes = defaultdict(set)  # (device, epoch) → who said online
        self.offline_below = 0  # a second or more after a higher epoch was told

    def told(self, device, message):
        now, epoch = time.monotonic(), message["epoch"]
        known = self.newest.get(device)
        if message["online"]:
            self.nodes[device, epoch].add(message["node"])
        elif known and epoch < known[0] and now > known[3] + 1:
            self.offline_below += 1
        if known is None or epoch >= known[0]:
            first = known[3] if known and epoch == known[0] else now
            self.newest[device] = (epoch, message["online"], message["node"], first)

    def report(self):
        return {"told_by_two": sum(len(nodes) > 1 for nodes in self.nodes.values()),
                "offline_below": self.offline_below,
                "newest": {device: known[:3] for device, known in self.newest.items()}}


class Operator:
    def __init__(self, options):
        self.options = options
        self.presence = Presence()
        self.lock = threading.Lock()
        self.open = {}  # id → (device, when it was published last)
        self.accepted, self.ends = set(), defaultdict(set)
        self.client = mqtt.Client("duel-operator", protocol=mqtt.MQTTv5)
        self.client.on_connect = lambda *_: self.client.subscribe(
            [(f"dm/{kind}/+", 1) for kind in ("presence", "status", "replies")])
        self.subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", options.broker_port)
        self.client.loop_start()
        assert self.subscribed.wait(30), "the broker does not answer"

    def _on_message(self, _client, _data, message):
        _, kind, device = message.topic.split("/")
        if not device.startswith(self.options.prefix) or not message.payload:
            return
        told = json.loads(message.payload)
        with self.lock:
            if kind == "presence":
                self.presence.told(device, told)
            elif told["id"].startswith("once-"):
                if kind == "replies":
                    self.ends[told["id"]].add((told["state"], message.payload))
                    self.open.pop(told["id"], None)
                elif told["state"] == "accepted":
                    self.accepted.add(told["id"])

    def publish(self, id_, device):
        with self.lock:
            self.open[id_] = (device, time.monotonic())
        self.client.publish(f"dm/commands/{device}", json.dumps(
            {"id": id_, "command": "echo", "delivery": "at_most_once", "timeout_s": 10,
             "ttl_s": 30}), 1)

    def repeat(self):
        """What nobody has accepted yet; says how many have not ended."""
        with self.lock:
            late = [(id_, device) for id_, (device, at) in self.open.items()
                    if id_ not in self.accepted and time.monotonic() > at + REPEAT_S]
            left = len(self.open)
        for id_, device in late:
            self.publish(id_, device)
        return left

    def run(self):
        chooser, pause = random.Random(20), threading.Event()
        began, sent = time.monotonic(), 0
        while time.monotonic() < began + self.options.seconds:
            while sent < (time.monotonic() - began) * self.options.rate:
                device = f"{self.options.prefix}{chooser.randrange(self.options.devices):05}"
                self.publish(f"once-{sent}", device)
                sent += 1
            self.repeat()
            pause.wait(0.02)
        deadline = time.monotonic() + PATIENCE_S
        while self.repeat() and time.monotonic() < deadline:
            pause.wait(0.1)
        return sent

    def report(self, sent):
        self.client.disconnect()
        self.client.loop_stop()
        states = defaultdict(int)
        for ends in self.ends.values():
            for state, _ in ends:
                states[state] += 1
        return {"sent": sent, "lost": len(self.open),
                "two_ends": sum(len(ends) > 1 for ends in self.ends.values()),
                "by_state": dict(states), "until_us": time.monotonic_ns() // 1000,
                "presence": self.presence.report()}


def main():
    options = arguments()
    operator = Operator(options)
    report = operator.report(operator.run())
    with open(options.json, "w", encoding="utf-8") as out:
        json.dump(report, out)


if __name__ == "__main__":
    main()
