"""TLS sessions that devices resume by ticket: at other nodes, over rotations of the keys, and never
past a check."""

import os
import socket
import ssl
import time

import pytest
from harness import raw_websocket as raw
from harness.waiting import PATIENCE_S, wait_for


@pytest.fixture
def nodes(servers, own_keys):
    """Makes servers that share a file of ticket keys, its content given; or none for None."""
    servers.keys = own_keys
    broker = servers.broker().start()
    file = own_keys.folder / "tickets.keys"

    def make(*names, keys=()):
        config = {}
        if keys:
            write(file, keys)
            config["listen__ticket_keys"] = str(file)
        return [servers.make(broker.url, node__name=name, **config).start() for name in names]

    make.file = file
    yield make
    for server in servers:
        server.stop()


def write(file, keys):
    """At once: no server reads half of it."""
    written = file.with_suffix(".new")
    written.write_bytes(b"".join(keys))
    written.rename(file)


def rotate(file, keys, servers):
    """Returns when all of them use the new file, which nobody tells them about."""
    before = [server.metric('dm_reloads_total{result="ok"}') for server in servers]
    write(file, keys)
    for server, count in zip(servers, before):
        wait_for(lambda: server.metric('dm_reloads_total{result="ok"}') > count, "the new keys")


class Comer:
    """A device's TLS: one context, whose sessions can be used again."""

    def __init__(self, keys, device, version, certificate=False):
        self.keys = keys
        self.device = device
        self.context = keys.tls(device if certificate else None)
        self.context.maximum_version = version
        self.headers = {} if certificate else keys.bearer(device)

    def come(self, server, ticket=None, headers=None):
        """(HTTP status, whether the TLS session was resumed, the new ticket)."""
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
        secured = self.context.wrap_socket(plain, server_hostname="localhost", session=ticket)
        request = raw.handshake("/v1/device", **(self.headers if headers is None else headers))
        with raw.Client(secured, request) as client:
            if client.status == 101:
                first, payload = client.read_frame()
                if first == raw.FINAL | 0x8:  # a close: revoked between the upgrade and the welcome
                    raise raw.Closed(reset=False)
                assert f'"device":"{self.device}"'.encode() in payload
            return client.status, secured.session_reused, secured.session


VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                                   ids=["1.2", "1.3"])


@VERSIONS
def test_a_device_resumes_at_a_node_with_the_same_ticket_keys(nodes, own_keys, device_id, version):
    first, second = nodes("node-1", "node-2", keys=[os.urandom(80)])
    stranger, = nodes("node-3")
    comer = Comer(own_keys, device_id, version)
    status, resumed, ticket = comer.come(first)
    assert (status, resumed) == (101, False)
    assert comer.come(second, ticket)[:2] == (101, True)
    assert comer.come(first, ticket)[:2] == (101, True)
    assert comer.come(stranger, ticket)[:2] == (101, False)


def test_a_device_resumes_after_a_restart(nodes, own_keys, device_id):
    server, = nodes("node-1", keys=[os.urandom(80)])
    comer = Comer(own_keys, device_id, ssl.TLSVersion.TLSv1_3)
    ticket = comer.come(server)[2]
    server.stop()
    server.start()
    assert comer.come(server, ticket)[:2] == (101, True)


@VERSIONS
def test_a_ticket_is_good_until_its_key_is_removed(nodes, own_keys, device_id, version):
    old, new = os.urandom(80), os.urandom(80)
    servers = nodes("node-1", "node-2", keys=[old])
    comer = Comer(own_keys, device_id, version)
    ticket = comer.come(servers[0])[2]
    rotate(nodes.file, [new, old], servers)
    status, resumed, newer = comer.come(servers[1], ticket)
    assert (status, resumed) == (101, True)
    rotate(nodes.file, [new], servers)
    assert comer.come(servers[1], ticket)[:2] == (101, False)
    assert comer.come(servers[0], newer)[:2] == (101, True)


def test_a_resumed_session_proves_no_identity_but_the_certificates(nodes, own_keys, device_id):
    server, = nodes("node-1", keys=[os.urandom(80)])
    comer = Comer(own_keys, device_id, ssl.TLSVersion.TLSv1_3)
    ticket = comer.come(server)[2]
    expired = own_keys.bearer(device_id, exp=int(time.time()) - 3600)
    for headers in ({}, expired, {"Authorization": "Bearer nonsense"}):
        assert comer.come(server, ticket, headers)[:2] == (401, True)
    assert comer.come(server, ticket)[:2] == (101, True)


@VERSIONS
def test_no_ticket_leads_past_the_list_of_the_revoked(nodes, own_keys, device_id, version):
    own_keys.make(device_id, "another")
    server, = nodes("node-1", keys=[os.urandom(80)])
    comer = Comer(own_keys, device_id, version, certificate=True)
    ticket = comer.come(server)[2]
    assert comer.come(server, ticket)[:2] == (101, True)
    own_keys.revoke("another")
    # Another trust, another sealing: a full handshake, with a new ticket.
    wait_for(lambda: not comer.come(server, ticket)[1], "the list of the revoked")
    status, _, ticket = comer.come(server)
    assert status == 101
    own_keys.revoke("another", device_id)

    def refused():
        try:
            comer.come(server, ticket)
        except (ssl.SSLError, OSError, raw.Closed):
            return True
        return False

    wait_for(refused, "its refusal")
    assert refused()
