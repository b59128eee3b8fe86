"""One command, from the operator to the device and back."""

import json
import re
import uuid

import pytest

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_a_command_reaches_the_device_as_the_contract_says(device, device_id, operator):
    id_ = operator.command(device_id, "set", args={"on": True}, timeout_s=20)
    command = device.next("command")
    assert command["id"] == id_
    assert command["command"] == "set"
    assert command["args"] == {"on": True}
    assert command["attempt"] == 1
    assert TIME.fullmatch(command["time"]) and TIME.fullmatch(command["expires_at"])
    assert command["expires_at"] > command["time"]
    assert 15_000 < command["expires_in_ms"] <= 20_000
    device.reply(command)


def test_the_terminal_message_is_complete(device, device_id, operator):
    id_ = operator.command(device_id, "set")
    device.answer("ok", data={"level": 7})
    message = operator.outcome(device_id, id_)
    assert message["device"] == device_id
    assert message["command"] == "set"
    assert message["state"] == "succeeded"
    assert message["status"] == "ok"
    assert message["data"] == {"level": 7}
    assert TIME.fullmatch(message["time"])
    assert message["node"] == "node-1"
    assert message["attempts"] == 1
    assert 0 <= message["latency_ms"] < 20_000
    assert "error" not in message.json
    assert message.user["type"] == "terminal"
    assert message.user["message_id"]
    assert message.qos == 1
    assert not message.retained


OUTCOMES = {
    "ok": ("succeeded", None),
    "error": ("failed", None),
    "rejected": ("failed", "device_rejected"),
    "half-done": ("succeeded", None),
    "OK": ("succeeded", None),
    "жди": ("succeeded", None),
}


@pytest.mark.parametrize("status", OUTCOMES)
def test_the_devices_status_decides_the_state(device, device_id, operator, status):
    state, error = OUTCOMES[status]
    id_ = operator.command(device_id)
    device.answer(status)
    message = operator.outcome(device_id, id_)
    assert (message["state"], message["status"]) == (state, status)
    if error:
        assert message["error"]["code"] == error


def test_data_is_the_text_that_the_device_sent(device, device_id, operator):
    id_ = operator.command(device_id)
    command = device.next("command")
    text = '{"z":1.500, "a":[1e2,-0.0,"\\u00e4\\/"] ,"n":12345678901234567890123}'
    device.send_raw(f'{{"type":"reply","id":"{command["id"]}","status":"ok","data":{text}}}')
    assert text.encode() in operator.outcome(device_id, id_).raw


def test_args_are_the_text_that_the_operator_sent(device, device_id, operator):
    text = '{"z":1.500, "a":[1e2,-0.0,"\\u00e4\\/"] ,"n":12345678901234567890123}'
    operator.publish(f"dm/commands/{device_id}", f'{{"command":"set","args":{text}}}')
    command = device.next("command")
    assert text in command["_text"]
    device.reply(command)


def test_a_command_without_id_gets_a_uuidv7_told_in_accepted(device, device_id, operator):
    operator.publish(f"dm/commands/{device_id}", {"command": "ping"})
    accepted = operator.take(f"dm/status/{device_id}", state="accepted")
    assert uuid.UUID(accepted["id"]).version == 7
    command = device.answer()
    assert command["id"] == accepted["id"]
    assert command["args"] == {}
    operator.outcome(device_id, accepted["id"])


def test_the_states_are_told_on_the_status_topic(device, device_id, operator):
    id_ = operator.command(device_id)
    accepted = operator.accepted(device_id, id_)
    assert accepted["device"] == device_id
    assert accepted["node"] == "node-1"
    assert TIME.fullmatch(accepted["time"])
    assert accepted.qos == 1
    operator.state(device_id, id_, "sent")
    command = device.next("command")
    device.ack(command)
    operator.state(device_id, id_, "delivered")
    device.reply(command)
    operator.outcome(device_id, id_)
    terminal = [m for m in operator.seen(f"dm/status/{device_id}") if m["state"] == "succeeded"]
    assert terminal == []


