"""control: commands over HTTP and what comes of them."""

import concurrent.futures

import pytest
from harness.waiting import wait_for


def answer_next(device, **fields):
    """Answers the device's next command on another thread."""
    return concurrent.futures.ThreadPoolExecutor(1).submit(device.answer, **fields)


def test_a_command_waits_for_the_devices_reply(control, known):
    answered = answer_next(known, data={"on": True})
    done = control.command(known.id, "set", args={"on": True})
    assert done.status == 200
    assert done.json["state"] == "succeeded"
    assert done.json["data"] == {"on": True}
    assert done.json["device"] == known.id
    command = answered.result()
    assert command["args"] == {"on": True}
    assert done.json["id"] == command["id"]


def test_a_stream_tells_every_state_and_then_the_reply(control, known):
    stream = control.call(known.id, "set")
    command = known.next("command")
    assert stream.next()["event"] == "accepted"
    known.ack(command)
    assert stream.next("delivered")["json"]["state"] == "delivered"
    known.send_raw(f'{{"type":"reply","id":"{command["id"]}","status":"ok","data":[1,2.50]}}')
    assert '"data":[1,2.50]' in stream.next("succeeded")["data"]
    assert [e["event"] for e in stream.rest()] in ([], ["sent"])


def test_a_failure_of_the_device_is_a_result(control, known):
    answered = answer_next(known, status="error", data="stuck")
    done = control.command(known.id)
    answered.result()
    assert done.status == 200
    assert done.json["state"] == "failed"


def test_provision_queues_for_a_device_that_was_never_connected(control, connect):
    done = control.command("comes-later", query="?provision=true",
                           headers={"Prefer": "respond-async"}, ttl_s=100)
    assert done.status == 202
    assert done.json["state"] == "accepted"
    device = connect("comes-later")
    assert device.answer()["id"] == done.json["id"]


def test_a_wait_that_is_over_is_202_and_the_command_goes_on(control, known):
    done = control.command(known.id, headers={"Prefer": "wait=1"})
    assert done.status == 202
    command = known.next("command")
    known.reply(command)
    known.next("reply_ack", result="stored")


def test_a_command_that_is_not_answered_is_504(control, known):
    done = control.command(known.id, timeout_s=1)
    assert done.status == 504
    problem = done.problem()
    assert problem["code"] == "timed_out"
    assert problem["outcome"]["state"] == "timed_out"


def test_an_offline_device_with_ttl_0_is_409(control, known, operator):
    known.close()
    operator.presence(known.id, online=False)
    assert control.command(known.id, ttl_s=0).problem()["code"] == "device_offline"


def test_an_idempotency_key_is_the_id_and_executes_once(control, known):
    headers = {"Idempotency-Key": "key-1"}
    answered = answer_next(known, data=1)
    first = control.command(known.id, "once", headers=headers)
    answered.result()
    second = control.command(known.id, "once", headers=headers)
    assert (first.status, second.status) == (200, 200)
    assert first.body == second.body
    assert first.json["id"] == "key-1"
    assert not known.received("command")
    other = control.command(known.id, "twice", headers=headers)
    assert other.status == 409
    assert other.problem()["code"] == "id_conflict"
    differs = control.command(known.id, "once", headers=headers, id="key-2")
    assert differs.status == 400
    assert differs.problem()["field"] == "id"


@pytest.mark.parametrize("body, field", [
    ({"args": {}}, "command"),
    ({"command": "set", "args": []}, "args"),
    ({"command": "set", "ttl_s": -1}, "ttl_s"),
    ({"command": "set", "timeout_s": 301}, "timeout_s"),
    ({"command": "set", "id": ""}, "id"),
    ({"command": ""}, "command"),
])
def test_a_bad_field_is_named(control, known, body, field):
    refused = control.request("POST", f"/v1/devices/{known.id}/commands", body)
    assert refused.status == 400
    assert refused.problem()["field"] == field


def test_a_caller_that_leaves_costs_nothing_and_its_command_goes_on(control, known):
    stream = control.call(known.id)
    command = known.next("command")
    stream.next("accepted")
    stream.close()
    wait_for(lambda: control.metric("dm_control_calls_open") == 0, "the call to be forgotten")
    known.reply(command)
    known.next("reply_ack", result="stored")


def test_the_author_is_in_the_audit_log(control, known):
    answered = answer_next(known)
    done = control.command(known.id, "audited")
    answered.result()
    line = wait_for(lambda: [line for line in control.program.text().splitlines()
                             if "command_requested" in line and done.json["id"] in line],
                    "an audit line")[0]
    assert "operator=operator-1" in line
    assert f"device={known.id}" in line
    assert "command=audited" in line


def test_replies_reach_their_own_caller_however_many_wait(control, connect):
    devices = [control.connected(connect, f"crowd-{i}") for i in range(5)]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        def call(number):
            device = devices[number % 5]
            return device.id, control.command(device.id, "echo", args={"n": number})

        calls = [pool.submit(call, n) for n in range(50)]
        for device in devices:
            for _ in range(10):
                command = device.next("command")
                device.reply(command, data={"device": device.id, "n": command["args"]["n"]})
        for number, pending in enumerate(calls):
            device_id, done = pending.result()
            assert done.status == 200, done.body
            assert done.json["data"] == {"device": device_id, "n": number}
    assert control.metric("dm_control_crossed_replies_total") == 0


def test_the_origins_shape_gets_the_reply_itself(control, known):
    for path in ("/device", "/devices"):
        answered = answer_next(known, data="AQD/AA==")
        stream = control.stream("POST", path, {"destination": known.id, "command": "turn_on",
                                               "args": {"level": "3"}})
        command = answered.result()
        assert command["args"] == {"level": "3"}
        (event,) = stream.rest()
        assert "event" not in event
        assert event["json"]["transactionId"] == command["id"]
        assert event["json"]["status"] == "ok"
        assert event["json"]["data"] == "AQD/AA=="