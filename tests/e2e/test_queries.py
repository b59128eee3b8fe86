"""Questions on dm/queries, answered from the store."""

import uuid

import pytest

SERVER_CONFIG = {"queries__max_per_s": 100000}


@pytest.fixture
def ask(operator):
    """Publishes a question and returns its answer."""

    def do(**question):
        correlation = uuid.uuid4().bytes
        operator.publish("dm/queries", question, response_topic="answers/me",
                         correlation=correlation)
        answer = operator.take("answers/me", node="node-1", query=question["query"])
        assert answer.correlation == correlation
        assert answer.user["type"] == "answer"
        assert answer["time"]
        return answer.json

    return do


def error(answer):
    return answer["error"]["code"]


def test_a_command_is_answered_with_its_history_and_its_end(ask, device, device_id, operator):
    id_ = operator.command(device_id, "set", mqtt_options={"user": [("operator", "alice")]})
    device.answer("ok", data={"on": True})
    terminal = operator.outcome(device_id, id_)
    command = ask(query="command", device=device_id, id=id_)["command"]
    assert command["id"] == id_
    assert command["device"] == device_id
    assert command["command"] == "set"
    assert command["state"] == "succeeded"
    assert command["attempts"] == 1
    assert command["operator"] == "alice"
    assert command["finished_at"] == terminal["time"]
    assert command["terminal"] == terminal.json
    steps = command["history"]
    assert [s["state"] for s in steps if s["state"] in ("accepted", "sent", "succeeded")] == [
        "accepted", "sent", "succeeded"]
    seqs = [s["seq"] for s in steps]
    assert seqs == sorted(set(seqs))
    assert all(s["node"] == "node-1" and s["time"] for s in steps)
    behind = ask(query="command", device=device_id, id=id_, after_seq=seqs[0])["command"]
    assert behind["history"] == steps[1:]
    assert behind["terminal"] == terminal.json


def test_an_id_alone_finds_the_devices_that_have_it(ask, connect, device_id, operator):
    for n in "12":
        operator.command(f"{device_id}-{n}", "set", id=device_id)
        operator.accepted(f"{device_id}-{n}", device_id)
        answer = ask(query="command", id=device_id)
        if n == "1":
            assert answer["command"]["device"] == f"{device_id}-1"
    assert sorted(c["device"] for c in answer["commands"]) == [f"{device_id}-1", f"{device_id}-2"]
    assert "history" not in answer["commands"][0]


def test_a_devices_commands_are_listed_page_by_page(ask, device_id, operator):
    ids = [operator.command(device_id, "set") for _ in range(5)]
    for id_ in ids:
        operator.accepted(device_id, id_)
    operator.cancel(device_id, ids[2])
    operator.outcome(device_id, ids[2])
    listed, cursor = [], {}
    while True:
        page = ask(query="commands", device=device_id, limit=2, **cursor)
        assert len(page["commands"]) <= 2
        listed += [c["id"] for c in page["commands"]]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    assert listed == [ids[4], ids[3], ids[1], ids[0], ids[2]]
    cancelled = ask(query="commands", device=device_id, state="cancelled")["commands"]
    assert [c["id"] for c in cancelled] == [ids[2]]


def test_a_device_is_answered_online_and_after_it_has_gone(ask, connect, device_id, operator):
    assert error(ask(query="device", device=device_id)) == "not_found"
    device = connect(device_id, token_options={"groups": ["night"]})
    device.send(type="hello", model="L1", firmware="2.0", labels={"site": "hall"})
    device.sync()
    operator.presence(device_id, True, model="L1")
    online = ask(query="device", device=device_id)["device"]
    assert online["online"] is True
    assert (online["model"], online["firmware"]) == ("L1", "2.0")
    assert online["labels"] == {"site": "hall"}
    assert online["groups"] == ["night"]
    assert online["node"] == "node-1"
    device.close()
    gone = operator.presence(device_id, False)
    offline = ask(query="device", device=device_id)["device"]
    assert offline["online"] is False
    assert offline["reason"] == gone["reason"]
    assert offline["since"] == gone["since"]
    assert offline["epoch"] == online["epoch"]
    assert offline["first_seen"] == online["first_seen"]
    assert offline["model"] == "L1"


def test_the_fleet_is_listed_by_prefix_and_presence(ask, connect, device_id, operator):
    devices = [connect(f"{device_id}-{n}") for n in range(3)]
    devices[1].close()
    operator.presence(f"{device_id}-1", False)
    first = ask(query="devices", prefix=device_id, limit=2)
    assert [d["device"][-2:] for d in first["devices"]] == ["-0", "-1"]
    second = ask(query="devices", prefix=device_id, limit=2, cursor=first["cursor"])
    assert [d["device"][-2:] for d in second["devices"]] == ["-2"]
    assert "cursor" not in second
    online = ask(query="devices", prefix=device_id, online=True)["devices"]
    assert [d["device"][-2:] for d in online] == ["-0", "-2"]


def test_answers_outlive_the_server(servers, operators, keys):
    from harness.device import Device
    from harness.operator_client import Operator

    broker = servers.broker().start()
    server = servers.make(broker.url).start()
    operator = Operator(broker)
    try:
        device = Device(server, "lamp-7")
        device.welcome()
        id_ = operator.command("lamp-7", "set")
        device.answer("ok")
        terminal = operator.outcome("lamp-7", id_)
        server.crash()
        server.start()
        operator.publish("dm/queries", {"query": "command", "id": id_}, response_topic="answers/me")
        command = operator.take("answers/me", query="command")["command"]
        assert command["terminal"] == terminal.json
        assert [s["state"] for s in command["history"]][-1] == "succeeded"
        operator.publish("dm/queries", {"query": "device", "device": "lamp-7"},
                         response_topic="answers/me")
        found = operator.take("answers/me", query="device")["device"]
        assert found["online"] is False
        assert found["reason"] == "node_stopped"
        server.stop()
    finally:
        operator.close()


@pytest.mark.parametrize("question, field", [
    ({"query": "sessions"}, "query"),
    ({"query": "command"}, "id"),
    ({"query": "commands", "device": "a/b"}, "device"),
    ({"query": "commands", "device": "d", "state": "asleep"}, "state"),
    ({"query": "devices", "limit": 0}, "limit"),
    ({"query": "devices", "cursor": "/"}, "cursor"),
])
def test_a_wrong_question_is_answered_with_the_field(operator, question, field):
    operator.publish("dm/queries", question, response_topic="answers/me")
    answer = operator.take("answers/me")
    assert error(answer) == "bad_request"
    assert answer["error"]["message"].startswith(field + " ")


def test_a_question_without_an_address_is_counted(operator, server, ask):
    before = server.metric('dm_broker_messages_total{kind="unanswerable"}')
    operator.publish("dm/queries", {"query": "devices"})
    ask(query="devices")
    assert server.metric('dm_broker_messages_total{kind="unanswerable"}') == before + 1


def test_a_bad_response_topic_is_rejected(operator):
    operator.publish("dm/queries", {"query": "devices"}, response_topic="dm/status/x")
    rejection = operator.take("dm/replies/_invalid")
    assert error(rejection) == "bad_response_topic"
