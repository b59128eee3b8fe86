"""commands.window = 1: strictly one by one."""

SERVER_CONFIG = {"commands.window": 1, "commands.queue_per_device": 3}


def test_the_next_command_leaves_after_the_reply(device, device_id, operator):
    ids = [operator.command(device_id, args={"n": n}) for n in range(3)]
    for n in range(3):
        command = device.next("command")
        assert command["args"]["n"] == n
        device.sync()
        assert device.received("command") == []
        device.reply(command)
    for id_ in ids:
        assert operator.outcome(device_id, id_)["state"] == "succeeded"


def test_a_queue_at_its_bound_rejects(connect, device_id, operator):
    waiting = [operator.command(device_id) for _ in range(3)]
    for id_ in waiting:
        operator.accepted(device_id, id_)
    rejected = operator.outcome(device_id, operator.command(device_id))
    assert rejected["state"] == "rejected"
    assert rejected["error"]["code"] == "queue_full"
    device = connect(device_id)
    for id_ in waiting:
        device.answer()
        assert operator.outcome(device_id, id_)["state"] == "succeeded"
    after = operator.command(device_id)
    device.answer()
    assert operator.outcome(device_id, after)["state"] == "succeeded"


def test_ttl_zero_without_a_free_slot_is_busy(device, device_id, operator):
    first = operator.command(device_id)
    command = device.next("command")
    rejected = operator.outcome(device_id, operator.command(device_id, ttl_s=0))
    assert (rejected["state"], rejected["error"]["code"]) == ("rejected", "busy")
    device.reply(command)
    assert operator.outcome(device_id, first)["state"] == "succeeded"
    now = operator.command(device_id, ttl_s=0)
    device.answer()
    assert operator.outcome(device_id, now)["state"] == "succeeded"


def test_ttl_zero_for_an_offline_device_is_device_offline(device_id, operator):
    rejected = operator.outcome(device_id, operator.command(device_id, ttl_s=0))
    assert (rejected["state"], rejected["error"]["code"]) == ("rejected", "device_offline")


def test_a_timed_out_command_frees_the_window(device, device_id, operator):
    first = operator.command(device_id, timeout_s=1)
    second = operator.command(device_id)
    device.next("command", id=first)
    assert operator.outcome(device_id, first)["state"] == "timed_out"
    command = device.next("command", id=second)
    device.reply(command)
    assert operator.outcome(device_id, second)["state"] == "succeeded"
