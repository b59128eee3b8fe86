"""A device that does wrong what can be done wrong: bad_device.py URL CA TOKEN"""

import asyncio
import json
import ssl
import sys

import websockets

URL, CA, TOKEN = sys.argv[1:]
executions = 0


async def answer(socket, command):
    global executions
    executions += 1  # also for an id that was executed before
    id_ = command["id"]
    if command["command"] not in ("ping",):
        return  # nothing, instead of a rejection
    if len(id_) > 64:
        id_ = id_[:64]
    if len(json.dumps(command)) > 16384:
        raise MemoryError  # and with it the connection
    await socket.send(json.dumps({"type": "reply", "id": id_.encode("ascii", "ignore").decode(),
                                  "status": "ok", "data": executions}))


async def session():
    async with websockets.connect(
            URL, ssl=ssl.create_default_context(cafile=CA), ping_interval=None,
            subprotocols=["dm.v1.json"], extra_headers={"Authorization": f"Bearer {TOKEN}"},
            close_timeout=1) as socket:
        await socket.send('{"type":"hello","model":7}')
        async for text in socket:
            frame = json.loads(text)
            if frame["type"] == "command":
                await answer(socket, frame)
            elif frame["type"] not in ("welcome", "reply_ack", "reconnect"):
                raise KeyError(frame["type"])


while True:  # at once, whatever it was told
    try:
        asyncio.run(session())
    except (OSError, MemoryError, KeyError, asyncio.TimeoutError, websockets.WebSocketException):
        pass