def test_the_answer_goes_to_the_response_topic_with_its_correlation(device, device_id, operator):
    correlation = bytes(range(256))
    topic = f"answers/{device_id}"
    id_ = operator.command(device_id, mqtt_options={"response_topic": topic,
                                                    "correlation": correlation})
    device.answer(data=[1])
    message = operator.take(topic, id=id_)
    assert message["state"] == "succeeded"
    assert message.correlation == correlation
    assert message.user["type"] == "terminal"
    assert not message.retained
    operator.command(device_id)  # a later command's message shows that nothing else was on its way
    device.answer()
    operator.take(f"dm/replies/{device_id}", state="succeeded")
    assert operator.seen(topic) == []
    assert [m for m in operator.seen(f"dm/replies/{device_id}") if m["id"] == id_] == []


def test_report_states_sends_each_state_to_the_response_topic(device, device_id, operator):
    topic = f"answers/{device_id}"
    id_ = operator.command(device_id, report="states",
                           mqtt_options={"response_topic": topic, "correlation": b"c"})
    command = device.next("command")
    device.ack(command)
    device.reply(command)
    states = []
    while "succeeded" not in states:
        message = operator.take(topic, id=id_)
        assert message.correlation == b"c"
        states.append(message["state"])
    order = ["accepted", "queued", "sent", "delivered", "succeeded"]
    assert states == [state for state in order if state in states]
    assert {"accepted", "sent", "delivered"} <= set(states)


def test_correlation_data_of_the_largest_size_is_returned(device, device_id, operator):
    topic = f"answers/{device_id}"
    operator.command(device_id, mqtt_options={"response_topic": topic, "correlation": b"x" * 1024})
    device.answer()
    assert operator.take(topic).correlation == b"x" * 1024


def test_a_reply_implies_the_ack_and_may_carry_time_and_attempt(device, device_id, operator):
    id_ = operator.command(device_id)
    device.answer(time="2026-01-02T03:04:05.678Z", attempt=1)
    assert operator.outcome(device_id, id_)["state"] == "succeeded"


def test_a_second_reply_is_a_duplicate(device, device_id, operator):
    id_ = operator.command(device_id)
    command = device.answer()
    device.reply(command)
    device.next("reply_ack", id=id_, result="duplicate")
    operator.outcome(device_id, id_)
    device.sync()
    assert operator.seen(f"dm/replies/{device_id}") == []


def test_the_largest_command_passes(device, device_id, operator):
    payload = {"command": "blob", "id": "big", "args": {"filler": ""}}
    payload["args"]["filler"] = "x" * (65536 - len(json.dumps(payload)))
    operator.publish(f"dm/commands/{device_id}", payload)
    command = device.answer()
    assert command["args"] == payload["args"]
    assert operator.outcome(device_id, "big")["state"] == "succeeded"


def test_traceparent_is_carried_through(device, device_id, operator):
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    id_ = operator.command(device_id, mqtt_options={"user": [("traceparent", trace)]})
    device.answer()
    assert operator.outcome(device_id, id_).user["traceparent"] == trace


def test_commands_for_one_device_do_not_reach_another(connect, device_id, operator):
    one, other = connect(device_id), connect(device_id + "-other")
    id_ = operator.command(device_id)
    one.answer()
    operator.outcome(device_id, id_)
    other.sync()
    assert other.received("command") == []


@pytest.mark.parametrize("id_", ["x", "i" * 64, "with blank", "a/b+c#", "日本語", "ä" * 64])
def test_any_printable_id_is_kept(device, device_id, operator, id_):
    operator.command(device_id, id=id_)
    assert device.answer()["id"] == id_
    assert operator.outcome(device_id, id_)["state"] == "succeeded"


def test_many_commands_to_many_devices_each_get_their_own_reply(connect, device_id, operator):
    devices = [connect(f"{device_id}-{n}") for n in range(10)]
    ids = {d.id: [operator.command(d.id, args={"n": n}) for n in range(20)] for d in devices}
    for device in devices:
        for _ in range(20):
            command = device.next("command")
            device.reply(command, data={"echo": command["args"]["n"]})
    for device in devices:
        for n, id_ in enumerate(ids[device.id]):
            message = operator.outcome(device.id, id_)
            assert (message["state"], message["data"]) == ("succeeded", {"echo": n})
