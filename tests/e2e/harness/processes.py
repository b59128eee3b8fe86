"""Programs under test: started with a log file each, ended by pid, checked at their end."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from .waiting import PATIENCE_S, wait_for

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(os.environ.get("DM_BIN", ROOT / "build" / "asan" / "bin"))
MOSQUITTO = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
SANITIZER_MARKS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:")


def free_port():
    """A port nobody listens on, below the range from which outgoing connections get theirs. Another
    process may still be quicker: whoever starts a program with it must be ready to try again."""
    chooser = random.SystemRandom()
    while True:
        port = chooser.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Program:
    """One running process; everything it prints goes to `log`."""

    def __init__(self, name, arguments, folder, environment=None):
        self.name = name
        self.log = Path(folder) / f"{name}.log"
        self._output = open(self.log, "ab")
        self.process = subprocess.Popen(
            # Ends with the tests, even when those are killed.
            ["setpriv", "--pdeathsig", "KILL", *(str(argument) for argument in arguments)],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            env={**os.environ, **(environment or {})},
        )

    @property
    def pid(self):
        return self.process.pid

    def text(self):
        return self.log.read_text(errors="replace")

    def running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def pause(self):
        """It hangs, with everything it has, until `resume`."""
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def wait(self, timeout=None):
        """The exit code."""
        try:
            code = self.process.wait(PATIENCE_S if timeout is None else timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end; its log:\n{self.tail()}") from None
        self._output.close()
        return code

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait()
        self._output.close()

    def tail(self, lines=40):
        return "\n".join(self.text().splitlines()[-lines:])

    def check_sanitizers(self):
        text = self.text()
        for mark in SANITIZER_MARKS:
            assert mark not in text, f"{self.name}: {mark}\n{self.tail(200)}"

    def wait_for_log(self, words, timeout=None):
        """Until a whole line of the log has `words` (True), or the program has ended (False)."""
        whole = re.compile(f"{re.escape(words)}.*\n")
        return wait_for(
            lambda: "found" if whole.search(self.text()) else (not self.running() and "ended"),
            f"'{words}' in the log of {self.name}",
            timeout,
        ) == "found"


class Mosquitto:
    """A real broker with a file of conf/, on a port and in a folder of its own."""

    CONF = "mosquitto.conf"

    def __init__(self, folder, extra=""):
        self.folder = Path(folder)
        self.extra = extra
        self.port = None
        self.program = None

    def start(self):
        """Starts it, or starts it again on the same port with what it had stored."""
        for _ in range(10):
            port = self.port or free_port()
            self.program = Program("mosquitto", [MOSQUITTO, "-c", self._configure(port)],
                                   self.folder)
            if self._running_on(port):
                self.port = port
                return self
            self.program.kill()
            assert "Address already in use" in self.program.tail(3), self.program.tail()
        raise AssertionError("no port for mosquitto")

    def stop(self):
        if self.program and self.program.running():
            self.program.resume()
            self.program.signal(signal.SIGTERM)
            self.program.wait()

    def crash(self):
        self.program.kill()

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def _own(self, port):
        """The keys of CONF that are other ones here."""
        store = self.folder / "mosquitto"
        store.mkdir(exist_ok=True)
        return {"listener": f"{port} 127.0.0.1", "persistence_location": f"{store}/"}

    def _configure(self, port):
        own = self._own(port)
        lines = []
        for line in (ROOT / "conf" / self.CONF).read_text().splitlines():
            key = line.split(" ")[0]
            lines.append(f"{key} {own[key]}" if key in own else line)
        if os.geteuid() == 0:
            lines.append("user root")  # else it could not write into a folder of root's
        path = self.folder / "mosquitto.conf"
        path.write_text("\n".join(lines) + "\n" + self.extra)
        return path

    def _running_on(self, port):
        def state():
            if not self.program.running():
                return "ended"
            with socket.socket() as probe:
                return "up" if probe.connect_ex(("127.0.0.1", port)) == 0 else None

        return wait_for(state, "mosquitto to listen") == "up" and self.program.running()
