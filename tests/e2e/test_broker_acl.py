"""conf/mosquitto-production.conf and conf/mosquitto.acl in a real Mosquitto: every role, every topic,
both directions. What the broker delivers is the proof, because it acknowledges a subscription that
may not be."""

import threading

import paho.mqtt.client as mqtt
import pytest
from harness.device import Device
from harness.operator_client import Operator
from harness.processes import ROOT
from harness.production_broker import NODES, ProductionBroker
from harness.server import Server
from harness.waiting import PATIENCE_S, Mailbag

COMMANDED = ["dm/commands/d", "dm/cancel/d", "dm/broadcast/all", "dm/streams/public/s",
             "dm/streams/private/u/s", "dm/queries"]
TOLD = ["dm/replies/d", "dm/status/d", "dm/presence/d", "dm/telemetry/d/c", "dm/alerts/d",
        "dm/nodes/n"]
OWN, ANOTHERS = "dm/responses/alice/1/2", "dm/responses/bob/1"
INTERNAL = "dm/internal/nudge/n"
KICK = "dm/internal/n/kick"
OF_CONTROL = "dm/responses/control/c-1/calls"
FOREIGN = ["dm", "dm/commands/d/x", "dm/other", "dmx/commands/d", "answers/me", "commands/d"]
TOPICS = [*COMMANDED, *TOLD, OWN, ANOTHERS, OF_CONTROL, INTERNAL, KICK, *FOREIGN]

WRITES = {NODES: {*COMMANDED, *TOLD, OWN, ANOTHERS, OF_CONTROL, INTERNAL, KICK},
          "control": {*COMMANDED, KICK}, "alice": set(COMMANDED), "viewer": set()}
READS = {NODES: {*COMMANDED, *TOLD, INTERNAL, KICK}, "control": {*TOLD, OF_CONTROL},
         "alice": {*TOLD, OWN}, "viewer": set(TOLD)}
ROLES = pytest.mark.parametrize("role", list(WRITES))


@pytest.fixture(scope="module")
def broker(workspace, keys):
    folder = workspace / "broker-acl"
    folder.mkdir()
    running = ProductionBroker(folder, keys, ["alice", "bob", "viewer", "control"]).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def open_broker(workspace, keys):
    """The same rules, but for one user who may write and read everything."""
    folder = workspace / "broker-acl-open"
    folder.mkdir()
    rules = (ROOT / "conf" / "mosquitto.acl").read_text()
    path = folder / "open.acl"
    path.write_text(rules + "\nuser probe\ntopic readwrite #\n")

    class Opened(ProductionBroker):
        def _own(self, port):
            return {**super()._own(port), "acl_file": path}

    running = Opened(folder, keys, ["alice", "bob", "viewer", "control", "probe"]).start()
    yield running
    running.stop()


class Client:
    """A bare client that tells the reason codes."""

    def __init__(self, broker, name):
        self.messages = Mailbag()
        self.acks = Mailbag()
        self.client = mqtt.Client(f"{name}-{id(self)}", protocol=mqtt.MQTTv5)
        self.client.tls_set(broker.ca)
        self.client.username_pw_set(*broker.login(name))
        self._up = threading.Event()
        self.lost = threading.Event()
        self.client.on_connect = lambda *_: self._up.set()
        self.client.on_disconnect = lambda *_: self.lost.set()
        self.client.on_subscribe = lambda _c, _u, mid, *_: self.acks.put(mid)
        self.client.on_publish = lambda _c, _u, mid: self.acks.put(mid)
        self.client.on_message = lambda _c, _u, m: self.messages.put((m.topic, m.payload.decode()))
        self.client.connect("localhost", broker.port)
        self.client.loop_start()
        assert self._up.wait(PATIENCE_S)

    def subscribe(self, topic):
        mid = self.client.subscribe(topic, 1)[1]
        self.acks.take(lambda m: m == mid, f"SUBACK for {topic}")

    def publish(self, topic, text):
        """Returns when the broker has answered, whatever it answered."""
        mid = self.client.publish(topic, text, 1).mid
        self.acks.take(lambda m: m == mid, f"PUBACK for {topic}")

    def take(self, topic, text):
        self.messages.take(lambda m: m == (topic, text), f"{text} on {topic}")

    def close(self):
        lost = self.lost.is_set()
        self.client.disconnect()
        self.client.loop_stop()
        assert not lost, "the broker has hung up"


@pytest.fixture
def client(open_broker):
    made = []

    def make(name):
        made.append(Client(open_broker, name))
        return made[-1]

    yield make
    for one in made:
        one.close()


@ROLES
def test_each_role_writes_what_it_may_and_nothing_else(client, role):
    probe, writer = client("probe"), client(role)
    for topic in [*TOPICS, "done"]:
        probe.subscribe(topic)
    for topic in TOPICS:
        writer.publish(topic, role)
    # Delivered in the order of publishing: whatever got through is here before this.
    probe.publish("done", role)
    probe.take("done", role)
    assert {topic for topic, _ in probe.messages.snapshot()} == WRITES[role]


@ROLES
def test_each_role_reads_what_it_may_and_nothing_else(client, role):
    probe, reader = client("probe"), client(role)
    for topic in TOPICS:
        reader.subscribe(topic)
    for topic in [*TOPICS, "dm/nodes/n"]:  # the last one is readable by everybody
        probe.publish(topic, role)
    for _ in range(2):
        reader.take("dm/nodes/n", role)
    assert {topic for topic, _ in reader.messages.snapshot()} | {"dm/nodes/n"} == READS[role]


