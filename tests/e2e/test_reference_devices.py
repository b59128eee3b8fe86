"""The devices of docs/device-guide.md against the real server."""

import sys

import pytest
from harness.device import Device
from harness.operator_client import Operator
from harness.processes import Program
from harness.reference_devices import PYTHON_DEVICE

ID = "reference"


@pytest.fixture(params=["python", "c"])
def start(request, tmp_path, keys, c_device):
    """Starts the device of one language with a token, or with a Basic secret."""
    started = []

    def run(port, token=None, secret=None):
        kind, text = ("--token", token) if token else ("--secret", secret)
        path = tmp_path / kind.strip("-")
        path.write_text(text)
        url, ca = f"wss://localhost:{port}/v1/device", keys.folder / "ca.pem"
        command = ([sys.executable, PYTHON_DEVICE, url, ID, "--ca", ca] if request.param == "python"
                   else [c_device, url, ID, ca])
        started.append(Program("device", [*command, kind, path], tmp_path))
        return started[-1]

    yield run
    for program in started:
        assert program.running(), program.tail()
        program.kill()
        program.check_sanitizers()


def online(operator):
    """The epoch of the device's next session; others of the same id do not say this in `hello`."""
    return operator.presence(ID, online=True, model="reference")["epoch"]


def test_it_answers_commands_with_a_token(start, stack, operator, keys):
    start(stack.server.port, token=keys.token(ID))
    online(operator)
    id_ = operator.command(ID, "set", args={"on": True})
    done = operator.outcome(ID, id_)
    assert (done["state"], done["data"]) == ("succeeded", {"on": True})
    unknown = operator.command(ID, "fly")
    assert operator.outcome(ID, unknown)["error"]["code"] == "device_rejected"


def test_it_comes_back_to_a_server_that_restarts(start, servers, keys):
    """As in a drain: told when to come back, and to the same port."""
    broker = servers.broker().start()
    secret = keys.add_credential(ID)
    first = servers.make(broker.url).start()
    start(first.port, secret=secret)
    operator = Operator(broker)
    before = online(operator)
    first.stop()
    second = servers.make(broker.url, listen__port=first.port).start()
    assert online(operator) > before
    id_ = operator.command(ID)
    assert operator.outcome(ID, id_)["state"] == "succeeded"
    operator.close()
    second.stop()


def test_it_comes_back_after_a_take_over(start, stack, operator, keys):
    start(stack.server.port, token=keys.token(ID))
    before = online(operator)
    intruder = Device(stack.server, ID)
    assert intruder.welcome()["epoch"] > before
    code, _ = intruder.closed()
    assert code == 4001
    assert online(operator) > before + 1
    id_ = operator.command(ID)
    assert operator.outcome(ID, id_)["state"] == "succeeded"
