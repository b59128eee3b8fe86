"""The same id again: one execution, and an answer for whoever asks."""


def test_a_finished_command_is_not_executed_again_and_its_message_is_repeated(
        device, device_id, operator):
    content = {"id": "again-1", "args": {"a": 1}, "timeout_s": 20, "ttl_s": 40}
    operator.command(device_id, "set", **content)
    device.answer(data={"n": 1})
    first = operator.outcome(device_id, "again-1")
    operator.command(device_id, "set", **content)
    second = operator.outcome(device_id, "again-1")
    assert second.raw == first.raw
    assert second.user["message_id"] == first.user["message_id"]
    device.sync()
    assert device.received("command") == []


def test_the_repeater_is_answered_on_its_own_response_topic(device, device_id, operator):
    operator.command(device_id, id="again-2")
    device.answer()
    first = operator.outcome(device_id, "again-2")
    operator.command(device_id, id="again-2",
                     mqtt_options={"response_topic": "answers/mine", "correlation": b"mine"})
    second = operator.take("answers/mine", id="again-2")
    assert second.raw == first.raw
    assert second.correlation == b"mine"
    assert operator.seen(f"dm/replies/{device_id}") == []


def test_a_running_command_answers_its_repetition_with_accepted(device, device_id, operator):
    operator.command(device_id, id="running")
    operator.accepted(device_id, "running")
    command = device.next("command")
    operator.command(device_id, id="running",
                     mqtt_options={"response_topic": "answers/running", "correlation": b"r"})
    repeated = operator.take("answers/running", id="running", state="accepted")
    assert repeated.correlation == b"r"
    device.reply(command)
    operator.outcome(device_id, "running")
    device.sync()
    assert device.received("command") == []


def test_three_publishes_of_one_id_are_one_execution(device, device_id, operator):
    for _ in range(3):
        operator.command(device_id, id="thrice")
    device.answer()
    operator.outcome(device_id, "thrice")
    operator.command(device_id, id="after")
    assert device.answer()["id"] == "after"


def test_another_content_under_the_same_id_is_a_conflict(device, device_id, operator):
    operator.command(device_id, "set", id="taken", args={"a": 1})
    for running in (True, False):
        for other in ({"args": {"a": 2}}, {"args": {"a": 1}, "timeout_s": 29},
                      {"args": {"a": 1}, "ttl_s": 59}):
            operator.command(device_id, "set", id="taken", **other)
            rejected = operator.take(f"dm/replies/{device_id}", id="taken", state="rejected")
            assert rejected["error"]["code"] == "id_conflict"
            assert rejected.user["type"] == "rejection"
        operator.command(device_id, "get", id="taken", args={"a": 1})
        operator.take(f"dm/replies/{device_id}", id="taken", state="rejected")
        if running:
            device.answer()
            operator.take(f"dm/replies/{device_id}", id="taken", state="succeeded")


def test_one_id_for_two_devices_is_two_commands(connect, device_id, operator):
    devices = [connect(f"{device_id}-{n}") for n in range(2)]
    for device in devices:
        operator.command(device.id, id="shared", args={"for": device.id})
    for device in devices:
        assert device.answer()["args"] == {"for": device.id}
        assert operator.outcome(device.id, "shared")["state"] == "succeeded"


def test_a_rejected_id_is_free_for_a_better_command(device, device_id, operator):
    operator.publish(f"dm/commands/{device_id}", {"id": "second-try", "args": {}})
    assert operator.outcome(device_id, "second-try")["state"] == "rejected"
    operator.command(device_id, id="second-try")
    device.answer()
    assert operator.outcome(device_id, "second-try")["state"] == "succeeded"


def test_a_byte_identical_publish_is_the_same_command(device, device_id, operator):
    payload = '{"command":"set","id":"text","args":{"b":1,"a":[true,null]}}'
    for _ in range(2):
        operator.publish(f"dm/commands/{device_id}", payload)
    device.answer()
    operator.outcome(device_id, "text")
    device.sync()
    assert device.received("command") == []
