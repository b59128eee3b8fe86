"""Two nodes, one broker, one Redis: who asks, or calls, sees everything whichever node answers."""

import pytest
from harness.nodes import ask
from harness.operator_client import Operator
from harness.waiting import wait_for

SERVER_CONFIG = {"queries__max_per_s": 100000}


@pytest.fixture
def operator(nodes):
    client = Operator(nodes.broker)
    yield client
    client.close()


@pytest.fixture
def pair(nodes, attach, device_id):
    """A device at each node."""
    return [attach(node, f"{device_id[:50]}-{number}") for number, node in enumerate(nodes, 1)]


def test_every_node_answers_the_same_to_a_query(nodes, pair, operator):
    ended, waiting = {}, {}
    for device in pair:
        device.send(type="hello", model="L1")
        operator.presence(device.id, True, model="L1")
        ended[device.id] = operator.command(device.id)
        device.answer()
        operator.outcome(device.id, ended[device.id])
        waiting[device.id] = operator.command(device.id)
        device.next("command")

    def answers(**question):
        """Asks until every node has answered, and all the same."""
        found = {}

        def is_unanimous():
            answer = ask(operator, **question)
            node = answer.pop("node")
            del answer["time"]
            found[node] = answer
            values = list(found.values())
            return len(values) == len(nodes) and values[0] == values[1]

        wait_for(is_unanimous, f"every node to answer {question} alike")
        return found[nodes[0].name]

    for device, node in zip(pair, nodes):
        told = answers(query="device", device=device.id)["device"]
        assert (told["online"], told["node"], told["epoch"]) == (True, node.name, device.epoch)
        command = answers(query="command", device=device.id, id=ended[device.id])["command"]
        assert command["state"] == "succeeded" and command["terminal"]["node"] == node.name
        listed = answers(query="commands", device=device.id)["commands"]
        assert [c["id"] for c in listed] == [waiting[device.id], ended[device.id]]
    fleet = answers(query="devices", prefix=pair[0].id[:-1])["devices"]
    assert [d["device"] for d in fleet] == [device.id for device in pair]


def test_control_calls_and_closes_devices_wherever_they_are(nodes, pair, operator, controls):
    control = controls(nodes.broker.url).start()
    for device in pair:
        wait_for(lambda name=device.id: control.get(f"/v1/devices/{name}").status == 200,
                 "control to know the device", log=control.program)
        call = control.call(device.id)
        device.answer(data={"at": device.id})
        assert call.rest()[-1]["json"]["data"] == {"at": device.id}
        assert control.request("DELETE", f"/v1/devices/{device.id}/session").status == 204
        assert device.closed()[0] == 4004
    control.stop()


def test_a_second_process_of_the_same_name_does_not_start(nodes, pair, servers):
    second = servers.make(nodes.broker.url, node__name=nodes[0].name,
                          store__redis=nodes.redis.url).launch()
    assert second.program.wait() == 1
    assert nodes[0].name in second.program.text()
    for device in pair:
        device.sync()
    assert [node.readyz() for node in nodes] == ["ready", "ready"]
