"""New certificates, keys and credentials without a restart."""

import signal
import socket
import subprocess
import time

import pytest
import websockets
from harness.device import Device
from harness.processes import BIN
from harness.waiting import PATIENCE_S, wait_for


@pytest.fixture
def server(servers, own_keys):
    servers.keys = own_keys
    running = servers.make(servers.broker().start().url).start()
    yield running
    running.stop()


def admitted(server, device_id, **options):
    """The session, or None as long as it is refused."""
    try:
        return Device(server, device_id, **options)
    except websockets.InvalidStatusCode:
        return None


def certificate(server):
    """What the server shows to a newcomer."""
    context = server.keys.tls()
    context.check_hostname = False
    context.verify_mode = 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as plain:
        with context.wrap_socket(plain) as connection:
            return connection.getpeercert(binary_form=True)


@pytest.mark.parametrize("told", ["by SIGHUP", "by the files' change"])
def test_a_new_credential_is_taken_and_sessions_stay(server, own_keys, told):
    staying = Device(server, "staying")
    staying.welcome()
    secret = own_keys.add_credential("newcomer")
    if told == "by SIGHUP":
        server.program.signal(signal.SIGHUP)
    headers = own_keys.basic("newcomer", secret)
    device = wait_for(lambda: admitted(server, "newcomer", headers=headers), "its admission")
    device.welcome()
    staying.sync()
    for session in (device, staying):
        session.close()


def test_a_removed_credential_ends_its_session(server, own_keys):
    secret = own_keys.add_credential("revoked")
    headers = own_keys.basic("revoked", secret)
    device = wait_for(lambda: admitted(server, "revoked", headers=headers), "its admission")
    staying = Device(server, "staying")
    for session in (device, staying):
        session.welcome()
    subprocess.run([BIN / "device-mgmt", "credentials", "remove", "revoked",
                    "--auth.credentials", own_keys.credentials], check=True)
    code, reason = device.closed()
    assert (code, reason.split()[0]) == (1008, "revoked")
    wait_for(lambda: admitted(server, "revoked", headers=headers) is None, "its refusal")
    staying.sync()
    staying.close()


def test_a_removed_key_ends_the_sessions_of_its_tokens(server, own_keys):
    options = {"kid": "shared", "algorithm": "HS256", "key": own_keys.hmac_secret}
    device = Device(server, "by-secret", token_options=options)
    staying = Device(server, "by-key")
    for session in (device, staying):
        session.welcome()
    (own_keys.folder / "jwt" / "shared.secret").unlink()
    assert device.closed()[0] == 1008
    staying.sync()
    staying.close()


def test_a_revoked_certificate_ends_its_session_and_no_other(server, own_keys):
    own_keys.make("revoked", "trusted")
    sessions = {name: Device(server, name, headers={}, tls=own_keys.tls(name))
                for name in ("revoked", "trusted")}
    sessions["by token"] = Device(server, "by-token")
    for session in sessions.values():
        session.welcome()
    own_keys.revoke("revoked")
    code, reason = sessions.pop("revoked").closed()
    assert (code, reason.split()[0]) == (1008, "revoked")
    for session in sessions.values():
        session.sync()
        session.close()


def test_with_another_client_ca_sessions_of_the_old_one_end(server, own_keys):
    own_keys.make("of-the-old-one")
    device = Device(server, "of-the-old-one", headers={}, tls=own_keys.tls("of-the-old-one"))
    staying = Device(server, "by-token")
    for session in (device, staying):
        session.welcome()
    (own_keys.folder / "client-ca.pem").unlink()
    own_keys.make("of-the-new-one")
    assert device.closed()[0] == 1008
    wait_for(lambda: server.metric("dm_last_reload_successful") == 1, "the new authority")
    newcomer = Device(server, "of-the-new-one", headers={}, tls=own_keys.tls("of-the-new-one"))
    newcomer.welcome()
    for session in (newcomer, staying):
        session.sync()
        session.close()


def test_a_new_certificate_is_shown_to_newcomers_and_sessions_stay(server, own_keys):
    device = Device(server, "staying")
    device.welcome()
    before = certificate(server)
    (own_keys.folder / "server.pem").unlink()
    own_keys.make()
    server.program.signal(signal.SIGHUP)
    wait_for(lambda: certificate(server) != before, "the new certificate")
    device.sync()
    newcomer = Device(server, "newcomer")
    newcomer.welcome()
    for session in (device, newcomer):
        session.close()


def test_broken_files_leave_the_old_ones_in_force(server, own_keys):
    before = certificate(server)
    (own_keys.folder / "server.pem").write_text("this is no certificate\n")
    server.program.signal(signal.SIGHUP)
    assert server.program.wait_for_log("reload_failed")
    assert server.metric("dm_last_reload_successful") == 0
    assert certificate(server) == before
    device = Device(server, "still-welcome")
    device.welcome()
    device.close()
    own_keys.make()  # good ones are taken without being told
    wait_for(lambda: server.metric("dm_last_reload_successful") == 1, "good files to be taken")


def test_a_certificate_that_ends_soon_is_told_before(server, own_keys):
    in_a_year = server.metric("dm_certificate_expires_timestamp_seconds")
    assert in_a_year > time.time() + 300 * 86400
    assert "certificate_expires_soon" not in server.program.text()
    subprocess.run(
        ["openssl", "x509", "-in", own_keys.folder / "server.pem", "-signkey",
         own_keys.folder / "server.key", "-days", "20", "-out", own_keys.folder / "short.pem"],
        check=True, capture_output=True)
    (own_keys.folder / "short.pem").rename(own_keys.folder / "server.pem")
    assert server.program.wait_for_log("certificate_expires_soon")
    soon = server.metric("dm_certificate_expires_timestamp_seconds")
    assert abs(soon - time.time() - 20 * 86400) < 86400
