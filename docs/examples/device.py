#!/usr/bin/python3
"""A device for device-mgmt, complete and as short as it gets: docs/device-guide.md explains it.
Needs Debian's python3-websockets. Change `execute` and you have your own.

    device.py wss://HOST:8443/v1/device ID --ca ca.pem (--token FILE | --secret FILE)"""

import argparse, asyncio, base64, collections, datetime, json, pathlib, random, re, ssl, time
import websockets

REMEMBERED = 1000  # ids whose commands are not executed again
GOOD_S = 10  # a session that lasted so long was no failure


def execute(command, args):
    """What this device can do: (status, data)."""
    return ("ok", args) if command in ("ping", "set", "get_state") else ("rejected", "no such command")


class Device:
    def __init__(self, options):
        self.options, self.url = options, options.url
        self.tls = ssl.create_default_context(cafile=options.ca)
        self.replies = collections.OrderedDict()  # by id, oldest first; a repeated id gets the same
        self.unacknowledged = {}  # to be repeated after a reconnect until `reply_ack` comes

    def credentials(self):  # read anew each time: tokens are renewed by replacing the file
        if self.options.token:
            return "Bearer " + pathlib.Path(self.options.token).read_text().strip()
        pair = self.options.id + ":" + pathlib.Path(self.options.secret).read_text().strip()
        return "Basic " + base64.b64encode(pair.encode()).decode()

    async def run(self):
        failures = 0
        while True:
            began, after, told, url = time.monotonic(), 0, None, self.url
            self.url = self.options.url  # another one counts once
            try:
                await self.session(url)
            except (OSError, asyncio.TimeoutError, ValueError, websockets.WebSocketException) as end:
                print(f"{end!r}", flush=True)
                if isinstance(end, websockets.InvalidStatusCode):  # 429, 503: later; 401: new credentials
                    header = end.headers.get("Retry-After", "")
                    after = int(header) if header.isdigit() else 0
                elif found := re.search(r"retry_after_ms=(\d+)", str(getattr(end, "reason", ""))):
                    told = int(found[1]) / 1000  # for this device alone: no jitter on top
            failures = 0 if time.monotonic() - began > GOOD_S else failures
            if told is None:
                told = after + random.uniform(0, min(60, 2 ** min(failures, 6)))
                failures += 1
            await asyncio.sleep(told)

    async def session(self, url):
        async with websockets.connect(
                url, ssl=self.tls, subprotocols=["dm.v1.json"], ping_interval=None, compression=None,
                extra_headers={"Authorization": self.credentials()}, close_timeout=5) as self.socket:
            welcome = json.loads(await asyncio.wait_for(self.socket.recv(), 20))
            await self.send(type="hello", model="reference", firmware="1.0")
            for reply in list(self.unacknowledged.values()):
                await self.send(**reply)
            self.expires_at = welcome.get("expires_at")
            helpers = [asyncio.create_task(self.heartbeats(welcome["heartbeat_s"])),
                       asyncio.create_task(self.renewals())]
            try:
                while True:  # every heartbeat is answered: no frame for so long means nobody is there
                    text = await asyncio.wait_for(self.socket.recv(), 2.5 * welcome["heartbeat_s"])
                    await self.frame(json.loads(text))
            finally:
                for helper in helpers:
                    helper.cancel()
                await asyncio.gather(*helpers, return_exceptions=True)

    async def frame(self, frame):
        if frame["type"] == "command":
            id_ = frame["id"]
            if id_ not in self.replies:
                status, data = execute(frame["command"], frame["args"])
                self.replies[id_] = {"type": "reply", "id": id_, "status": status, "data": data}
                while len(self.replies) > REMEMBERED:
                    self.replies.popitem(last=False)
            self.unacknowledged[id_] = self.replies[id_]
            await self.send(**self.replies[id_])
        elif frame["type"] == "reply_ack":
            self.unacknowledged.pop(frame["id"], None)
        elif frame["type"] == "token_ok":
            self.expires_at = frame["expires_at"]
        elif frame["type"] == "reconnect":  # the wait also stands in the close that follows
            self.url = frame.get("url", self.options.url)

    async def heartbeats(self, period):
        while True:
            await asyncio.sleep(period * random.uniform(0.8, 1))
            await self.send(type="heartbeat")

    async def renewals(self):
        while self.expires_at and self.options.token:  # a minute before the end, what the file has
            end = datetime.datetime.fromisoformat(self.expires_at.replace("Z", "+00:00"))
            await asyncio.sleep(max(5, end.timestamp() - time.time() - 60))
            await self.send(type="token", jwt=self.credentials().split()[1])

    async def send(self, **frame):
        await self.socket.send(json.dumps(frame))


parser = argparse.ArgumentParser(description=__doc__)
for name in ("url", "id"):
    parser.add_argument(name)
for name in ("--ca", "--token", "--secret"):
    parser.add_argument(name)
asyncio.run(Device(parser.parse_args()).run())
