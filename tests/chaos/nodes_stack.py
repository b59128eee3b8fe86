"""Several servers that share Redis and a broker. The devices are in as many groups as there are nodes,
each group a process with a journal, behind a balancer."""

import signal
from types import SimpleNamespace

import presence_history
import query_history
from balancer import Balancer
from harness.keys import Keys
from harness.nodes import Nodes
from harness.processes import free_port
from harness.simulator import Simulator
from harness.waiting import wait_for
from stack import FLEET, Surroundings, kill

EVERY_QUESTION = 100_000  # per second: the store is read by questions at the end


class NodesStack(Surroundings):
    def __init__(self, folder, options):
        super().__init__(folder, options)
        keys = Keys(self.folder / "keys")
        self.nodes = Nodes(keys, self.folder, options.nodes)
        self.nodes.broker = self.broker.start()
        self.redis = self.nodes.redis.start()
        for number in range(options.nodes):
            node = self.nodes.make(
                f"node-{number + 1}", listen__port=free_port(), ops__port=free_port(),
                queries__max_per_s=EVERY_QUESTION, log__level="info")
            self.note("node", node=node.name, folder=str(node.folder))
        self.balancer = Balancer(node.config["listen.port"] for node in self.nodes)
        self.groups = [self._group(number, keys) for number in range(options.nodes)]

    def _group(self, number, keys):
        """Every so-manieth part of the fleet."""
        count = self.options.nodes
        first, end = (self.options.devices * n // count for n in (number, number + 1))
        folder = self.folder / f"group-{number + 1}"
        folder.mkdir(exist_ok=True)
        balancer = SimpleNamespace(port=self.balancer.ports[number], keys=keys)
        group = Simulator(balancer, folder, devices=end - first, first=first, **FLEET)
        group.history = self.folder / f"devices-{number + 1}.jsonl"
        return group

    def start(self):
        for node in self.nodes:
            node.launch()
        self.wait_for_nodes()
        for group in self.groups:
            group.start()
        self.wait_for_devices()
        self.start_tap()
        self.start_load()

    def wait_for_devices(self):
        wait_for(lambda: self.nodes.metric("dm_sessions") >= self.options.devices,
                 "all devices to be connected", log=self.groups[0].program)

    def wait_for_nodes(self):
        """Until all that were started are ready, or have ended by themselves."""
        for node in self.nodes:
            wait_for(lambda: not node.program.running() or node.is_ready(),
                     f"{node.name} to be ready", log=node.program)

    def failed_servers(self):
        """Those that have ended by themselves; to be called while all should run."""
        return [node for node in self.nodes if self.reap(node)]

    @staticmethod
    def reap(node):
        """Whether it has ended; checks that no sanitizer was the reason."""
        if node.program.running():
            return False
        node.program.check_sanitizers()
        return True

    def launch(self, node, arm=None):
        """Without waiting. `arm`: a failpoint."""
        node.launch(["env", f"DEVICE_MGMT_FAILPOINT={arm}"] if arm else ())

    def restart(self, node):
        self.launch(node)
        self.wait_for_nodes()

    def finish(self):
        """In the order in which nothing is lost for the histories."""
        self.wait_for_nodes()
        self.wait_for_devices()
        presence_history.write(self.broker, [group.history for group in self.groups],
                               self.folder / "presence.jsonl")
        devices = [f"sim-{number:05}" for number in range(self.options.devices)]
        query_history.write(self.broker, devices, self.folder / "store.jsonl")
        for group in self.groups:
            group.stop(judged=False)  # it may just have been started; the checker judges
        for node in self.nodes:
            node.stop()
        self.tap.signal(signal.SIGTERM)
        self.tap.wait()
        self.broker.stop()
        self.redis.stop()
        self.record.close()

    def kill(self):
        kill(self.load, self.tap, *(group.program for group in self.groups),
             *(node.program for node in self.nodes), self.broker.program, self.redis.program)
        self.balancer.close()
