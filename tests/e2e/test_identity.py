"""Who may connect: certificate, token, Basic; each with both codecs; and who may not."""

import ssl
import subprocess

import pytest
import websockets
from harness.device import Device
from harness.keys import Keys
from harness.processes import BIN


def refusal(server, device_id, **options):
    """The HTTP status of an upgrade that must be refused."""
    opens = server.metric("dm_session_opens_total")
    with pytest.raises(websockets.InvalidStatusCode) as caught:
        Device(server, device_id, **options)
    assert server.metric("dm_session_opens_total") == opens, "a session existed before 101"
    return caught.value.status_code


def credentials_of(method, keys, device_id):
    """Options of Device for one method of identification."""
    if method == "certificate":
        keys.make(device_id)
        return {"headers": {}, "tls": keys.tls(device_id)}
    if method == "header":
        return {"headers": keys.bearer(device_id)}
    return {"headers": {}, "query": f"?{method}={keys.token(device_id)}"}


@pytest.mark.parametrize("codec", ["json", "cbor"])
@pytest.mark.parametrize("method", ["certificate", "header", "access_token", "auth_header"])
def test_an_identity_opens_a_session_that_works(connect, keys, operator, device_id, method, codec):
    device = connect(device_id, welcomed=False, codec=codec,
                     **credentials_of(method, keys, device_id))
    assert device.socket.subprotocol == f"dm.v1.{codec}"
    welcome = device.welcome()
    assert welcome["device"] == device_id
    assert ("expires_at" in welcome) == (method != "certificate")
    id_ = operator.command(device_id, "blink", args={"times": 3})
    command = device.answer(data={"blinked": 3})
    assert (command["command"], command["args"]) == ("blink", {"times": 3})
    outcome = operator.outcome(device_id, id_)
    assert (outcome["state"], outcome["data"]) == ("succeeded", {"blinked": 3})


def test_no_subprotocol_means_json(connect, device_id):
    device = connect(device_id, subprotocols=[])
    assert device.socket.subprotocol is None
    device.sync()


def test_a_known_subprotocol_is_picked_from_many(connect, device_id):
    device = connect(device_id, codec="cbor", subprotocols=["mqtt", "dm.v1.cbor"])
    assert device.socket.subprotocol == "dm.v1.cbor"


def test_only_unknown_subprotocols_are_refused(server, device_id):
    assert refusal(server, device_id, subprotocols=["dm.v2.json", "mqtt"]) == 400


def test_several_identities_that_agree_are_one(connect, keys, device_id):
    keys.make(device_id)
    device = connect(device_id, tls=keys.tls(device_id), query=f"?access_token={keys.token(device_id)}")
    device.sync()


def test_nothing_presented_is_401(server, device_id):
    assert refusal(server, device_id, headers={}) == 401


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Digest x",
                                   "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "bearer\t"])
def test_nonsense_in_authorization_is_401(server, device_id, value):
    assert refusal(server, device_id, headers={"Authorization": value}) == 401


def test_an_unknown_basic_identity_is_401(server, keys, device_id):
    assert refusal(server, device_id, headers=keys.basic(device_id, "x" * 43)) == 401


def test_a_certificate_and_a_token_that_disagree_are_401(server, keys, device_id):
    keys.make(device_id)
    assert refusal(server, device_id, tls=keys.tls(device_id),
                   headers=keys.bearer(device_id + "-other")) == 401


def test_two_tokens_that_disagree_are_401(server, keys, device_id):
    assert refusal(server, device_id, headers=keys.bearer(device_id),
                   query=f"?access_token={keys.token(device_id + '-other')}") == 401


def test_a_certificate_of_another_ca_ends_in_a_tls_alert(server, keys, workspace, device_id):
    strangers = Keys(workspace / f"strangers-{device_id}")
    strangers.make(device_id)
    context = keys.tls()
    name = strangers.folder / "clients" / device_id
    context.load_cert_chain(f"{name}.pem", f"{name}.key")
    # In TLS 1.3 the alert arrives with the client's first read.
    with pytest.raises((ssl.SSLError, ConnectionError, websockets.InvalidMessage)):
        Device(server, device_id, headers={}, tls=context)


@pytest.mark.parametrize("subject", ["bad id", "a/b", "a+b", "#", "$SYS", ".hidden", "x" * 65, "ä"])
def test_a_token_for_an_impossible_device_is_401(server, keys, subject):
    assert refusal(server, "x", headers=keys.bearer(subject)) == 401


def test_basic_identities_work_for_both_codecs(servers, keys, workspace):
    """Credentials are added by the program itself, which tells the secret once."""
    broker = servers.broker().start()
    secrets = {codec: keys.add_credential(f"basic-{codec}") for codec in ("json", "cbor")}
    server = servers.make(broker.url).start()
    for codec, secret in secrets.items():
        device = Device(server, f"basic-{codec}", codec=codec,
                        headers=keys.basic(f"basic-{codec}", secret))
        assert "expires_at" not in device.welcome()
        device.sync()
        device.close()
        assert refusal(server, f"basic-{codec}",
                       headers=keys.basic(f"basic-{codec}", secret[:-1] + "!")) == 401
        assert refusal(server, "other", headers=keys.basic("other", secret)) == 401
    server.stop()


def test_the_credentials_command_lists_and_removes(keys):
    def credentials(*arguments):
        return subprocess.run([BIN / "device-mgmt", "credentials", *arguments,
                               "--auth.credentials", keys.credentials],
                              capture_output=True, text=True)

    keys.add_credential("listed-1")
    assert "listed-1" in credentials("list").stdout.split()
    assert credentials("remove", "listed-1").returncode == 0
    assert "listed-1" not in credentials("list").stdout.split()
    assert credentials("remove", "listed-1").returncode != 0
    assert credentials("add", "has:colon").returncode != 0
