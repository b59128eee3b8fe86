"""Other operators: the Mosquitto command line tools, and MQTT 3.1.1."""

import json
import subprocess

import paho.mqtt.client as mqtt
import pytest
from harness.waiting import PATIENCE_S


def tool(stack, name, *arguments, **options):
    return subprocess.Popen([name, "-h", "127.0.0.1", "-p", str(stack.broker.port), *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def finish(process):
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    return out


@pytest.mark.parametrize("version", ["311", "5"])
def test_mosquitto_pub(stack, device, device_id, operator, version):
    finish(tool(stack, "mosquitto_pub", "-V", version, "-q", "1", "-t", f"dm/commands/{device_id}",
                "-m", '{"id":"from-pub","command":"ping"}'))
    device.answer()
    assert operator.outcome(device_id, "from-pub")["state"] == "succeeded"


def test_mosquitto_rr_gets_its_answer(stack, device, device_id):
    asking = tool(stack, "mosquitto_rr", "-V", "5", "-q", "1", "-W", "60",
                  "-t", f"dm/commands/{device_id}", "-e", f"answers/rr/{device_id}",
                  "-m", '{"command":"read","args":{"register":4}}')
    command = device.answer(data={"value": 42})
    assert command["args"] == {"register": 4}
    answer = json.loads(finish(asking))
    assert (answer["state"], answer["data"]) == ("succeeded", {"value": 42})


def test_mosquitto_rr_gets_a_rejection_as_well(stack, device_id):
    asking = tool(stack, "mosquitto_rr", "-V", "5", "-q", "1", "-W", "60",
                  "-t", f"dm/commands/{device_id}", "-e", f"answers/rr/{device_id}",
                  "-m", '{"command":"read","ttl_s":0}')
    answer = json.loads(finish(asking))
    assert (answer["state"], answer["error"]["code"]) == ("rejected", "device_offline")


def test_mosquitto_sub_reads_the_retained_presence(stack, device, device_id, operator):
    operator.presence(device_id, online=True)
    out = finish(tool(stack, "mosquitto_sub", "-W", "60", "-C", "1",
                      "-t", f"dm/presence/{device_id}"))
    assert json.loads(out)["online"] is True


def test_an_mqtt_3_1_1_operator(device, device_id, operators):
    operator = operators(version=mqtt.MQTTv311)
    id_ = operator.command(device_id, "ping")
    operator.accepted(device_id, id_)
    device.answer(data="pong")
    message = operator.outcome(device_id, id_)
    assert (message["state"], message["data"]) == ("succeeded", "pong")


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_every_quality_of_service(device, device_id, operator, qos):
    id_ = operator.command(device_id, mqtt_options={"qos": qos})
    device.answer()
    assert operator.outcome(device_id, id_)["state"] == "succeeded"
