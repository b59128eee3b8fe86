"""A session: welcome, life signs, hello, take-over, presence."""

import re
import time

from harness.waiting import wait_for

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_the_first_frame_is_a_complete_welcome(connect, device_id):
    before_ms = int(time.time() * 1000)
    exp = int(time.time()) + 500
    device = connect(device_id, welcomed=False, token_options={"exp": exp})
    welcome = device.welcome()
    assert welcome["device"] == device_id
    assert welcome["node"] == "node-1"
    assert before_ms - 1000 <= welcome["epoch"] < 2**53
    assert welcome["heartbeat_s"] == 20
    assert welcome["max_message_bytes"] == 65536
    assert TIME.fullmatch(welcome["time"])
    assert TIME.fullmatch(welcome["expires_at"])
    assert welcome["expires_at"][:19] == time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(exp))


def test_the_epoch_rises_with_every_session(connect, device_id):
    epochs = []
    for _ in range(4):
        device = connect(device_id, welcomed=False)
        epochs.append(device.welcome()["epoch"])
        device.close()
    assert epochs == sorted(set(epochs))


def test_a_heartbeat_is_answered_with_the_time(device):
    device.send(type="heartbeat")
    assert TIME.fullmatch(device.next("heartbeat")["time"])


def test_a_ping_is_answered(device):
    device.ping()
    assert device.is_open()


def test_empty_and_newline_frames_are_silent_life(device):
    device.send_raw("")
    device.send_raw("\n")
    device.sync()
    assert device.received() == []


def test_empty_and_newline_text_are_life_on_cbor_too(connect, device_id):
    device = connect(device_id, codec="cbor")
    device.send_raw("")
    device.send_raw("\n")
    device.sync()
    assert device.received() == []


def test_unknown_fields_are_ignored(device):
    device.send(type="heartbeat", colour="blue", nested={"a": [1, 2]})
    device.next("heartbeat")


def test_the_newest_session_wins(connect, device_id, operator):
    old = connect(device_id, welcomed=False)
    old_epoch = old.welcome()["epoch"]
    new = connect(device_id, welcomed=False)
    new_epoch = new.welcome()["epoch"]
    code, reason = old.closed()
    assert (code, reason.split()[0]) == (4001, "replaced")
    assert new_epoch > old_epoch
    operator.presence(device_id, online=True, epoch=new_epoch)

    # The old one's late close has not touched the new one.
    new.sync()
    id_ = operator.command(device_id)
    new.answer()
    assert operator.outcome(device_id, id_)["state"] == "succeeded"
    offline = [m for m in operator.seen(f"dm/presence/{device_id}") if not m["online"]]
    assert offline == []


def test_presence_is_retained_and_follows_the_session(connect, device_id, operators):
    device = connect(device_id, welcomed=False)
    epoch = device.welcome()["epoch"]
    reader = operators()
    online = reader.presence(device_id, online=True)
    assert online["epoch"] == epoch
    assert online["node"] == "node-1"
    assert online["device"] == device_id
    assert TIME.fullmatch(online["since"])
    device.close()
    offline = reader.presence(device_id, online=False)
    assert offline["epoch"] == epoch
    assert offline["reason"]
    late_reader = operators()
    last = late_reader.presence(device_id, online=False)
    assert last.retained and last["epoch"] == epoch


def test_hello_shows_in_presence(device, device_id, operator):
    device.send(type="hello", model="lamp-3", firmware="1.2.3", labels={"room": "kitchen"})
    shown = operator.presence(device_id, online=True, model="lamp-3")
    assert shown["firmware"] == "1.2.3"


def test_every_field_of_hello_is_optional(device):
    device.send(type="hello")
    device.sync()
    assert device.received("error") == []


def test_a_lost_connection_shows_in_presence(connect, device_id, operator):
    device = connect(device_id, welcomed=False)
    epoch = device.welcome()["epoch"]
    device.abort()
    assert operator.presence(device_id, online=False)["epoch"] == epoch


def test_sessions_are_counted(server, connect, device_id):
    opens = server.metric("dm_session_opens_total")
    takeovers = server.metric("dm_takeovers_total")
    connect(device_id)
    connect(device_id)
    wait_for(lambda: server.metric("dm_session_opens_total") == opens + 2, "two sessions more")
    wait_for(lambda: server.metric("dm_takeovers_total") == takeovers + 1, "one take-over more")
