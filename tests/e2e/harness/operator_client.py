"""An operator: paho-mqtt, driven from the test's thread."""

import json
import threading
import uuid
from dataclasses import dataclass, field

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from .waiting import PATIENCE_S, Mailbag

READ = ("dm/replies/#", "dm/status/#", "dm/presence/#", "dm/telemetry/#", "dm/alerts/#",
        "dm/nodes/#", "answers/#")


@dataclass
class Message:
    topic: str
    raw: bytes
    retained: bool
    qos: int
    correlation: bytes = None
    user: dict = field(default_factory=dict)

    @property
    def json(self):
        return json.loads(self.raw)

    def __getitem__(self, name):
        return self.json[name]

    def get(self, name):
        return self.json.get(name) if self.raw else None


class Operator:
    """Subscribed to everything the server publishes, and to `answers/#` for Response Topics."""

    def __init__(self, broker, version=mqtt.MQTTv5, read=READ, durable_id=None, login=None):
        """`durable_id`: the broker keeps what comes for this client while it is away. `login`: name
        and password, for a broker with TLS."""
        self.version = version
        self._messages = Mailbag()
        self._ready = threading.Event()
        self._read = read
        self.client = mqtt.Client(durable_id or f"operator-{uuid.uuid4()}", protocol=version)
        self.client.on_connect = lambda *_: self.client.subscribe([(t, 1) for t in self._read])
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = self._on_message
        session = {}
        if durable_id:
            session["clean_start"] = False
            session["properties"] = Properties(PacketTypes.CONNECT)
            session["properties"].SessionExpiryInterval = 600
        if login:
            self.client.tls_set(broker.ca)
            self.client.username_pw_set(*login)
        self.client.connect("localhost" if login else "127.0.0.1", broker.port, **session)
        self.client.loop_start()
        assert self._ready.wait(PATIENCE_S), "the broker did not acknowledge the subscriptions"

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def _on_message(self, _client, _userdata, message):
        properties = getattr(message, "properties", None)
        self._messages.put(Message(
            message.topic, message.payload, bool(message.retain), message.qos,
            getattr(properties, "CorrelationData", None),
            dict(getattr(properties, "UserProperty", []))))

    # ---- sending ----

    def publish(self, topic, payload, *, qos=1, retain=False, response_topic=None,
                correlation=None, user=()):
        properties = None
        if self.version == mqtt.MQTTv5:
            properties = Properties(PacketTypes.PUBLISH)
            if response_topic is not None:
                properties.ResponseTopic = response_topic
            if correlation is not None:
                properties.CorrelationData = correlation
            if user:
                properties.UserProperty = list(user)
        if not isinstance(payload, (str, bytes)):
            payload = json.dumps(payload)
        sent = self.client.publish(topic, payload, qos, retain, properties)
        sent.wait_for_publish(PATIENCE_S)
        assert sent.is_published()

    def command(self, device, command="ping", *, mqtt_options=None, **fields):
        """Publishes one command and returns its id."""
        fields.setdefault("id", str(uuid.uuid4()))
        self.publish(f"dm/commands/{device}", {"command": command, **fields},
                     **(mqtt_options or {}))
        return fields["id"]

    def cancel(self, device, id_):
        self.publish(f"dm/cancel/{device}", {"id": id_})

    # ---- receiving ----

    def take(self, topic, timeout=None, **fields):
        """Takes the oldest message on `topic` whose JSON fields have these values."""
        return self._messages.take(
            lambda m: m.topic == topic and all(m.get(k) == v for k, v in fields.items()),
            f"{fields} on {topic}", timeout)

    def outcome(self, device, id_, timeout=None):
        """The terminal message or rejection of a command."""
        return self.take(f"dm/replies/{device}", timeout, id=id_)

    def state(self, device, id_, state, timeout=None):
        return self.take(f"dm/status/{device}", timeout, id=id_, state=state)

    def accepted(self, device, id_):
        return self.state(device, id_, "accepted")

    def presence(self, device, online, **fields):
        return self.take(f"dm/presence/{device}", online=online, **fields)

    def seen(self, topic=None):
        """Messages not yet taken."""
        return [m for m in self._messages.snapshot() if topic is None or m.topic == topic]