def test_the_shared_subscription_of_the_nodes_works_under_the_rules(client):
    nodes, operator = [client(NODES), client(NODES)], client("alice")
    for node in nodes:
        node.subscribe("$share/device-mgmt/dm/commands/+")
        node.subscribe("dm/broadcast/+")
    for number in range(30):
        operator.publish("dm/commands/d", str(number))
    operator.publish("dm/broadcast/all", "last")
    for node in nodes:
        node.take("dm/broadcast/all", "last")
    got = [int(text) for node in nodes for _, text in node.messages.snapshot()]
    assert sorted(got) == list(range(30))


def test_an_operator_in_the_group_of_the_nodes_reads_nothing(client):
    operator, node = client("alice"), client(NODES)
    operator.subscribe("$share/device-mgmt/dm/commands/+")
    operator.subscribe("dm/status/+")
    for number in range(10):
        operator.publish("dm/commands/d", str(number))
    node.publish("dm/status/d", "last")
    operator.take("dm/status/d", "last")
    assert operator.messages.snapshot() == []


@pytest.mark.parametrize("login", [None, ("alice", "wrong"), ("nobody", "password of nobody"),
                                   (NODES, "")])
def test_without_the_right_password_nobody_gets_in(broker, login):
    codes = Mailbag()
    client = mqtt.Client("intruder", protocol=mqtt.MQTTv5)
    client.tls_set(broker.ca)
    if login:
        client.username_pw_set(*login)
    client.on_connect = lambda _c, _u, _f, code, _p: codes.put(str(code))
    client.connect("localhost", broker.port)
    client.loop_start()
    try:
        assert codes.take(lambda _: True, "CONNACK") in ("Not authorized", "Bad user name or password")
    finally:
        client.loop_stop()


def test_the_limits_are_those_of_the_tests(broker):
    def limits(name):
        lines = (ROOT / "conf" / name).read_text().splitlines()
        kept = ("set_tcp_nodelay", "max_", "autosave", "persist", "log_", "connection_messages")
        return [line for line in lines if line.startswith(kept)]

    assert limits("mosquitto-production.conf") == limits("mosquitto.conf")


@pytest.fixture(scope="module")
def server(broker, workspace, keys):
    folder = workspace / "broker-acl-server"
    folder.mkdir()
    running = Server(keys, "", folder, **broker.server_config()).start()
    yield running
    running.stop()


@pytest.fixture
def alice(broker):
    operator = Operator(broker, login=broker.login("alice"),
                        read=("dm/replies/#", "dm/status/#", "dm/presence/#", "dm/nodes/#",
                              "dm/telemetry/#", "dm/alerts/#", "dm/responses/alice/#"))
    yield operator
    operator.close()


@pytest.fixture
def device(server, device_id):
    connected = Device(server, device_id)
    connected.welcome()
    yield connected
    connected.close()


def test_a_command_goes_round_over_tls_and_under_the_rules(alice, device):
    alice.presence(device.id, online=True)
    assert alice.take("dm/nodes/node-1", state="up")
    id_ = alice.command(device.id)
    device.answer()
    assert alice.outcome(device.id, id_)["state"] == "succeeded"
    device.send(type="telemetry", channel="power", data=1)
    assert alice.take(f"dm/telemetry/{device.id}/power")["data"] == 1
    device.send(type="alert", severity="info", message="hello")
    assert alice.take(f"dm/alerts/{device.id}")["message"] == "hello"


def test_an_operator_gets_answers_on_a_response_topic_of_its_own(alice, device):
    id_ = alice.command(device.id, mqtt_options={"response_topic": "dm/responses/alice/x"})
    device.answer()
    assert alice.take("dm/responses/alice/x", id=id_, state="succeeded")


def test_a_response_topic_that_nodes_may_not_write_to_is_rejected(alice, device):
    id_ = alice.command(device.id, mqtt_options={"response_topic": "answers/alice"})
    assert alice.outcome(device.id, id_)["error"]["code"] == "bad_response_topic"


def test_what_an_operator_may_not_publish_harms_nobody(alice, device):
    for number in range(50):
        alice.publish("dm/internal/nudge/node-1", "{}")
        alice.publish(f"dm/presence/{device.id}", '{"online":false}', retain=True)
        alice.publish(f"dm/replies/{device.id}", f'{{"forged":{number}}}', qos=number % 2)
    id_ = alice.command(device.id)
    device.answer()
    assert alice.outcome(device.id, id_)["state"] == "succeeded"
    assert all(message["online"] for message in alice.seen(f"dm/presence/{device.id}"))
    assert not [m for m in alice.seen(f"dm/replies/{device.id}") if m.get("forged") is not None]


@pytest.fixture
def control(broker, controls):
    name, password = broker.login("control")
    running = controls(broker.url, broker__ca=broker.ca, broker__username=name,
                       broker__password=password).start()
    yield running
    running.close_streams()
    running.stop()


def test_control_does_all_it_can_do_under_the_rules(control, server, device):
    events = control.stream("GET", "/v1/events").wait_until_positioned()
    followed = control.call(device.id)
    device.answer()
    states = [followed.next(kind) for kind in ("accepted", "sent", "succeeded")]
    assert states[-1]["data"]
    events.next("reply")
    device.send(type="telemetry", channel="power", data=1)
    events.next("telemetry")
    fleet = control.get("/v1/devices?online=true").json["devices"]
    assert device.id in [one["device"] for one in fleet]
    outcomes = control.stream("POST", "/v1/broadcasts", {"group": "all", "command": "ping"})
    device.answer()
    outcomes.next("end")
    assert control.request("DELETE", f"/v1/devices/{device.id}/session").status == 204
    assert device.closed()[0] == 4004


def test_the_server_says_why_when_its_password_is_wrong(broker, servers):
    wrong = servers.make(broker.url, **{**broker.server_config(), "broker__password": "mistaken"})
    wrong.start(ready="degraded")
    assert wrong.program.wait_for_log("broker_")
    wrong.stop()
