"""A link between devices and a server that can be long or cut, for machines without netem: whatever
connects to --port is carried to --to, each way --delay-ms late.

SIGUSR1 cuts the link: nothing is carried and no connection ends, as if packets were lost on the way.
SIGUSR2 joins it again: what was sent meanwhile arrives. Prints `linked port=N` when it listens."""

import argparse
import asyncio
import signal
import socket

CHUNK = 64 * 1024
# Beyond it a sender waits, as behind a full window.
MOST_UNDER_WAY = 64


class Link:
    def __init__(self, target, delay_s):
        self.target = target
        self.delay_s = delay_s
        self.joined = asyncio.Event()
        self.joined.set()

    async def connected(self, reader, writer):
        await self.joined.wait()  # nor does a new connection come through
        try:
            ahead = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        ends = writer, ahead[1]
        for end in ends:
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(self.carry(reader, ahead[1]), self.carry(ahead[0], writer))
        for end in ends:
            end.close()

    async def carry(self, reader, writer):
        """One direction, until its end; that of the connection when one side is lost."""
        under_way = asyncio.Queue(MOST_UNDER_WAY)
        delivery = asyncio.ensure_future(self.deliver(under_way, writer))
        clock = asyncio.get_event_loop().time
        try:
            while data := await reader.read(CHUNK):
                await under_way.put((clock() + self.delay_s, data))
        except OSError:
            writer.transport.abort()
        await under_way.put((clock() + self.delay_s, b""))
        await delivery

    async def deliver(self, under_way, writer):
        clock = asyncio.get_event_loop().time
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(max(0, due - clock()))
            await self.joined.wait()
            try:
                if not data:
                    writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()
            except OSError:
                if not data:
                    return  # the other direction has seen it, too


async def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--delay-ms", type=float, default=0)
    options = parser.parse_args()
    link = Link(options.to, options.delay_ms / 1000)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, link.joined.clear)
    loop.add_signal_handler(signal.SIGUSR2, link.joined.set)
    server = await asyncio.start_server(link.connected, "127.0.0.1", options.port, backlog=4096)
    print(f"linked port={server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


asyncio.run(main())
