"""Commands that are turned away: one rejection each, and no harm to anybody else."""

import json

import pytest

BAD_FIELDS = {
    "command missing": ("command", {"args": {}}),
    "command empty": ("command", {"command": ""}),
    "command too long": ("command", {"command": "c" * 129}),
    "command as number": ("command", {"command": 7}),
    "args as list": ("args", {"command": "c", "args": []}),
    "args as text": ("args", {"command": "c", "args": "{}"}),
    "timeout_s zero": ("timeout_s", {"command": "c", "timeout_s": 0}),
    "timeout_s too long": ("timeout_s", {"command": "c", "timeout_s": 301}),
    "timeout_s as text": ("timeout_s", {"command": "c", "timeout_s": "30"}),
    "ttl_s negative": ("ttl_s", {"command": "c", "ttl_s": -1}),
    "ttl_s too long": ("ttl_s", {"command": "c", "ttl_s": 172801}),
    "delivery unknown": ("delivery", {"command": "c", "delivery": "exactly_once"}),
    "report unknown": ("report", {"command": "c", "report": "everything"}),
}


@pytest.mark.parametrize("variant", BAD_FIELDS)
def test_a_bad_field_is_named(device_id, operator, variant):
    field, payload = BAD_FIELDS[variant]
    operator.publish(f"dm/commands/{device_id}", {"id": "bad", **payload},
                     correlation=b"mine", response_topic="answers/bad")
    message = operator.take("answers/bad", id="bad")
    assert message["state"] == "rejected"
    assert message["error"]["code"] == "bad_request"
    assert field in message["error"]["message"]
    assert message["device"] == device_id
    assert message.user["type"] == "rejection"
    assert message.correlation == b"mine"


@pytest.mark.parametrize("id_", ["", "i" * 65, 7, "a\u0000b", "line\nbreak"])
def test_an_impossible_id_is_not_repeated_as_one(device_id, operator, id_):
    operator.publish(f"dm/commands/{device_id}", {"id": id_, "command": "c"})
    message = operator.take(f"dm/replies/{device_id}")
    assert message["state"] == "rejected"
    assert message["error"]["code"] == "bad_request"
    assert "id" in message["error"]["message"]
    assert message["id"] is None


UNREADABLE = {
    "empty": b"",
    "text": b"hello",
    "half an object": b'{"command":"c"',
    "a list": b"[]",
    "no UTF-8": b'{"command":"\xff\xfe"}',
    "too deep": b'{"command":"c","args":' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}",
    "duplicate keys": b'{"command":"a","command":"b"}',
    "NUL bytes": b"\0\0\0",
}


@pytest.mark.parametrize("variant", UNREADABLE)
def test_an_unreadable_payload_goes_to_invalid(device_id, operator, variant):
    operator.publish(f"dm/commands/{device_id}", UNREADABLE[variant], correlation=b"which")
    message = operator.take("dm/replies/_invalid")
    assert message["id"] is None
    assert (message["state"], message["error"]["code"]) == ("rejected", "bad_request")
    assert message.correlation == b"which"


@pytest.mark.parametrize("name", ["-leading", "bad device", "x" * 65, "ä", "a*b", "$SYS", ".x"])
def test_an_impossible_device_goes_to_invalid(operator, name):
    operator.publish(f"dm/commands/{name}", {"command": "c", "id": "lost"}, correlation=b"which")
    message = operator.take("dm/replies/_invalid")
    assert message["state"] == "rejected"
    assert message["error"]["code"] == "bad_request"
    assert message["id"] is None
    assert message.correlation == b"which"


def test_a_payload_above_64_kib_is_too_large(device_id, operator):
    payload = json.dumps({"command": "c", "id": "large", "args": {"x": "x" * 65536}})
    operator.publish(f"dm/commands/{device_id}", payload, correlation=b"which")
    message = operator.take(f"dm/replies/{device_id}", state="rejected")
    assert message["error"]["code"] == "too_large"
    assert message.correlation == b"which"


BAD_RESPONSE_TOPICS = ["a/#", "a/+/b", "#", "+", "$SYS/broker", "$share/g/t", "dm/commands/x",
                       "dm/replies/x", "dm/presence/x", "dm/responses", "t" * 257]


@pytest.mark.parametrize("topic", BAD_RESPONSE_TOPICS, ids=lambda topic: topic[:20])
def test_a_bad_response_topic_is_rejected_on_the_reply_topic(
        server, device, device_id, operator, topic):
    disconnects = server.metric("dm_broker_connected")
    id_ = operator.command(device_id, mqtt_options={"response_topic": topic, "correlation": b"c"})
    message = operator.outcome(device_id, id_)
    assert (message["state"], message["error"]["code"]) == ("rejected", "bad_response_topic")
    assert message.correlation == b"c"
    device.sync()
    assert device.received("command") == []
    assert server.metric("dm_broker_connected") == disconnects == 1


def test_response_topics_under_the_prefix_are_allowed_in_responses(device, device_id, operators):
    operator = operators(read=("dm/responses/#",))
    operator.command(device_id, mqtt_options={"response_topic": "dm/responses/me/1"})
    device.answer()
    assert operator.take("dm/responses/me/1")["state"] == "succeeded"


def test_correlation_data_that_is_too_long_is_a_bad_request(device_id, operator):
    id_ = operator.command(device_id, mqtt_options={"response_topic": "answers/long",
                                                    "correlation": b"x" * 1025})
    message = operator.take("answers/long", id=id_)
    assert (message["state"], message["error"]["code"]) == ("rejected", "bad_request")


def test_a_retained_command_is_ignored_and_counted(server, device, device_id, operator):
    before = server.metric("dm_broker_messages_total")
    operator.command(device_id, "retained", mqtt_options={"retain": True})
    operator.publish(f"dm/commands/{device_id}", b"", retain=True)  # takes it back
    id_ = operator.command(device_id, "ordinary")
    assert device.answer()["command"] == "ordinary"
    operator.outcome(device_id, id_)
    assert device.received("command") == []
    assert server.metric("dm_broker_messages_total") > before


def test_rejections_are_counted_by_code(server, device_id, operator):
    name = 'dm_rejections_total{code="bad_request"}'
    before = server.metric(name)
    operator.publish(f"dm/commands/{device_id}", {"id": "counted"})
    operator.outcome(device_id, "counted")
    assert server.metric(name) == before + 1


def test_the_server_is_unharmed_by_all_of_that(server, device, device_id, operator):
    id_ = operator.command(device_id)
    device.answer()
    assert operator.outcome(device_id, id_)["state"] == "succeeded"
    assert server.readyz() == "ready"
