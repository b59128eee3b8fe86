"""`device-mgmt check-device`, run against a program that plays the device."""

import json
import re

import pytest

from .keys import AUDIENCE, ISSUER
from .processes import BIN, Program
from .waiting import wait_for

ALL = {
    "connects", "answers a command", "answers a repeated id from memory",
    "ignores frames of an unknown type", "ignores unknown fields", "answers an unknown command",
    "keeps a long id", "keeps any id", "reads a large command", "answers many commands at once",
    "shows life", "stays away as told by a drain", "repeats a reply until reply_ack",
    "stays away as told by a close", "stays away as told by Retry-After", "renews its token",
    "returns after a lost connection", "returns after a take-over", "notices a silent server",
    "backs off", "sends well-formed frames", "replies to what was sent",
}
QUICK = {"check.heartbeat_s": 2, "check.retry_s": 1, "check.token_s": 10, "check.wait_s": 60}


class DeviceCheck:
    """The running check; `verdicts` when it is over."""

    def __init__(self, keys, folder, **options):
        self.report = folder / "check.json"
        given = {"listen.address": "127.0.0.1", "listen.port": 0,
                 "listen.cert": keys.folder / "server.pem",
                 "listen.key": keys.folder / "server.key",
                 "auth.jwt_keys": keys.folder / "jwt", "auth.jwt_audience": AUDIENCE,
                 "auth.jwt_issuer": ISSUER, "auth.credentials": keys.credentials,
                 "check.json": self.report, **QUICK,
                 **{name.replace("__", "."): value for name, value in options.items()}}
        flags = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        self.program = Program("check-device", [BIN / "device-mgmt", "check-device", *flags], folder)
        assert self.program.wait_for_log("waiting for the device at"), self.program.tail()
        self.port = int(re.search(r"127\.0\.0\.1:(\d+)/", self.program.text())[1])

    @property
    def url(self):
        return f"wss://localhost:{self.port}/v1/device"

    def finish(self, device):
        """(exit code, verdict by check) once it is over; `device` must live so long."""
        wait_for(lambda: not self.program.running(), "check-device to end", 240, log=self.program)
        code = self.program.wait()
        self.program.check_sanitizers()
        rows = json.loads(self.report.read_text())["checks"]
        print(self.program.text(), device.tail() if device else "")
        return code, {row["check"]: row["verdict"] for row in rows}


@pytest.fixture
def play(tmp_path, keys):
    """Runs a check with a program as the device: (exit code, verdicts)."""
    started = []

    def run(arguments_for, **options):
        check = DeviceCheck(keys, tmp_path, **options)
        started.append(check.program)
        device = Program("device", arguments_for(check), tmp_path)
        started.append(device)
        return check.finish(device)

    yield run
    for program in started:
        program.kill()


def passed(verdicts):
    return {check for check, verdict in verdicts.items() if verdict == "passed"}
