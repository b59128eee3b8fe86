"""ttl_s, timeout_s, and devices that are away or late."""

from harness.waiting import wait_for


def test_a_command_for_an_offline_device_waits_and_is_delivered_on_connect(
        connect, device_id, operator):
    ids = [operator.command(device_id, args={"n": n}) for n in range(3)]
    for id_ in ids:
        operator.accepted(device_id, id_)
    device = connect(device_id)
    assert [device.answer()["args"]["n"] for _ in ids] == [0, 1, 2]
    for id_ in ids:
        assert operator.outcome(device_id, id_)["state"] == "succeeded"


def test_a_command_that_waits_longer_than_its_ttl_expires(connect, device_id, operator):
    id_ = operator.command(device_id, ttl_s=1)
    operator.accepted(device_id, id_)
    message = operator.outcome(device_id, id_)
    assert message["state"] == "expired"
    assert message["attempts"] == 0
    assert message["error"]["code"]
    device = connect(device_id)
    device.sync()
    assert device.received("command") == []


def test_waiting_behind_the_window_counts_for_the_ttl(device, device_id, operator):
    blockers = [operator.command(device_id, "block") for _ in range(16)]
    late = operator.command(device_id, "late", ttl_s=1)
    assert operator.outcome(device_id, late)["state"] == "expired"
    for _ in blockers:
        assert device.answer()["command"] == "block"
    device.sync()
    assert device.received("command") == []


def test_no_reply_in_time_is_timed_out(device, device_id, operator):
    id_ = operator.command(device_id, timeout_s=1)
    command = device.next("command")
    assert command["expires_in_ms"] <= 1000
    message = operator.outcome(device_id, id_)
    assert message["state"] == "timed_out"
    assert message["attempts"] == 1
    assert message["latency_ms"] >= 1000
    assert message["error"]["code"]


def test_a_late_reply_is_told_as_late_and_changes_nothing(device, device_id, operator):
    id_ = operator.command(device_id, timeout_s=1)
    command = device.next("command")
    assert operator.outcome(device_id, id_)["state"] == "timed_out"
    device.reply(command, "ok", data={"too": "late"})
    device.next("reply_ack", id=id_, result="late")
    late = operator.state(device_id, id_, "late")
    assert late["data"] == {"too": "late"}
    assert operator.seen(f"dm/replies/{device_id}") == []


def test_a_sent_command_times_out_also_when_the_device_is_gone_by_then(
        connect, device_id, operator):
    device = connect(device_id)
    id_ = operator.command(device_id, timeout_s=3)
    command = device.next("command")
    device.ack(command)
    operator.state(device_id, id_, "delivered")
    device.close()
    assert operator.outcome(device_id, id_)["state"] == "timed_out"


def test_a_reply_after_a_reconnect_counts(connect, device_id, operator):
    device = connect(device_id)
    id_ = operator.command(device_id)
    command = device.next("command")
    device.ack(command)
    operator.state(device_id, id_, "delivered")
    device.abort()
    device = connect(device_id)
    device.reply(command, data="done meanwhile")
    device.next("reply_ack", id=id_, result="stored")
    assert operator.outcome(device_id, id_)["data"] == "done meanwhile"


def test_a_redelivery_does_not_move_the_deadline(connect, device_id, operator):
    device = connect(device_id)
    id_ = operator.command(device_id, timeout_s=20)
    first = device.next("command")
    device.abort()
    device = connect(device_id)
    second = device.next("command", id=id_)
    assert second["attempt"] == 2
    assert second["expires_at"] == first["expires_at"]
    assert second["expires_in_ms"] < first["expires_in_ms"]
    device.reply(second)
    message = operator.outcome(device_id, id_)
    assert (message["state"], message["attempts"]) == ("succeeded", 2)


def test_ttl_zero_for_a_connected_device_is_delivered_now(device, device_id, operator):
    id_ = operator.command(device_id, ttl_s=0)
    device.answer()
    assert operator.outcome(device_id, id_)["state"] == "succeeded"


def test_a_device_that_never_existed_expires_like_any_other(device_id, operator):
    id_ = operator.command(device_id, ttl_s=1)
    assert operator.outcome(device_id, id_)["state"] == "expired"


def test_nothing_is_left_waiting(server):
    wait_for(lambda: server.metric("dm_commands_waiting") == 0, "an empty waiting room")
