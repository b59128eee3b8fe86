"""Order, window, redelivery, at_most_once, cancel."""

SERVER_CONFIG = {"commands.window": 4}


def test_commands_arrive_in_the_order_of_acceptance(device, device_id, operator):
    for n in range(50):
        operator.command(device_id, args={"n": n})
    assert [device.answer()["args"]["n"] for _ in range(50)] == list(range(50))


def test_at_most_a_window_of_commands_is_unanswered(device, device_id, operator):
    ids = [operator.command(device_id, args={"n": n}) for n in range(6)]
    for id_ in ids:
        operator.accepted(device_id, id_)
    first = [device.next("command") for _ in range(4)]
    device.ack(first[1])  # an ack frees no place
    device.sync()
    assert device.received("command") == []
    device.reply(first[2])
    assert device.next("command")["args"]["n"] == 4
    device.sync()
    assert device.received("command") == []
    for command in first[:2] + first[3:]:
        device.reply(command)
    assert device.next("command")["args"]["n"] == 5


def test_what_was_not_acknowledged_is_sent_again_ahead_of_younger_ones(
        connect, device_id, operator):
    device = connect(device_id)
    ids = [operator.command(device_id, args={"n": n}) for n in range(6)]
    commands = [device.next("command") for _ in range(4)]
    device.ack(commands[1])
    operator.state(device_id, ids[1], "delivered")
    device.abort()

    device = connect(device_id)
    # The acknowledged one keeps its place in the window, so one of the two younger waits.
    again = [device.next("command") for _ in range(3)]
    assert [(c["args"]["n"], c["attempt"]) for c in again] == [(0, 2), (2, 2), (3, 2)]
    device.reply(commands[1])
    following = [device.answer()["args"]["n"] for _ in range(1)]
    assert following == [4]
    for command in again:
        device.reply(command)
    assert device.answer()["args"]["n"] == 5
    attempts = {n: operator.outcome(device_id, id_)["attempts"] for n, id_ in enumerate(ids)}
    assert attempts == {0: 2, 1: 1, 2: 2, 3: 2, 4: 1, 5: 1}


def test_a_take_over_redelivers_as_well(connect, device_id, operator):
    old = connect(device_id)
    id_ = operator.command(device_id)
    old.next("command")
    new = connect(device_id)
    command = new.next("command", id=id_)
    assert command["attempt"] == 2
    new.reply(command)
    assert operator.outcome(device_id, id_)["state"] == "succeeded"


def test_at_most_once_is_never_sent_again(connect, device_id, operator):
    device = connect(device_id)
    id_ = operator.command(device_id, delivery="at_most_once")
    device.next("command", id=id_)
    device.abort()
    message = operator.outcome(device_id, id_)
    assert message["state"] == "failed"
    assert message["error"]["code"] == "outcome_unknown"
    device = connect(device_id)
    device.sync()
    assert device.received("command") == []


def test_at_most_once_survives_a_lost_session_after_its_ack(connect, device_id, operator):
    device = connect(device_id)
    id_ = operator.command(device_id, delivery="at_most_once")
    command = device.next("command")
    device.ack(command)
    operator.state(device_id, id_, "delivered")
    device.abort()
    device = connect(device_id)
    device.reply(command)
    device.next("reply_ack", id=id_, result="stored")
    assert operator.outcome(device_id, id_)["state"] == "succeeded"


def test_a_waiting_command_can_be_cancelled(connect, device_id, operator):
    id_ = operator.command(device_id)
    operator.accepted(device_id, id_)
    operator.cancel(device_id, id_)
    message = operator.outcome(device_id, id_)
    assert message["state"] == "cancelled"
    assert message["attempts"] == 0
    device = connect(device_id)
    device.sync()
    assert device.received("command") == []


def test_a_sent_command_cannot_be_cancelled(device, device_id, operator):
    id_ = operator.command(device_id)
    command = device.next("command")
    operator.cancel(device_id, id_)
    waiting = operator.command(device_id)  # its cancellation shows that the first was handled
    device.next("command", id=waiting)
    device.reply(command)
    assert operator.outcome(device_id, id_)["state"] == "succeeded"


def test_a_cancelled_command_frees_its_place_in_the_queue(device, device_id, operator):
    blockers = [operator.command(device_id, "block") for _ in range(4)]
    middle, last = operator.command(device_id, "middle"), operator.command(device_id, "last")
    operator.accepted(device_id, last)
    operator.cancel(device_id, middle)
    assert operator.outcome(device_id, middle)["state"] == "cancelled"
    for _ in blockers:
        assert device.answer()["command"] == "block"
    assert device.answer()["command"] == "last"


def test_nonsense_on_the_cancel_topic_is_no_harm(device, device_id, operator):
    for payload in ("", "x", "[]", "{}", '{"id":1}', '{"id":"never"}'):
        operator.publish(f"dm/cancel/{device_id}", payload)
    operator.publish("dm/cancel/impossible device", {"id": "x"})
    id_ = operator.command(device_id)
    device.answer()
    assert operator.outcome(device_id, id_)["state"] == "succeeded"
