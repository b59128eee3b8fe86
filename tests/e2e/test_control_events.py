"""control: server-sent events, and what becomes of their readers."""

import socket

from harness.control import Control
from harness.waiting import PATIENCE_S, wait_for


def test_what_a_device_does_is_an_event(control, connect, device_id):
    stream = control.stream("GET", f"/v1/devices/{device_id}/events").wait_until_positioned()
    device = connect(device_id)
    assert stream.next("presence")["json"]["online"] is True
    device.send(type="telemetry", channel="power", data={"watts": 7})
    assert stream.next("telemetry")["json"]["data"] == {"watts": 7}
    device.send(type="alert", severity="warning", message="hot")
    assert stream.next("alert")["json"]["message"] == "hot"
    device.close()
    assert stream.next("presence")["json"]["online"] is False


def test_a_command_by_mqtt_is_seen_with_its_states_and_its_end(control, known, operator):
    stream = control.stream("GET", "/v1/events").wait_until_positioned()
    id_ = operator.command(known.id)
    known.answer()
    states = []
    while "succeeded" not in states:
        event = stream.next()
        if event["json"].get("id") == id_:
            states.append(event["json"]["state"])
    assert states[0] == "accepted"


def test_a_reader_resumes_where_it_was_without_gap_or_repetition(control, known):
    path = f"/v1/devices/{known.id}/events"
    stream = control.stream("GET", path).wait_until_positioned()
    for number in range(5):
        known.send(type="telemetry", channel="n", data=number)
    assert [stream.next("telemetry")["json"]["data"] for _ in range(3)] == [0, 1, 2]
    seen = [e for e in [stream.next("telemetry")]][0]
    stream.close()
    for number in range(5, 8):
        known.send(type="telemetry", channel="n", data=number)
    again = control.stream("GET", path, headers={"Last-Event-ID": seen["id"]})
    assert [again.next()["json"]["data"] for _ in range(4)] == [4, 5, 6, 7]


def test_on_another_instance_the_first_event_is_reset(stack, control, controls):
    mark = control.stream("GET", "/v1/events").wait_until_positioned().last_id
    other = controls(stack.broker.url).start()
    stream = other.stream("GET", "/v1/events", headers={"Last-Event-ID": mark})
    first = stream.next()
    assert first["event"] == "reset"
    assert first["json"]["reason"] == "other_instance"
    other.stop()


def test_a_lost_broker_is_told_as_reset(servers, controls):
    broker = servers.broker().start()
    control = controls(broker.url).start()
    stream = control.stream("GET", "/v1/events").wait_until_positioned()
    broker.crash()
    wait_for(lambda: control.get("/v1/devices").status == 503, "503 while the broker is away")
    assert control.get("/v1/devices").problem()["code"] == "no_broker"
    assert control.readyz().startswith("degraded")
    broker.start()
    assert stream.next("reset")["json"]["reason"] in ("reconnected", "session_lost")
    control.stop()


def test_many_readers_that_vanish_leave_nothing_behind(control, known):
    wait_for(lambda: control.metric("dm_control_exchanges") <= 1, "a quiet instance")
    before = control.metric("process_open_fds")
    for _ in range(10):
        readers = []
        for _ in range(30):
            reader = socket.create_connection(("127.0.0.1", control.port), PATIENCE_S)
            reader.sendall(f"GET /v1/devices/{known.id}/events HTTP/1.1\r\nHost: h\r\n"
                           f"Authorization: Bearer {control.tokens['viewer']}\r\n\r\n".encode())
            readers.append(reader)
        for reader in readers:
            assert reader.recv(1000).startswith(b"HTTP/1.1 200 OK")
        for number, reader in enumerate(readers):
            if number % 2:  # a reset instead of a farewell
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            reader.close()
    wait_for(lambda: control.metric("dm_control_followers") == 0, "every reader to be forgotten")
    wait_for(lambda: control.metric("process_open_fds") <= before + 1, "descriptors to be closed")


def test_a_slow_reader_is_cut_off_and_nobody_else_waits_for_it(control, known):
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect(("127.0.0.1", control.port))
    slow.sendall(f"GET /v1/devices/{known.id}/events HTTP/1.1\r\nHost: h\r\n"
                 f"Authorization: Bearer {control.tokens['viewer']}\r\n\r\n".encode())
    quick = control.stream("GET", f"/v1/devices/{known.id}/events").wait_until_positioned()
    for number in range(40):
        known.send(type="telemetry", channel="n", data=[number, "x" * 30000])
        assert quick.next("telemetry")["json"]["data"][0] == number
    quick.close()
    wait_for(lambda: control.metric("dm_control_followers") == 0, "the slow reader to be cut off")
    slow.close()


def test_tokens_are_read_again_when_their_file_changes(stack, controls):
    control = controls(stack.broker.url).start()
    assert control.get("/v1/events", token="x" * 43).status == 401
    token = control.add_token("late", "viewer")
    wait_for(lambda: "reloaded" in control.program.text(), "the new tokens")
    stream = control._request("GET", "/v1/events", None, None, None, token)[1]
    assert stream.status == 200
    removed = Control.run("tokens", "remove", "late", "--auth.operator_tokens",
                          control.tokens_file)
    assert removed.returncode == 0
    wait_for(lambda: control.get("/v1/nowhere", token=token).status == 404
             and control.request("DELETE", "/v1/devices/a/session", token=token).status == 401,
             "the token to be gone")
    control.stop()


def test_sigterm_ends_streams_and_calls_and_exits_0(stack, controls, connect):
    control = controls(stack.broker.url, drain__deadline_s=1).start()
    device = control.connected(connect, "draining-1")
    stream = control.stream("GET", "/v1/events").wait_until_positioned()
    call = control.call(device.id)
    call.next("accepted")
    control.stop()
    assert stream.rest() is not None
    assert call.rest()[-1]["event"] == "error"
