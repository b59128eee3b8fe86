"""What devices may send, and what nonsense gets."""

import json

import cbor2
import pytest


def error(device):
    frame = device.next("error")
    assert frame["message"]
    return frame["code"]


BAD_TEXT = {
    "no JSON": "hello",
    "half an object": '{"type":"heartbeat"',
    "a list": '["heartbeat"]',
    "a number": "42",
    "null": "null",
    "no type": "{}",
    "type as number": '{"type":7}',
    "duplicate keys": '{"type":"heartbeat","type":"heartbeat"}',
    "nested duplicate keys": '{"type":"telemetry","channel":"c","data":{"a":1,"a":2}}',
    "too deep": '{"type":"telemetry","channel":"c","data":' + "[" * 40 + "]" * 40 + "}",
    "trailing text": '{"type":"heartbeat"} x',
    "NaN": '{"type":"telemetry","channel":"c","data":NaN}',
    "comment": '{"type":"heartbeat"/* */}',
    "ack without id": '{"type":"ack"}',
    "ack with a number": '{"type":"ack","id":1}',
    "reply without id": '{"type":"reply","status":"ok"}',
    "reply without status": '{"type":"reply","id":"x"}',
    "reply with an empty status": '{"type":"reply","id":"x","status":""}',
    "reply with a long status": '{"type":"reply","id":"x","status":"' + "s" * 65 + '"}',
    "telemetry without channel": '{"type":"telemetry","data":1}',
    "telemetry without data": '{"type":"telemetry","channel":"c"}',
    "telemetry on an impossible channel": '{"type":"telemetry","channel":"a/b","data":1}',
    "telemetry at an impossible time": '{"type":"telemetry","channel":"c","data":1,"time":"now"}',
    "alert without severity": '{"type":"alert","message":"m"}',
    "alert of unknown severity": '{"type":"alert","severity":"mild","message":"m"}',
    "alert without message": '{"type":"alert","severity":"info"}',
}


@pytest.mark.parametrize("variant", BAD_TEXT)
def test_a_malformed_frame_is_answered_with_bad_frame(device, variant):
    device.send_raw(BAD_TEXT[variant])
    assert error(device) == "bad_frame"
    device.sync()  # and the session goes on


BAD_BINARY = {
    "no CBOR": b"\xff\xff",
    "cut off": cbor2.dumps({"type": "heartbeat"})[:-3],
    "trailing bytes": cbor2.dumps({"type": "heartbeat"}) + b"\x00",
    "a list": cbor2.dumps(["heartbeat"]),
    "number as key": cbor2.dumps({1: 2, "type": "heartbeat"}),
    "a tag": cbor2.dumps({"type": "telemetry", "channel": "c", "data": cbor2.CBORTag(0, "x")}),
    "NaN": cbor2.dumps({"type": "telemetry", "channel": "c", "data": float("nan")}),
    "infinity": cbor2.dumps({"type": "telemetry", "channel": "c", "data": float("inf")}),
    "undefined": cbor2.dumps({"type": "telemetry", "channel": "c", "data": cbor2.undefined}),
    "duplicate keys": b"\xa2\x64type\x69heartbeat\x64type\x69heartbeat",
    "integer out of range": b"\xa3\x64type\x69telemetry\x67channel\x61c\x64data\x3b" + b"\xff" * 8,
}


@pytest.mark.parametrize("variant", BAD_BINARY)
def test_malformed_cbor_is_answered_with_bad_frame(connect, device_id, variant):
    device = connect(device_id, codec="cbor")
    device.send_raw(BAD_BINARY[variant])
    assert error(device) == "bad_frame"
    device.sync()


@pytest.mark.parametrize("codec", ["json", "cbor"])
def test_an_unknown_type_is_told_and_survived(connect, device_id, codec):
    device = connect(device_id, codec=codec)
    device.send(type="dance")
    assert error(device) == "unknown_type"
    device.sync()


def test_ten_bad_frames_in_a_minute_end_the_session(device):
    for _ in range(10):
        device.send_raw("nonsense")
    code, reason = device.closed()
    assert code == 1008
    assert reason


def test_nine_bad_frames_do_not(device):
    for _ in range(9):
        device.send_raw("nonsense")
    device.sync()
    assert len(device.received("error")) == 9


def test_a_binary_frame_on_json_is_1003(device):
    device.send_raw(b"{}")
    assert device.closed()[0] == 1003


def test_a_text_frame_on_cbor_is_1003(connect, device_id):
    device = connect(device_id, codec="cbor")
    device.send_raw(json.dumps({"type": "heartbeat"}))
    assert device.closed()[0] == 1003


def test_the_largest_message_is_taken(device, device_id, operator):
    frame = {"type": "telemetry", "channel": "big", "data": ""}
    frame["data"] = "x" * (65536 - len(json.dumps(frame)))
    device.send_raw(json.dumps(frame))
    assert operator.take(f"dm/telemetry/{device_id}/big")["data"] == frame["data"]


def test_one_byte_more_is_1009(device):
    device.send_raw("x" * 65537)
    code, reason = device.closed()
    assert code == 1009
    assert reason


def test_a_reply_to_an_unknown_id_is_acknowledged_as_unknown(device):
    device.send(type="reply", id="never-sent", status="ok")
    device.next("reply_ack", id="never-sent", result="unknown")


def test_an_ack_of_an_unknown_id_is_no_harm(device):
    device.send(type="ack", id="never-sent")
    device.sync()
    assert device.received() == []
