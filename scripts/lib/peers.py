"""Bad company for a server, by the hundred: peers that the benches of scripts/bench.d start.

    slow    complete the handshake and then read one byte a second; with --broker an operator who
            only publishes sends them commands, ten megabytes a second
    loris   begin a TLS handshake and send one byte of it a second; those cut off come again
    mute    connect and never say a word; those cut off come again

Prints `there` when all of them are, and stays until it is ended."""

import argparse
import base64
import json
import os
import selectors
import socket
import ssl
import time
from pathlib import Path

import jwt
import paho.mqtt.client as mqtt

BYTES_PER_S = 10e6  # of commands: as fast as a disk takes them in

# In which all slow devices read their byte. Neither all at once, which would be felt by everybody,
# nor one by one: 200 wake-ups a second alone took 16 ms of it.
TURNS_PER_S = 10

# A ClientHello's record header: 512 bytes are to come.
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(501)


def source(number):
    """A loopback address for every hundred peers: none of them is over its rate."""
    return f"127.0.{1 + number // 100 // 250}.{1 + number // 100 % 250}"


def connect(port, number, receive_buffer=None):
    peer = socket.socket()
    if receive_buffer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    peer.bind((source(number), 0))
    peer.connect(("127.0.0.1", port))
    return peer


def session(options, number):
    """A device made by hand; its socket does not block."""
    plain = connect(options.port, number, receive_buffer=4096)
    peer = ssl.create_default_context(cafile=options.keys / "ca.pem").wrap_socket(
        plain, server_hostname="localhost")
    claims = {"sub": f"{options.prefix}{number:05}", "aud": "device-mgmt", "iss": "local",
              "exp": int(time.time()) + 3600}
    token = jwt.encode(claims, (options.keys / "jwt-private" / "dev.key").read_text(), "ES256",
                       headers={"kid": "dev"})
    key = base64.b64encode(os.urandom(16)).decode()
    peer.sendall(("GET /v1/device HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                  f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                  f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n").encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += peer.recv(1)
    assert b" 101 " in answer, answer
    peer.setblocking(False)
    return peer


def send_commands(options):
    """`--commands` for each device, taken by the broker when this returns."""
    operator = mqtt.Client(protocol=mqtt.MQTTv5)
    operator.max_inflight_messages_set(1000)
    operator.connect("127.0.0.1", options.broker)
    operator.loop_start()
    # Wait for their devices as long as a bench may take.
    command = json.dumps({"command": "set", "args": {"blob": "x" * options.bytes},
                          "timeout_s": 300, "ttl_s": 3600})
    begun = time.monotonic()
    for number in range(options.count * options.commands):
        sent = operator.publish(
            f"dm/commands/{options.prefix}{number % options.count:05}", command, qos=1)
        time.sleep(max(0, begun + number * len(command) / BYTES_PER_S - time.monotonic()))
    sent.wait_for_publish()
    operator.loop_stop()


def slow(options):
    peers = [session(options, number) for number in range(options.count)]
    print("there", flush=True)
    if options.broker:
        send_commands(options)
    while True:
        for turn in range(TURNS_PER_S):
            for peer in peers[turn::TURNS_PER_S]:
                try:
                    peer.recv(1)
                except (ssl.SSLError, OSError):
                    pass  # nothing there, or closed
            time.sleep(1 / TURNS_PER_S)


def drip(options, payload):
    """Connections that are kept open, or opened again, with a byte of `payload` a second each."""
    ended = selectors.DefaultSelector()

    def begin(number):
        peer = connect(options.port, number)
        peer.setblocking(False)
        ended.register(peer, selectors.EVENT_READ, (number, iter(payload)))

    for number in range(options.count):
        begin(number)
    print("there", flush=True)
    while True:
        second = time.monotonic() + 1
        for key, _ in ended.select(0.2):  # the server says nothing but the end
            ended.unregister(key.fileobj)
            key.fileobj.close()
            begin(key.data[0])
        for key in list(ended.get_map().values()):
            byte = next(key.data[1], None)
            if byte is not None:
                try:
                    key.fileobj.send(bytes([byte]))
                except OSError:
                    pass  # seen by select
        time.sleep(max(0, second - time.monotonic()))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("slow", "loris", "mute"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--prefix", default="slow-", help="of the slow devices' names")
    parser.add_argument("--broker", type=int, help="its port")
    parser.add_argument("--commands", type=int, default=12, help="for each slow device")
    parser.add_argument("--bytes", type=int, default=50_000, help="of a command, about")
    options = parser.parse_args()
    if options.kind == "slow":
        slow(options)
    else:
        drip(options, HELLO if options.kind == "loris" else b"")


main()
