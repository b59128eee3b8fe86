"""What is done to several nodes and to what they share. Every fault ends with everything running again."""

import threading
from collections import Counter

from faults import FAILPOINTS

LONGEST_ABSENCE_S = 20  # a lease is 10 s long


class NodesFaults:
    def __init__(self, stack, chooser):
        self.stack = stack
        self.chooser = chooser
        self.failpoints = Counter()  # fired
        self.pause = threading.Event()  # never set: waits

    # ---- nodes ----

    def node_kill(self):
        """Away for longer than its lease or not, and sometimes it is not the only one."""
        node = self._node()
        node.program.kill()
        done = self._absence()
        self.stack.restart(node)
        return f"{node.name}, {done}"

    def node_stop(self):
        """SIGTERM: drained, exit 0; away for a while, or not."""
        node = self._node()
        node.stop()
        done = self._absence() if self.chooser.random() < 0.5 else "back at once"
        self.stack.restart(node)
        return f"{node.name}, {done}"

    def node_pause_5s(self):
        return self._pause_node(5)

    def node_pause_15s(self):
        """Longer than its lease."""
        return self._pause_node(15)

    def failpoint(self):
        """Killed, and started with orders to kill itself at one of the places, in turn."""
        least = self.kills_per_failpoint()
        name = self.chooser.choice([n for n in FAILPOINTS if self.failpoints[n] == least])
        node = self._node()
        node.program.kill()
        self.stack.launch(node, f"{name}:{self.chooser.randrange(1, 30)}")
        self._bring_devices(node)
        # A load that has come to its end reaches no more of them.
        while self.stack.load.running() and not self.stack.reap(node):
            self.pause.wait(0.02)
        fired = self.stack.reap(node)
        node.program.kill()
        self.failpoints[name] += fired
        done = self._absence()
        self.stack.restart(node)
        return f"{node.name} at {name}{'' if fired else ', not reached'}, {done}"

    def kills_per_failpoint(self):
        """Of the one that has killed least often."""
        return min(self.failpoints[name] for name in FAILPOINTS)

    # ---- what they share ----

    def redis_kill(self):
        self.stack.redis.kill()
        self.pause.wait(self.chooser.choice((0, 0, 2, 9)))
        self.stack.redis.start()
        self.stack.wait_for_nodes()

    def redis_pause_5s(self):
        self._pause(self.stack.redis.program, 5)

    def broker_kill(self):
        self.stack.broker.crash()
        self.stack.broker.start()

    def broker_restart(self):
        self.stack.broker.stop()
        self.stack.broker.start()

    def broker_pause_5s(self):
        self._pause(self.stack.broker.program, 5)

    def everything_kill(self):
        """As when the machine dies, but for what the disk keeps."""
        self.stack.broker.crash()
        self.stack.redis.kill()
        for program in (*self.stack.nodes, *self.stack.groups):
            program.program.kill()
        self.stack.redis.start()
        self.stack.broker.start()
        for node in self.stack.nodes:
            self.stack.launch(node)
        for group in self.stack.groups:
            group.start()
        self.stack.wait_for_nodes()

    # ---- devices ----

    def simulator_kill(self):
        group = self.chooser.choice(self.stack.groups)
        group.program.kill()
        group.start()

    def hop(self):
        """A group is killed, and goes on at the other node: same ids, same journal."""
        number = self._group()
        self.stack.groups[number].program.kill()
        node = self._prefer_another(number)
        self.stack.groups[number].start()
        return f"group {number + 1} to {node.name}"

    def move(self):
        """Some devices of a group lose their connections, and come back at another node – which may
        be before the node they left knows."""
        number = self._group()
        node = self._prefer_another(number)
        share, vanish = self.chooser.choice((0.2, 0.5, 1)), self.chooser.random() < 0.5
        moved = self.stack.balancer.cut(
            lambda group, _: group == number and self.chooser.random() < share, vanish)
        return f"{moved} to {node.name}{', unnoticed' if vanish else ''}"

    # ----

    def _node(self):
        return self.chooser.choice(self.stack.nodes)

    def _group(self):
        return self.chooser.randrange(len(self.stack.groups))

    def _prefer_another(self, group):
        """The node that a group goes to from now on."""
        others = [number for number in range(len(self.stack.nodes))
                  if number != self.stack.balancer.preferred(group)]
        number = self.chooser.choice(others)
        self.stack.balancer.prefer(group, number)
        return self.stack.nodes[number]

    def _bring_devices(self, node):
        """A node that everybody has left has nothing to do."""
        number = self.stack.nodes.index(node)
        group = self._group()
        self.stack.wait_for_nodes()
        self.stack.balancer.prefer(group, number)
        self.stack.balancer.cut(lambda of, at: of == group and at != number)

    def _absence(self):
        """Something else may happen meanwhile."""
        away = self.chooser.uniform(0, LONGEST_ABSENCE_S)
        meanwhile = self.chooser.choice((None, None, None, self.redis_kill, self.broker_kill,
                                         self.simulator_kill, self.move))
        before = self.chooser.uniform(0, away) if meanwhile else 0
        self.pause.wait(before)
        if meanwhile:
            meanwhile()
        self.pause.wait(away - before)
        return f"away for {away:.1f} s{f' with {meanwhile.__name__}' if meanwhile else ''}"

    def _pause_node(self, seconds):
        """Its devices stay, or a balancer notices and they go; the node may find out later."""
        node = self._node()
        number = self.stack.nodes.index(node)
        leave = self.chooser.choice((None, "leave", "vanish"))
        node.program.pause()
        if leave:
            self.pause.wait(1)
            self.stack.balancer.avoid(number)
            self.stack.balancer.cut(lambda _, at: at == number, leave == "vanish")
        self.pause.wait(seconds - 1 if leave else seconds)
        node.program.resume()
        self.stack.balancer.trust(number)
        return f"{node.name}, its devices {leave or 'stay'}"

    def _pause(self, program, seconds):
        program.pause()
        self.pause.wait(seconds)
        program.resume()


# What is chosen how often.
WEIGHTS = {
    "node_kill": 10,
    "failpoint": 6,
    "node_stop": 4,
    "node_pause_5s": 3,
    "node_pause_15s": 4,
    "redis_kill": 6,
    "redis_pause_5s": 2,
    "broker_kill": 4,
    "broker_restart": 1,
    "broker_pause_5s": 1,
    "simulator_kill": 3,
    "everything_kill": 1,
    "hop": 4,
    "move": 8,
}
