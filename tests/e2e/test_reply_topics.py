"""Those who wait for outcomes: away for long, or not allowed to read where they want them."""

import pytest
from harness.device import Device
from harness.operator_client import Operator
from harness.waiting import wait_for

COMMANDS = 500


def test_a_consumer_that_was_away_gets_every_outcome_when_it_returns(servers):
    broker = servers.broker().start()
    server = servers.make(broker.url, session__max_frames_per_s=1000).start()
    Operator(broker, read=("dm/replies/#",), durable_id="consumer").close()
    publisher = Operator(broker, read=("dm/presence/#",))
    device = Device(server, "busy")
    device.welcome()
    sent = []
    for _ in range(COMMANDS // 50):  # as many at a time as may wait for one device
        sent += [publisher.command(device.id) for _ in range(50)]
        for _ in range(50):
            device.answer()
    wait_for(lambda: server.metric("dm_outbox_messages") == 0, "all outcomes to be published")
    consumer = Operator(broker, read=("dm/replies/#",), durable_id="consumer")
    for id_ in sent:
        assert consumer.outcome(device.id, id_)["state"] == "succeeded"
    assert consumer.seen() == []
    for client in (publisher, consumer, device):
        client.close()
    server.stop()


# A node may publish what it has to, and nothing to this topic.
RULES = """topic readwrite dm/#
topic readwrite $share/#
topic read answers/#
topic write answers/open
"""


@pytest.fixture
def strict_broker(servers):
    rules = servers.folder / "rules"
    rules.write_text(RULES)
    return servers.broker(extra=f"acl_file {rules}\n").start()


def test_what_the_broker_refuses_goes_to_the_reply_topic_and_blocks_nobody(servers, strict_broker):
    server = servers.make(strict_broker.url).start()
    operator = Operator(strict_broker, read=("dm/replies/#", "dm/status/#", "answers/#"))
    device = Device(server, "muted")
    device.welcome()
    refused = [operator.command(device.id, mqtt_options={"response_topic": "answers/forbidden"})
               for _ in range(5)]
    for id_ in refused:
        device.answer()
        assert operator.outcome(device.id, id_)["state"] == "succeeded"
    allowed = operator.command(device.id, mqtt_options={"response_topic": "answers/open"})
    device.answer()
    assert operator.take("answers/open", id=allowed, state="succeeded")
    assert server.readyz() == "ready"
    wait_for(lambda: server.metric("dm_outbox_messages") == 0, "nothing to be left in the outbox")
    for client in (operator, device):
        client.close()
    server.stop()
