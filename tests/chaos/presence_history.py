"""What retained presence says at the end of a run, while the devices are still connected, as a history
for the checker."""

import json
import time
import uuid

import paho.mqtt.client as mqtt
from harness.waiting import wait_for

SETTLES_WITHIN_S = 30


def sessions(histories):
    """device → epoch of its last session, as the devices tell."""
    last = {}
    for path in histories:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                if '"welcome"' in line and line.endswith("\n"):
                    event = json.loads(line)
                    last[event["device"]] = event["epoch"]
    return last


def write(broker, histories, path):
    """Waits until it agrees with the devices, and writes down what there is if it never does."""
    told = {}

    def on_message(_client, _userdata, message):
        if message.payload:
            told[message.topic] = json.loads(message.payload)

    client = mqtt.Client(f"presence-{uuid.uuid4()}", protocol=mqtt.MQTTv5)
    client.on_connect = lambda *_: client.subscribe("dm/presence/+", 1)
    client.on_message = on_message
    client.connect("127.0.0.1", broker.port)
    client.loop_start()

    def agrees():
        said = {presence["device"]: presence["epoch"]
                for presence in list(told.values()) if presence["online"]}
        return said == sessions(histories)

    try:
        wait_for(agrees, "presence to be right", SETTLES_WITHIN_S)
    except AssertionError:
        pass  # the checker says what is wrong
    finally:
        client.disconnect()
        client.loop_stop()
    at = time.monotonic_ns() // 1000
    with open(path, "w", encoding="utf-8") as out:
        for presence in told.values():
            out.write(json.dumps({"at": at, "source": "presence", "event": "retained",
                                  **{name: presence[name] for name in
                                     ("device", "online", "epoch", "node")}}) + "\n")
