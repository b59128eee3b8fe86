"""The programs of one chaos run and how to hurt them: a real broker, the server, simulated devices, a
publisher that repeats until it sees `accepted`, and a tap on what is published. Several servers are in
nodes_stack.py."""

import json
import os
import signal
import time
from pathlib import Path

import store_history
from harness.keys import Keys
from harness.privileges import movable_clock as movable_clock_of
from harness.processes import BIN, Mosquitto, Program, free_port
from harness.server import Server
from harness.simulator import Simulator
from harness.waiting import wait_for

TAPPED = ("dm/replies/#", "dm/status/#", "dm/presence/#")
FLEET = {"rate": "500/s", "jwt-lifetime-s": 7 * 24 * 3600, "longest-pause-s": 2, "telemetry-s": 0}


class Surroundings:
    """What every run has besides servers and devices."""

    def __init__(self, folder, options):
        self.folder = Path(folder)
        self.options = options
        self.record = open(self.folder / "run.jsonl", "a", buffering=1, encoding="utf-8")
        self.note("clocks")
        self.broker = Mosquitto(self.folder)
        self.tap = None
        self.load = None
        self.loads = 0

    def note(self, event, **fields):
        """One line of the run's own history."""
        self.record.write(json.dumps({
            "at": time.monotonic_ns() // 1000, "time": time.time_ns() // 1_000_000,
            "source": "run", "event": event, **fields}) + "\n")

    def start_tap(self):
        topics = [word for topic in TAPPED for word in ("-t", topic)]
        self.tap = Program("tap", ["mosquitto_sub", "-V", "5", "-p", self.broker.port, "-q", "1",
                                   "-i", "tap", "-F", "%U %j", *topics], self.folder)

    def start_load(self):
        self.loads += 1
        name = f"load-{self.loads}"
        self.load = Program(name, [
            BIN / "firmware-sim", "load", "--broker", self.broker.url,
            "--devices", self.options.devices, "--commands", self.options.commands,
            "--rate", self.options.rate, "--window", self.options.window, "--name", f"chaos-{self.loads}",
            "--command", "echo", "--repeat-after-s", "3", "--triple-every", "50",
            "--grace-s", "120", "--linger-s", "1",
            "--allow-rejected", "true", "--allow-unanswered", "true",
            "--history", self.folder / "publisher.jsonl", "--json", self.folder / f"{name}.json",
        ], self.folder)


class Stack(Surroundings):
    def __init__(self, folder, options, data):
        """`data`: where store and ingress log are; another file system than the histories'."""
        super().__init__(folder, options)
        self.data = Path(data)
        self.offsets = self.folder / "clock"
        self.store = self.data / "store.db"
        self.ingress = self.data / "ingress"
        self.broker.start()
        keys = Keys(self.folder / "keys")
        self.server = Server(
            keys, self.broker.url, self.folder, listen__port=free_port(), ops__port=free_port(),
            store__sqlite=str(self.store), store__ingress=str(self.ingress), log__level="info")
        self.simulator = Simulator(self.server, self.folder, devices=options.devices, **FLEET)

    def start(self):
        self.restart_server()
        self.simulator.start()
        wait_for(lambda: self.server.metric("dm_sessions") >= self.options.devices,
                 "all devices to be connected", log=self.simulator.program)
        self.start_tap()
        self.start_load()

    def failed_servers(self):
        """Those that have ended by themselves; to be called while all should run."""
        return [self.server] if self.reap_server() else []

    def restart(self, _server):
        self.restart_server()

    # ---- the server ----

    def kill_server(self):
        self.server.program.kill()

    def restart_server(self, arm=None, movable_clock=False):
        """Until it is ready again. `arm`: a failpoint, which may end it before."""
        prefix = ["env", "--ignore-signal=XFSZ"]  # a limit of file sizes is to be an error
        if arm:
            prefix += [f"DEVICE_MGMT_FAILPOINT={arm}"]
        if movable_clock:
            self.set_clock(0)
            prefix += movable_clock_of(BIN / "device-mgmt", self.offsets)
        self.server.launch(prefix)
        wait_for(lambda: not self.server.program.running() or self.server.is_ready(),
                 "the server to be ready", log=self.server.program)

    def reap_server(self):
        """Whether it has ended by itself; checks that no sanitizer was the reason."""
        if self.server.program.running():
            return False
        self.server.program.check_sanitizers()
        return True

    def set_clock(self, offset_s):
        """Of a server that was started with a movable clock; within two seconds."""
        self.offsets.write_text(f"{offset_s:+}\n")

    # ---- all ----

    def program(self, name):
        return {"server": self.server.program, "broker": self.broker.program,
                "simulator": self.simulator.program}[name]

    def finish(self):
        """In the order in which nothing is lost for the histories."""
        self.simulator.stop(judged=False)  # it may just have been started; the checker judges
        self.server.stop()
        self.tap.signal(signal.SIGTERM)
        self.tap.wait()
        self.broker.stop()
        self.record.close()
        store_history.write(self.store, self.folder / "store.jsonl")

    def kill(self):
        kill(self.load, self.tap, self.simulator.program, self.server.program, self.broker.program)


def kill(*programs):
    """Those of them that there are, and also stopped ones."""
    for program in programs:
        if program and program.running():
            os.kill(program.pid, signal.SIGCONT)
            program.kill()
