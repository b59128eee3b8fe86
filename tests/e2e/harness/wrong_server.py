"""A server that knows little of the protocol and gets that wrong: wrong_server.py CERT KEY. Prints
its port."""

import asyncio
import json
import ssl
import sys

import websockets

CERT, KEY = sys.argv[1:]


async def session(socket):
    await socket.send(json.dumps({
        "type": "welcome", "device": "somebody", "node": "n", "epoch": 1, "heartbeat_s": 20,
        "max_message_bytes": 4096, "time": "2026-11-22T08:15:30.123Z"}))
    try:
        async for message in socket:
            try:
                frame = json.loads(message)
            except ValueError:
                continue  # no error frame
            if isinstance(frame, dict) and frame.get("type") == "heartbeat":
                await socket.send('{"type":"heartbeat"}')  # without time
            else:
                await socket.send('{"type":"error","code":"unknown_type","message":"?"}')
    except websockets.ConnectionClosed:
        pass


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERT, KEY)
    # Whoever comes gets in, on any path.
    async with websockets.serve(session, "127.0.0.1", 0, ssl=context, max_size=None,
                                ping_interval=None) as server:
        print("listening on", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
