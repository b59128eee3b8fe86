"""control: what README.md and docs/control.md print works as printed, and firmware-sim's callers."""

import json
import os
import re
import subprocess

import pytest
from harness.processes import BIN, ROOT, Program
from harness.waiting import PATIENCE_S

DEVICE = "sim-00000"


def examples(name):
    """The `curl` lines of a document, continued ones joined."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    return re.findall(r"^    (curl .*)$", text, re.M)


def sends_a_command(line):
    return f"/v1/devices/{DEVICE}/commands" in line and "$ID" not in line


COMMANDS = [line for name in ("README.md", "docs/control.md") for line in examples(name)
            if sends_a_command(line)]


def run(control, line):
    """Runs it as a person would, as an operator."""
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=PATIENCE_S,
                          env={**os.environ, "CONTROL": control.url,
                               "TOKEN": control.tokens["operator"]})


def test_there_are_examples():
    assert len(COMMANDS) >= 3


@pytest.fixture
def lamp(stack, control, workspace):
    """The device of the examples, as firmware-sim plays it."""
    stream = control.stream("GET", f"/v1/devices/{DEVICE}/events").wait_until_positioned()
    keys = stack.keys.folder
    program = Program("firmware-sim", [
        BIN / "firmware-sim", "run", "--url", f"wss://127.0.0.1:{stack.server.port}",
        "--devices", 1, "--ca", keys / "ca.pem", "--jwt-key", keys / "jwt-private" / "dev.key",
        "--kid", "dev", "--jwt-audience", "device-mgmt", "--jwt-issuer",
        "https://issuer.example"], workspace)
    stream.next("presence")
    stream.close()
    yield program
    program.kill()


def test_the_examples_work_as_printed(control, lamp):
    for line in COMMANDS:
        done = run(control, line)
        assert done.returncode == 0, done.stderr
        if "event-stream" in line:
            assert "event: accepted" in done.stdout
            assert "event: succeeded" in done.stdout
        else:
            assert json.loads(done.stdout)["state"] == "succeeded"
    assert lamp.running()


def test_every_caller_gets_its_own_reply(control, lamp, tmp_path):
    for options in ((), ("--wait",)):
        report = tmp_path / "callers.json"
        done = subprocess.run(
            [BIN / "firmware-sim", "callers", "--url", control.url, "--callers", "20",
             "--duration", "3", "--pause", "0.2", "--ramp", "0.5", "--json", report,
             "--pids", str(control.program.pid), *options],
            capture_output=True, text=True, timeout=PATIENCE_S,
            env={**os.environ, "FIRMWARE_SIM_TOKEN": control.tokens["operator"]})
        assert done.returncode == 0, done.stdout + done.stderr
        seen = json.loads(report.read_text())
        assert seen["ok"] and seen["replies"] == seen["calls"] > 20
        assert seen["lost"] == seen["crossed"] == seen["broken"] == 0
        assert seen["memory_most_kib"] > 0
