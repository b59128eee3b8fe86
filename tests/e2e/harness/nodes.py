"""Several servers that share a broker and Redis."""

import functools
import signal
import subprocess
import time
import uuid
from pathlib import Path

from .processes import BIN, Mosquitto
from .redis import REDIS, RedisServer
from .server import Server
from .waiting import PATIENCE_S, wait_for

# The lease of a node that died has run out and another one has taken over what it had: the lease,
# the turn in which that is noticed, and what a slow machine needs for it.
ADOPTED_WITHIN_S = 30


@functools.lru_cache(maxsize=None)
def obstacle():
    """Why there can be no nodes that share a store; empty if there can."""
    if REDIS is None:
        return "redis-server is not installed"
    usage = subprocess.run([BIN / "device-mgmt", "--help"], capture_output=True, text=True,
                           timeout=PATIENCE_S).stdout
    return "" if "store.redis" in usage else "this device-mgmt does not know store.redis"


def ends(operator, device, ids, timeout=None):
    """The terminal messages of these commands. They may come again, as they were: nodes publish
    until they know that the broker has them."""
    found = {id_: operator.outcome(device, id_, timeout) for id_ in ids}
    for message in operator.seen(f"dm/replies/{device}"):
        first = found.get(message["id"], message)
        assert message.raw == first.raw, f"another end: {message.raw}, after {first.raw}"
    return list(found.values())


def ask(operator, **question):
    """An answer to it. The broker may give a question to a node that has just gone: asked again."""
    topic = f"answers/{uuid.uuid4()}"
    deadline = time.monotonic() + PATIENCE_S
    while True:
        operator.publish("dm/queries", question, response_topic=topic)
        try:
            return operator.take(topic, timeout=2).json
        except AssertionError:
            if time.monotonic() > deadline:
                raise


def known(operator, device, id_, state):
    """Waits until the store, and so every node, knows that the command got there. What only happened
    may be forgotten with the node at which it did."""
    wait_for(lambda: ask(operator, query="command", device=device, id=id_)
             .get("command", {}).get("state") == state, f"{id_} to be {state} in the store")


def online_since(operator, device):
    """What presence has told of this session and later ones, without repetitions."""
    told = [(m["online"], m["epoch"]) for m in operator.seen(f"dm/presence/{device.id}")
            if m["epoch"] >= device.epoch]
    return sorted(set(told), key=told.index)


class Nodes(list):
    """The servers, `node-1` and on; all of them, the broker and Redis end with `kill`."""

    def __init__(self, keys, folder, count=2, **config):
        super().__init__()
        self.keys = keys
        self.folder = Path(folder)
        self.broker = Mosquitto(self.folder)
        self.redis = RedisServer(self.folder)
        self._count = count
        self._config = config

    def start(self):
        self.broker.start()
        self.redis.start()
        for number in range(1, self._count + 1):
            self.make(f"node-{number}").launch()
        for node in self:
            node.wait_until("ready")
        return self

    def make(self, name, **config):
        """One more, not started."""
        self.append(Server(self.keys, self.broker.url, self.folder, node__name=name,
                           store__redis=self.redis.url, **{**self._config, **config}))
        return self[-1]

    def metric(self, name):
        """Of all nodes."""
        return sum(node.metric(name) for node in self)

    def stop(self):
        """In good order, one after the other; checks that those ended well that no test killed."""
        for node in self:
            if node.program.running() or node.program.wait() != -signal.SIGKILL:
                node.stop()

    def kill(self):
        for node in self:
            if node.program:
                node.program.kill()
        self.redis.stop()
        self.broker.stop()
        for node in self:
            if node.program:
                node.program.check_sanitizers()
