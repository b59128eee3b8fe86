"""scripts/lib/link.py, a link that can be long or cut, as a fixture's process."""

import re
import signal

from .processes import ROOT, Program


class Link:
    """Stands in for a server: devices connect to its port."""

    def __init__(self, server, folder, delay_ms=0):
        self.keys = server.keys
        self.program = Program("link", ["/usr/bin/python3", ROOT / "scripts" / "lib" / "link.py",
                                        "--to", server.port, "--delay-ms", delay_ms], folder)
        assert self.program.wait_for_log("linked port="), self.program.tail()
        self.port = int(re.search(r"port=(\d+)", self.program.text())[1])

    def cut(self):
        """Nothing passes any more, and nobody is told."""
        self.program.signal(signal.SIGUSR1)

    def join(self):
        self.program.signal(signal.SIGUSR2)

    def end(self):
        self.program.kill()
