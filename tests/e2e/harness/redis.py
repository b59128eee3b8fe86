"""Redis as a process of the test's own, that loses nothing it has confirmed."""

import os
import shutil
import signal
import socket
from pathlib import Path

from .processes import Program, free_port
from .waiting import PATIENCE_S, wait_for

REDIS = shutil.which("redis-server", path=os.environ["PATH"] + ":/usr/sbin")


class RedisServer:
    """Every write is on the disk before it is confirmed. On a port and in a folder of its own."""

    def __init__(self, folder, port=None):
        self.folder = Path(folder)
        self.port = port
        self.program = None

    def start(self):
        """Starts it, or starts it again on the same port with what it had written."""
        store = self.folder / "redis"
        store.mkdir(parents=True, exist_ok=True)
        for _ in range(10):
            port = self.port or free_port()
            self.program = Program("redis", [
                REDIS, "--port", port, "--bind", "127.0.0.1", "--dir", store, "--save", "",
                "--appendonly", "yes", "--appendfsync", "always"], self.folder)
            if self._answers_on(port):
                self.port = port
                return self
            self.program.kill()
            assert "Address already in use" in self.program.tail(5), self.program.tail()
        raise AssertionError("no port for redis-server")

    def stop(self):
        if self.program and self.program.running():
            self.resume()
            self.program.signal(signal.SIGTERM)
            self.program.wait()

    def kill(self):
        self.program.kill()

    def restart(self):
        """Killed, and started again with another run id."""
        self.kill()
        return self.start()

    def pause(self):
        """It takes connections and bytes, and answers nothing."""
        self.program.pause()

    def resume(self):
        self.program.resume()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def _answers_on(self, port):
        """It does, and not another one that was quicker."""
        own = f"process_id:{self.program.pid}\r".encode()

        def state():
            if not self.program.running():
                return "ended"
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as probe:
                    probe.sendall(b"INFO server\r\n")
                    return "up" if own in probe.recv(4096) else None  # None: it still loads
            except OSError:
                return None

        return wait_for(state, "redis-server to answer", log=self.program) == "up"
