"""The commands in a shared store, as a history for the checker: what nodes answer to `dm/queries`."""

import json
import queue
import time
import uuid
from datetime import datetime

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

WINDOW = 64  # questions under way
PATIENCE_S = 5  # for one answer; then the question is put again
GIVE_UP_S = 60  # for all answers to stay away
AGAIN = ("busy", "unavailable")


class Asker:
    """A client of the broker with a topic of its own for answers, as texts."""

    def __init__(self, broker):
        self._topic = f"answers/{uuid.uuid4()}"
        self._answers = queue.Queue()
        self.client = mqtt.Client(f"asker-{uuid.uuid4()}", protocol=mqtt.MQTTv5)
        self.client.on_connect = lambda *_: self.client.subscribe(self._topic, 1)
        self.client.on_message = self._on_message
        subscribed = queue.Queue()
        self.client.on_subscribe = lambda *_: subscribed.put(True)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        subscribed.get(timeout=GIVE_UP_S)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def _on_message(self, _client, _userdata, message):
        self._answers.put((message.properties.CorrelationData, message.payload.decode()))

    def _put(self, number, question):
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = self._topic
        properties.CorrelationData = b"%d" % number
        self.client.publish("dm/queries", json.dumps(question), 1, properties=properties)

    def all(self, questions):
        """(question, answer as text) of each, in any order. A node that is gone keeps some of them."""
        left, waiting, heard = enumerate(questions), {}, time.monotonic()
        more = True
        while more or waiting:
            while more and len(waiting) < WINDOW:
                number, question = next(left, (None, None))
                more = number is not None
                if more:
                    waiting[number] = question, time.monotonic()
                    self._put(number, question)
            try:
                correlation, text = self._answers.get(timeout=0.2)
            except queue.Empty:
                correlation, text = b"-1", ""
            now = time.monotonic()
            question, _ = waiting.get(int(correlation), (None, None))
            if question and json.loads(text).get("error", {}).get("code") not in AGAIN:
                del waiting[int(correlation)]
                heard = now
                yield question, text
            if now - heard > GIVE_UP_S:
                raise AssertionError(f"no answers to {len(waiting)} questions")
            for number, (question, asked_at) in list(waiting.items()):
                if now - asked_at > PATIENCE_S:
                    waiting[number] = question, now
                    self._put(number, question)


def ids_of(asker, devices):
    """(device, id) of every command that the store has of these."""
    pages = [{"query": "commands", "device": device, "limit": 500} for device in devices]
    while pages:
        following = []
        for question, text in asker.all(pages):
            answer = json.loads(text)
            for command in answer["commands"]:
                yield command["device"], command["id"]
            if "cursor" in answer:
                following.append({**question, "cursor": answer["cursor"]})
        pages = following


def unix_ms(text):
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def terminal_of(text):
    """The terminal message within an answer, with the bytes it has there. Quotation marks in strings
    are escaped, so the first such name is the field."""
    _, found, rest = text.partition('"terminal":')
    return rest[:json.JSONDecoder().raw_decode(rest)[1]] if found else None


def event_of(text):
    """One line for the checker. The number of an acceptance is for the store alone; its time, which
    two commands of a device may share, is in the answer."""
    command = json.loads(text)["command"]
    return {"at": 0, "source": "store", "event": "command", "device": command["device"],
            "id": command["id"], "seq": unix_ms(command["accepted_at"]),
            "send_by": unix_ms(command["send_by"]), "payload": terminal_of(text),
            "message_id": None}


def write(broker, devices, path):
    asker = Asker(broker)
    try:
        # A command that ends while pages are read may be on two of them.
        found = sorted(set(ids_of(asker, devices)))
        # What comes behind any step is nothing, and so the terminal message always fits in.
        questions = ({"query": "command", "device": device, "id": id_, "after_seq": (1 << 53) - 1}
                     for device, id_ in found)
        with open(path, "w", encoding="utf-8") as out:
            for _, text in asker.all(questions):
                out.write(json.dumps(event_of(text)) + "\n")
    finally:
        asker.close()
