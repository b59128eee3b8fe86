"""Callers of control that ask for a stream and cut the connection off (RST): before the answer, in
its headers, or with the first event. Half of them follow all events, half wait for a command that a
device which is away will not answer; there are 200 of those, which control gets to know once."""

import argparse
import json
import random
import socket
import struct
import threading

CONCURRENT = 200
RST = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: close() sends RST


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--callers", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def request(options, number):
    head = f"Host: localhost\r\nAuthorization: Bearer {options.token}\r\nAccept: text/event-stream\r\n"
    if number % 2:
        return f"GET /v1/events HTTP/1.1\r\n{head}\r\n".encode()
    body = json.dumps({"command": "get_state", "ttl_s": 5})
    return (f"POST /v1/devices/away-{number % 200:03}/commands?provision=true HTTP/1.1\r\n{head}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


def call(options, number, moment):
    with socket.create_connection(("127.0.0.1", options.port), timeout=30) as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
        caller.sendall(request(options, number))
        end = {"asked": None, "headers": b"HTTP/1.1 200", "event": b"\r\n\r\n"}[moment]
        received = b""
        while end is not None and end not in received:
            part = caller.recv(4096)
            if not part:
                raise RuntimeError(f"{number}: the stream ended with {received[:200]!r}")
            received += part


def main():
    options = arguments()
    chooser = random.Random(options.seed)
    moments = [chooser.choice(["asked", "headers", "event"]) for _ in range(options.callers)]
    numbers = iter(range(options.callers))
    lock = threading.Lock()
    problems = []

    def work():
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                call(options, number, moments[number])
            except (OSError, RuntimeError) as problem:
                problems.append(f"{number}: {problem}")

    threads = [threading.Thread(target=work) for _ in range(CONCURRENT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{options.callers} callers cut their streams off, {len(problems)} were not served")
    for problem in problems[:5]:
        print(f"  {problem}")
    raise SystemExit(1 if problems else 0)


if __name__ == "__main__":
    main()
