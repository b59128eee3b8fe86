"""The simulated devices: what they remember when their process is killed."""

import pytest
from harness.simulator import Simulator


@pytest.fixture
def simulator(request, stack, workspace):
    folder = workspace / request.node.name
    folder.mkdir()
    made = Simulator(stack.server, folder)
    yield made
    made.program.kill()


DEVICE = "sim-00000"


def test_a_killed_simulator_repeats_the_reply_and_executes_once(simulator, operator):
    simulator.start()
    id_ = operator.command(DEVICE, "sleep", args={"ms": 600_000}, timeout_s=300)
    operator.state(DEVICE, id_, "delivered")
    simulator.program.kill()
    simulator.start()
    assert operator.outcome(DEVICE, id_)["state"] == "succeeded"
    assert len(simulator.events("executed", id=id_)) == 1
    simulator.wait_for("received", type="reply_ack", id=id_, result="stored")
    simulator.stop()


def test_what_is_sent_again_to_a_restarted_simulator_is_not_executed_again(simulator, operator):
    simulator.flags["ack"] = "false"
    simulator.start()
    id_ = operator.command(DEVICE, "sleep", args={"ms": 600_000}, timeout_s=300)
    simulator.wait_for_result(id_)
    simulator.program.kill()
    simulator.start()
    assert operator.outcome(DEVICE, id_)["state"] == "succeeded"
    epochs = [line["epoch"] for line in simulator.events("received", type="welcome")]
    assert epochs == sorted(set(epochs)) and len(epochs) == 2
    assert len(simulator.events("executed", id=id_)) == 1
    simulator.stop()
