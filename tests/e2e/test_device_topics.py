"""What devices send unasked, and what the broker keeps of it."""

import re

import pytest

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.mark.parametrize("codec", ["json", "cbor"])
def test_telemetry_arrives_on_its_channel(connect, device_id, operator, codec):
    device = connect(device_id, codec=codec)
    data = {"celsius": 21.5, "ok": True, "tags": ["a", None], "big": 2**53 + 1}
    device.send(type="telemetry", channel="climate.1", data=data, time="2026-01-02T03:04:05.678Z")
    message = operator.take(f"dm/telemetry/{device_id}/climate.1")
    assert message["data"] == data
    assert message["device"] == device_id
    assert message["time"] == "2026-01-02T03:04:05.678Z"
    assert not message.retained


def test_telemetry_without_time_gets_the_servers(device, device_id, operator):
    device.send(type="telemetry", channel="c", data=1)
    assert TIME.fullmatch(operator.take(f"dm/telemetry/{device_id}/c")["time"])


def test_json_data_travels_as_the_text_that_came(device, device_id, operator):
    text = '{"b":1.50,"a":[1e3, -0.0 ,"\\u00e9\\/"],"n":123456789012345678901234567890}'
    device.send_raw('{"type":"telemetry","channel":"text","data":' + text + "}")
    message = operator.take(f"dm/telemetry/{device_id}/text")
    assert text.encode() in message.raw


def test_cbor_bytes_become_base64url(connect, device_id, operator):
    device = connect(device_id, codec="cbor")
    device.send(type="telemetry", channel="blob", data=b"\xfb\xff\xfe\x01")
    assert operator.take(f"dm/telemetry/{device_id}/blob")["data"] == "-__-AQ"


@pytest.mark.parametrize("severity", ["info", "warning", "critical"])
def test_alerts_arrive(device, device_id, operator, severity):
    device.send(type="alert", severity=severity, message="smoke in the kitchen", data={"ppm": 400})
    alert = operator.take(f"dm/alerts/{device_id}")
    assert alert["severity"] == severity
    assert alert["message"] == "smoke in the kitchen"
    assert alert["data"] == {"ppm": 400}
    assert alert["device"] == device_id
    assert TIME.fullmatch(alert["time"])
    assert alert.qos == 1


def test_telemetry_keeps_its_order(device, device_id, operator):
    for number in range(100):
        device.send(type="telemetry", channel="count", data=number)
    device.sync()
    topic = f"dm/telemetry/{device_id}/count"
    assert [operator.take(topic)["data"] for _ in range(100)] == list(range(100))


def test_the_node_announces_itself(stack, operators):
    reader = operators()
    node = reader.take("dm/nodes/node-1")
    assert node.retained
    assert node["node"] == "node-1"
    assert node["state"] == "up"
    for field in ("sessions", "capacity", "url", "version", "boot"):
        assert field in node.json
