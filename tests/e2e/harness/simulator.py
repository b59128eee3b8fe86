"""firmware-sim as a process: devices that can be killed and started again."""

import json
import signal
from pathlib import Path

from .keys import AUDIENCE, ISSUER
from .processes import BIN, Program
from .waiting import wait_for


class Simulator:
    """`firmware-sim run` with a journal and a history in `folder`."""

    def __init__(self, server, folder, **flags):
        self.server = server
        self.folder = Path(folder)
        self.history = self.folder / "devices.jsonl"
        self.flags = {"devices": 1, "allow-drops": "true", **flags}
        self.program = None

    def start(self):
        keys = self.server.keys.folder
        flags = {
            "url": f"wss://127.0.0.1:{self.server.port}",
            "ca": keys / "ca.pem",
            "jwt-key": keys / "jwt-private" / "dev.key",
            "kid": "dev",
            "jwt-audience": AUDIENCE,
            "jwt-issuer": ISSUER,
            "journal": self.folder / "journal",
            "history": self.history,
            **self.flags,
        }
        arguments = [f"--{name}={value}" for name, value in flags.items()]
        self.program = Program("firmware-sim", [BIN / "firmware-sim", "run", *arguments],
                               self.folder)
        return self

    def events(self, event, **fields):
        """Lines of the history, of all processes so far."""
        if not self.history.exists():
            return []
        lines = map(json.loads, self.history.read_text().splitlines())
        return [line for line in lines if line["event"] == event
                and all(line.get(name) == value for name, value in fields.items())]

    def wait_for(self, event, **fields):
        return wait_for(lambda: self.events(event, **fields), f"{event} {fields}",
                        log=self.program)[0]

    def wait_for_result(self, id_):
        """Until the journal holds the reply: whoever is killed before that, although the command
        is executed, cannot know how it went."""
        def kept():
            return any(line.startswith("R ") and id_ in line
                       for file in (self.folder / "journal").glob("*.journal")
                       for line in file.read_text().splitlines())
        wait_for(kept, f"the result of {id_} in the journal", log=self.program)

    def stop(self, judged=True):
        """`judged`: it must be content with what it saw, as its exit code tells."""
        self.program.signal(signal.SIGTERM)
        code = self.program.wait()
        self.program.check_sanitizers()
        assert not judged or code == 0, self.program.tail()
