"""Messages that the broker does not take, or not now."""

import sqlite3

from harness.device import Device
from harness.operator_client import Operator
from harness.waiting import wait_for

WINDOW = 16
DEVICES = 10

# Nobody may publish to answers/forbidden.
RULES = "topic read #\ntopic readwrite $share/#\ntopic write dm/#\n"
NO_REPLIES = RULES + "topic deny dm/replies/#\n"


def stored(server):
    """Topics of the messages in the store."""
    database = sqlite3.connect(f"file:{server.config['store.sqlite']}?mode=ro", uri=True)
    rows = database.execute("SELECT topic FROM outbox").fetchall()
    database.close()
    return [topic for topic, in rows]


def test_what_the_broker_refuses_everywhere_is_parked_and_told_by_the_next_process(servers):
    rules = servers.folder / "rules"
    rules.write_text(NO_REPLIES)
    broker = servers.broker(extra=f"acl_file {rules}\n").start()
    server = servers.make(broker.url).start()
    device = Device(server, "d-1")
    device.welcome()
    operator = Operator(broker)
    id_ = operator.command("d-1", mqtt_options={"response_topic": "answers/forbidden"})
    device.answer()
    wait_for(lambda: server.metric('dm_broker_dropped_total{kind="refused"') == 1,
             "the message to be parked")
    assert "publish_refused" in server.program.text()
    # The node goes on with what may be published.
    operator.accepted("d-1", operator.command("d-1", ttl_s=600))
    server.stop()
    assert stored(server).count("answers/forbidden") == 1
    broker.stop()
    rules.write_text(RULES)
    broker.start()
    operator.close()
    late = Operator(broker)
    server.start()
    assert late.outcome("d-1", id_)["state"] == "succeeded"
    late.close()
    server.stop()


def test_ends_gather_while_the_broker_is_away_and_are_published_in_order(servers):
    broker = servers.broker().start()
    server = servers.make(broker.url).start()
    devices = [Device(server, f"d-{i}") for i in range(DEVICES)]
    for device in devices:
        device.welcome()
    operator = Operator(broker, durable_id="gathers")
    ids = {device.id: [operator.command(device.id, timeout_s=300) for _ in range(WINDOW)]
           for device in devices}
    frames = {device.id: [device.next("command") for _ in range(WINDOW)] for device in devices}
    operator.close()
    broker.stop()
    wait_for(lambda: server.readyz().startswith("degraded"), "the loss of the broker")
    for device in devices:
        for frame in frames[device.id]:
            device.reply(frame)
        for id_ in ids[device.id]:
            device.next("reply_ack", id=id_, result="stored")
    wait_for(lambda: server.metric("dm_outbox_messages") >= DEVICES * WINDOW, "the ends to gather")
    broker.start()
    operator = Operator(broker, durable_id="gathers")
    for device in devices:
        got = [operator.take(f"dm/replies/{device.id}")["id"] for _ in ids[device.id]]
        assert got == ids[device.id]
        device.close()
    operator.close()
    server.stop()
