"""What is done to the programs. Every fault ends with everything running again."""

import os
import resource
import signal
import threading
from collections import Counter

from harness.waiting import wait_for
from torn_log import tear

FAILPOINTS = ("publish_read", "ingress_appended", "puback_sent", "committed", "command_sent",
              "reply_received", "reply_published", "reply_acknowledged")
HOUR_S = 3600


class Faults:
    def __init__(self, stack, chooser):
        self.stack = stack
        self.chooser = chooser
        self.failpoints = Counter()  # fired
        self.pause = threading.Event()  # never set: waits

    def server_kill(self):
        self.stack.kill_server()
        self._restart()

    def server_stop(self):
        """SIGTERM: drained, exit 0, started again."""
        self.stack.server.stop()
        self._restart()

    def broker_kill(self):
        self.stack.broker.crash()
        self.stack.broker.start()

    def broker_restart(self):
        self.stack.broker.stop()
        self.stack.broker.start()

    def simulator_kill(self):
        self.stack.simulator.program.kill()
        self.stack.simulator.start()

    def everything_kill(self):
        """As when the machine dies, but for what the disk keeps."""
        self.stack.broker.crash()
        self.stack.kill_server()
        self.stack.simulator.program.kill()
        self.stack.broker.start()
        self.stack.simulator.start()
        self._restart()

    def kills_per_failpoint(self):
        """Of the one that has killed least often."""
        return min(self.failpoints[name] for name in FAILPOINTS)

    def failpoint(self):
        """Killed, and started with orders to kill itself at one of the places, in turn."""
        least = self.kills_per_failpoint()
        name = self.chooser.choice([n for n in FAILPOINTS if self.failpoints[n] == least])
        self.stack.kill_server()
        self.stack.restart_server(f"{name}:{self.chooser.randrange(1, 30)}")
        # A load that has come to its end reaches no more of them.
        while self.stack.load.running() and not self.stack.reap_server():
            self.pause.wait(0.02)
        fired = self.stack.reap_server()
        if not fired:
            self.stack.kill_server()
        self.failpoints[name] += fired
        self._restart()
        return name if fired else f"{name} not reached"

    def torn_log(self):
        """Killed while more has come than is committed, and what had not been synced is lost or
        damaged."""
        self._pause("server", 1)
        self.pause.wait(self.chooser.uniform(0, 0.03))
        self.stack.kill_server()
        done = tear(self.stack.ingress, self.stack.store, self.chooser)
        self._restart()
        return done or "nothing was uncommitted"

    def server_pause_5s(self):
        self._pause("server", 5)

    def server_pause_30s(self):
        self._pause("server", 30)

    def broker_pause_5s(self):
        self._pause("broker", 5)

    def broker_pause_30s(self):
        self._pause("broker", 30)

    def write_errors(self):
        """No file of the server may grow for three seconds: writes fail as on a broken disk. Then it
        is started again, as somebody would who has a new disk."""
        pid = self.stack.server.program.pid
        limit_file_size(pid, 4096)
        self.pause.wait(3)
        ended = self.stack.reap_server()
        self.stack.kill_server()
        self._restart()
        return "the server ended itself" if ended else "the server went on"

    def disk_full(self):
        """Not a byte is left for store and ingress log for three seconds."""
        filler = self.stack.data / "filler"
        try:
            fill(filler)
            self.pause.wait(3)
        finally:
            filler.unlink(missing_ok=True)
        return self._back_from_disk_trouble()

    def clock(self):
        """Killed, and started with a clock that jumps an hour forth or back, and to the true time
        again, while it runs; at the end it is killed and has the machine's own clock."""
        jump = self.chooser.choice((HOUR_S, -HOUR_S))
        self.stack.kill_server()
        self.stack.restart_server(movable_clock=True)
        for offset in (0, jump, 0):
            self.stack.set_clock(offset)
            self.pause.wait(2)
        self.stack.kill_server()
        self._restart()
        return f"{jump:+} s"

    # ----

    def _restart(self):
        self.stack.restart_server()

    def _pause(self, name, seconds):
        program = self.stack.program(name)
        os.kill(program.pid, signal.SIGSTOP)
        self.pause.wait(seconds)
        os.kill(program.pid, signal.SIGCONT)

    def _back_from_disk_trouble(self):
        if wait_for(lambda: "ended" if self.stack.reap_server() else self.stack.server.is_ready(),
                    "the server to end or to be ready again", log=self.stack.server.program) \
                == "ended":
            self._restart()
            return "the server ended itself"
        return "the server went on"


def limit_file_size(pid, limit):
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, most))


def fill(path):
    """Until the file system says no."""
    block = bytes(1 << 20)
    with open(path, "wb", buffering=0) as file:
        while block:
            try:
                file.write(block)
            except OSError:
                block = block[:len(block) // 2]


# What is chosen how often, and what it needs besides an unprivileged process.
WEIGHTS = {
    "server_kill": 10,
    "failpoint": 10,
    "broker_kill": 8,
    "simulator_kill": 4,
    "everything_kill": 1,
    "server_stop": 2,
    "broker_restart": 2,
    "torn_log": 4,
    "server_pause_5s": 1,
    "broker_pause_5s": 1,
    "server_pause_30s": 0,
    "broker_pause_30s": 0,
    "write_errors": 1,
    "disk_full": 1,
    "clock": 1,
}


def schedule(chooser, kinds):
    """Endless: every kind once – every failpoint – in random order, then by weight."""
    first = [kind for kind in kinds for _ in (FAILPOINTS if kind == "failpoint" else "1")]
    chooser.shuffle(first)
    yield from first
    while True:
        yield chooser.choices(list(kinds), [kinds[kind] for kind in kinds])[0]
