"""Sessions that must end or may not begin: duels over an id, floods, tokens that run out."""

import re
import time

from harness.waiting import wait_for


def test_more_than_five_take_overs_in_a_minute_turn_newcomers_away(connect, device_id):
    holder = connect(device_id)
    for _ in range(5):
        newer = connect(device_id)
        assert holder.closed()[0] == 4001
        holder = newer
    delays = []
    for _ in range(3):
        newcomer = connect(device_id, welcomed=False)
        code, reason = newcomer.closed()
        assert code == 1013
        delays.append(int(re.search(r"retry_after_ms=(\d+)", reason)[1]))
    assert delays[0] < delays[1] < delays[2] <= 60_000
    holder.sync()  # who holds the id keeps it


def test_a_flood_of_frames_is_closed_with_4005(device):
    for _ in range(5000):
        if not device.is_open():
            break
        device.send_quietly('{"type":"heartbeat"}')
    code, reason = device.closed()
    assert (code, reason.split()[0]) == (4005, "rate_limit")


def test_a_renewed_token_is_confirmed_with_its_expiry(connect, keys, device_id):
    device = connect(device_id, token_options={"exp": int(time.time()) + 300})
    exp = int(time.time()) + 3000
    device.send(type="token", jwt=keys.token(device_id, exp=exp))
    expiry = device.next("token_ok")["expires_at"]
    assert expiry[:19] == time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(exp))


def test_a_bad_renewal_is_told_and_the_old_token_stays(connect, keys, device_id):
    device = connect(device_id)
    for jwt in ("nonsense", keys.token(device_id + "-other"), keys.token(device_id, exp=1),
                keys.token(device_id, kid="nobody")):
        device.send(type="token", jwt=jwt)
        assert device.next("error")["code"] == "token_rejected"
    device.sync()


def test_a_certificate_session_has_nothing_to_renew(connect, keys, device_id):
    keys.make(device_id)
    device = connect(device_id, headers={}, tls=keys.tls(device_id))
    device.send(type="token", jwt=keys.token(device_id))
    assert device.next("error")["code"] == "token_rejected"
    device.sync()


def test_an_expired_token_ends_the_session_after_the_grace_unless_renewed(
        connect, keys, device_id, operator):
    # Sixty seconds of grace: these are accepted within the clock skew and have ten left.
    expiring = connect(f"{device_id}-1", token_options={"exp": int(time.time()) - 50})
    renewing = connect(f"{device_id}-2", token_options={"exp": int(time.time()) - 50})
    renewing.send(type="token", jwt=keys.token(renewing.id))
    renewing.next("token_ok")
    code, reason = expiring.closed()
    assert (code, reason.split()[0]) == (4003, "token_expired")
    assert operator.presence(expiring.id, online=False)
    renewing.sync()


def test_sessions_that_ended_are_not_counted_any_more(server):
    wait_for(lambda: server.metric("dm_sessions") == 0, "no session to be left")
