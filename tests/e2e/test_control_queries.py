"""control: what only the nodes know – histories, the fleet, sessions, groups."""

import concurrent.futures

from harness.waiting import wait_for


def finished(control, device, **fields):
    """A command that has ended; its terminal message."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(device.answer, data=7)
        done = control.command(device.id, **fields)
    assert done.status == 200, done.body
    return done.json


def test_a_device_that_was_never_connected_is_not_found(control):
    refused = control.command("nobody-knows-me")
    assert refused.status == 404
    assert refused.problem()["code"] == "unknown_device"


def test_who_does_not_want_to_wait_is_told_where_to_ask(control, known):
    done = control.command(known.id, headers={"Prefer": "respond-async"})
    assert done.status == 202
    assert done.headers["location"] == f"/v1/devices/{known.id}/commands/{done.json['id']}"
    known.answer()
    wait_for(lambda: control.get(done.headers["location"]).json.get("state") == "succeeded",
             "the end of the command")


def test_the_origins_shape_tells_that_a_device_is_unknown(control):
    refused = control.request("POST", "/device", {"destination": "nobody", "command": "x"})
    assert refused.status == 404


def test_the_history_of_a_command_has_its_steps_and_its_author(control, known):
    end = finished(control, known)
    found = control.get(f"/v1/devices/{known.id}/commands/{end['id']}", role="viewer")
    assert found.status == 200
    command = found.json
    assert command["state"] == "succeeded"
    assert command["operator"] == "operator-1"
    assert command["terminal"] == end
    assert [step["state"] for step in command["history"]][0] == "accepted"
    assert [step["state"] for step in command["history"]][-1] == "succeeded"
    assert control.get(f"/v1/commands/{end['id']}").json == command


def test_a_command_that_nobody_knows_is_not_found(control, known):
    assert control.get(f"/v1/devices/{known.id}/commands/nothing").status == 404
    assert control.get("/v1/commands/nothing").status == 404
    assert control.request("DELETE", f"/v1/devices/{known.id}/commands/nothing").status == 404


def test_an_id_that_two_devices_have_is_ambiguous(control, connect, known):
    other = control.connected(connect, "ambiguous-2")
    for device in (known, other):
        finished(control, device, id="same")
    refused = control.get("/v1/commands/same")
    assert refused.status == 409
    assert {c["device"] for c in refused.problem()["commands"]} == {known.id, other.id}


def test_commands_are_listed_page_by_page(control, known):
    ids = [finished(control, known)["id"] for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = control.get(f"/v1/devices/{known.id}/commands?limit=2{cursor}").json
        seen += [c["id"] for c in page["commands"]]
        if "cursor" not in page:
            break
        cursor = f"&cursor={page['cursor']}"
    assert seen == ids[::-1]
    listed = control.get(f"/v1/devices/{known.id}/commands?state=succeeded&limit=1").json
    assert listed["commands"][0]["id"] == ids[-1]


def test_the_fleet_is_listed_and_filtered(control, connect):
    away = control.connected(connect, "fleet-away")
    control.connected(connect, "fleet-here")
    away.close()
    wait_for(lambda: control.get("/v1/devices/fleet-away").json["online"] is False, "offline")
    for query, devices in (("prefix=fleet-", ["fleet-away", "fleet-here"]),
                           ("prefix=fleet-&online=true", ["fleet-here"]),
                           ("prefix=fleet-&online=false", ["fleet-away"]),
                           ("prefix=fleet-&limit=1&cursor=fleet-away", ["fleet-here"])):
        listed = control.get(f"/v1/devices?{query}", role="viewer")
        assert listed.status == 200
        assert [d["device"] for d in listed.json["devices"]] == devices
    assert control.get("/v1/devices/nobody").status == 404


def test_a_command_that_waits_can_be_cancelled(control, known):
    known.close()
    wait_for(lambda: control.get(f"/v1/devices/{known.id}").json["online"] is False, "offline")
    waiting = control.command(known.id, headers={"Prefer": "respond-async"}, ttl_s=300)
    assert waiting.status == 202
    path = waiting.headers["location"]
    cancelled = control.request("DELETE", path)
    assert cancelled.status == 200
    assert cancelled.json["state"] == "cancelled"
    assert control.request("DELETE", path).json == cancelled.json


def test_a_command_that_was_sent_cannot_be_cancelled(control, known):
    sent = control.command(known.id, headers={"Prefer": "respond-async"})
    command = known.next("command")
    refused = control.request("DELETE", sent.headers["location"])
    assert refused.status == 409
    assert refused.problem()["code"] == "already_sent"
    known.reply(command)


def test_a_command_is_followed_on_any_instance_from_any_step(stack, control, controls, known):
    other = controls(stack.broker.url).start()
    sent = control.command(known.id, headers={"Prefer": "respond-async"})
    command = known.next("command")
    stream = other.stream("GET", sent.headers["location"])
    assert stream.next()["event"] == "accepted"
    known.ack(command)
    delivered = stream.next("delivered")
    known.reply(command, data="done")
    assert stream.next("succeeded")["json"]["data"] == "done"
    ids = [int(e["id"]) for e in stream.seen()]
    assert ids == sorted(ids)
    for instance in (control, other):
        rest = instance.stream("GET", sent.headers["location"],
                               headers={"Last-Event-ID": delivered["id"]}).rest()
        assert [e["event"] for e in rest] == ["succeeded"]
    other.stop()


def test_a_stream_that_broke_goes_on_as_one_that_follows(control, known):
    stream = control.call(known.id)
    id_ = stream.next("accepted")
    command = known.next("command")
    sent = stream.next("sent")
    stream.close()
    known.reply(command, data=1)
    path = f"/v1/devices/{known.id}/commands/{command['id']}"
    rest = control.stream("GET", path, headers={"Last-Event-ID": sent["id"]}).rest()
    assert [e["event"] for e in rest] == ["succeeded"]
    everything = control.stream("GET", path, headers={"Last-Event-ID": id_["id"]}).rest()
    assert everything[-1]["json"]["data"] == 1


def test_the_ids_of_a_stream_are_the_steps_of_the_history(control, known):
    for number in range(20):  # most of the steps fall into one millisecond
        options = {"delivery": "at_most_once"} if number % 2 else {}
        stream = control.call(known.id, **options)
        command = known.next("command")
        known.ack(command)
        known.reply(command)
        told = {e["event"]: int(e["id"]) for e in stream.rest()}
        assert "accepted" in told and "succeeded" in told
        path = f"/v1/devices/{known.id}/commands/{command['id']}"
        history = control.get(path).json["history"]
        steps = {step["state"]: step["seq"] for step in history}
        assert {state: steps[state] for state in told} == told
        following = [int(e["id"]) for e in control.stream("GET", path).rest()]
        assert following == [step["seq"] for step in history]
        for place, seq in enumerate(following):
            rest = control.stream("GET", path, headers={"Last-Event-ID": str(seq)}).rest()
            assert [int(e["id"]) for e in rest] == following[place + 1:]
    again = control.call(known.id, id="chosen")
    known.answer()
    first = [e["id"] for e in again.rest() if e["event"] == "accepted"]
    repeated = control.call(known.id, id="chosen").rest()
    assert [e["event"] for e in repeated] == ["succeeded"]
    assert len(first) == 1 and int(first[0]) < int(repeated[0]["id"])


def test_a_command_to_a_group_tells_the_outcome_of_each_device(control, connect):
    devices = [control.connected(connect, f"group-{i}", token_options={"groups": ["hall"]})
               for i in range(3)]
    stream = control.stream("POST", "/v1/broadcasts", {"group": "hall", "command": "off"})
    addressed = stream.next("addressed")["json"]
    assert sorted(addressed["devices"]) == [d.id for d in devices]
    for device in devices[:2]:
        device.answer()
    command = devices[2].next("command")
    devices[2].reply(command, "error")
    events = stream.rest()
    assert events[-1]["event"] == "end"
    summary = events[-1]["json"]
    assert (summary["why"], summary["addressed"], summary["succeeded"], summary["failed"]) == \
        ("complete", 3, 2, 1)


def test_a_message_to_a_group_tells_how_many_got_it(control, connect):
    device = control.connected(connect, "message-1", token_options={"groups": ["stairs"]})
    stream = control.stream("POST", "/v1/broadcasts", {"group": "stairs", "data": "hello"})
    assert device.next("message")["data"] == "hello"
    assert stream.next("sent")["json"]["sent"] == 1
    assert stream.rest()[-1]["json"]["why"] == "complete"


def test_a_group_that_nobody_knows_is_refused(control):
    refused = control.request("POST", "/v1/broadcasts", {"group": "nobody", "data": 1})
    assert refused.status == 422
    assert refused.problem()["code"] == "unknown_group"


def test_a_session_is_closed_and_the_device_may_come_back(control, connect, known):
    assert control.request("DELETE", f"/v1/devices/{known.id}/session", role="viewer").status == 403
    done = control.request("DELETE", f"/v1/devices/{known.id}/session")
    assert (done.status, done.body) == (204, b"")
    assert known.closed()[0] == 4004
    assert connect(known.id).is_open()
    refused = control.request("DELETE", "/v1/devices/nobody/session")
    assert refused.status == 404
