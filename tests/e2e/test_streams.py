"""Messages of streams to the sessions that subscribed."""

import uuid

import pytest


@pytest.fixture
def stream():
    return f"s-{uuid.uuid4().hex[:12]}"


def subscribe(device, *streams):
    device.send(type="subscribe", streams=list(streams))
    device.sync()


@pytest.fixture
def publish(operator, connect, device_id):
    """Publishes to a stream, and returns when the server has dealt with what devices said before."""

    def do(path, data, barrier):
        # An alert goes the way that subscriptions go: when it is out, they are in.
        barrier.send(type="alert", severity="info", message="here")
        operator.take(f"dm/alerts/{barrier.id}", message="here")
        operator.publish(f"dm/streams/{path}", {"data": data})

    return do


@pytest.mark.parametrize("codec", ["json", "cbor"])
def test_a_public_stream_reaches_who_subscribed(connect, device_id, publish, stream, codec):
    readers = [connect(f"{device_id}-{n}", codec=codec) for n in range(2)]
    other = connect(device_id, codec=codec)
    for reader in readers:
        subscribe(reader, f"public.{stream}", "public.other")
    publish(f"public/{stream}", {"celsius": -3.5}, readers[-1])
    for reader in readers:
        message = reader.next("message")
        assert message["stream"] == f"public.{stream}"
        assert message["data"] == {"celsius": -3.5}
        assert "group" not in message
    other.sync()
    assert not other.received("message")


def test_a_private_stream_reaches_its_user_only(connect, device_id, publish, stream):
    user, other = connect(f"{device_id}:1"), connect(device_id)
    for device in (user, other):
        subscribe(device, f"private.{stream}")
    publish(f"private/{user.id}/{stream}", 1, other)
    assert user.next("message")["stream"] == f"private.{stream}"
    other.sync()
    assert not other.received("message")


def test_the_form_with_event_and_unsubscribe(device, publish, stream):
    device.send(event="subscribe", streams=[f"public.{stream}"])
    publish(f"public/{stream}", 1, device)
    assert device.next("message")["data"] == 1
    device.send(event="unsubscribe", streams=[f"public.{stream}"])
    publish(f"public/{stream}", 2, device)
    subscribe(device, f"public.{stream}-3")
    publish(f"public/{stream}-3", 3, device)
    assert device.next("message")["data"] == 3


def test_subscriptions_end_with_the_session(connect, device_id, publish, stream):
    first = connect(device_id)
    subscribe(first, f"public.{stream}")
    second = connect(device_id)
    first.closed()
    publish(f"public/{stream}", 1, second)
    subscribe(second, f"public.{stream}-2")
    publish(f"public/{stream}-2", 2, second)
    assert second.next("message")["data"] == 2


def test_too_many_subscriptions_are_refused(device, stream):
    for start in range(0, 64, 32):
        device.send(type="subscribe", streams=[f"public.{stream}-{n}"
                                               for n in range(start, start + 32)])
    device.send(type="subscribe", streams=[f"public.{stream}"])
    error = device.next("error")
    assert error["code"] == "not_allowed"
    assert stream in error["message"]


def test_what_cannot_be_read_is_counted(server, device, publish, stream):
    subscribe(device, f"public.{stream}")
    before = server.metric('dm_broker_messages_total{kind="unreadable"}')
    publish("public/-", 1, device)
    publish(f"public/{stream}", 2, device)
    assert device.next("message")["data"] == 2
    assert server.metric('dm_broker_messages_total{kind="unreadable"}') == before + 1
