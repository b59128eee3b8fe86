"""What stands between devices and nodes: passes TCP through, and can be told where to.

Each group of devices has a port of its own and a node that it prefers; connections that this node refuses
go to another one, as behind a balancer. Those that are there can be cut, so that devices move."""

import asyncio
import logging
import socket
import threading

CHUNK = 64 * 1024


class Connection:
    def __init__(self, group, node, device, ahead):
        self.group = group
        self.node = node
        self.device = device  # StreamWriter to the device
        self.ahead = ahead  # StreamWriter to the node
        self.vanished = False

    def cut(self):
        self.device.transport.abort()
        self.ahead.transport.abort()

    def vanish(self):
        """The device has lost it, and the node does not know: it has to find out when the device
        comes back, here or elsewhere."""
        self.vanished = True
        self.device.transport.abort()


class Balancer:
    """Runs on a thread of its own until `close`. Nodes and groups are numbered from 0."""

    def __init__(self, node_ports):
        self._node_ports = list(node_ports)
        self._preferred = list(range(len(self._node_ports)))  # by group; replaced as a whole
        self._avoided = frozenset()
        self._connections = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of writes after a cut
        self.ports = [self._on_loop(self._listen(group)) for group in self._preferred]

    def preferred(self, group):
        return self._preferred[group]

    def prefer(self, group, node):
        """From the next connection on."""
        self._preferred = [node if number == group else known
                           for number, known in enumerate(self._preferred)]

    def avoid(self, node):
        """It has failed a check of its health: nobody new is sent there until `trust`."""
        self._avoided |= {node}

    def trust(self, node):
        self._avoided -= {node}

    def cut(self, chosen, vanish=False):
        """Ends the connections for which `chosen(group, node)`; returns how many."""
        async def end():
            ended = [connection for connection in self._connections if not connection.vanished
                     and chosen(connection.group, connection.node)]
            for connection in ended:
                connection.vanish() if vanish else connection.cut()
            return len(ended)
        return self._on_loop(end())

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    # ---- on the loop ----

    def _on_loop(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _listen(self, group):
        async def connected(reader, writer):
            await self._connected(group, reader, writer)
        server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=1024)
        return server.sockets[0].getsockname()[1]

    def _order(self, group):
        """Nodes to try."""
        preferred = self._preferred[group]
        return sorted(range(len(self._node_ports)),
                      key=lambda node: (node in self._avoided, node != preferred))

    async def _reach(self, group):
        for node in self._order(group):
            try:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", self._node_ports[node])
                return node, reader, writer
            except OSError:
                continue
        return None, None, None

    async def _connected(self, group, reader, writer):
        node, ahead_reader, ahead = await self._reach(group)
        if ahead is None:
            writer.transport.abort()
            return
        for end in writer, ahead:
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(group, node, writer, ahead)
        self._connections.add(connection)
        await asyncio.gather(self._carry(connection, reader, ahead, from_device=True),
                             self._carry(connection, ahead_reader, writer, from_device=False))
        self._connections.discard(connection)
        for end in writer, ahead:
            end.close()

    @staticmethod
    async def _carry(connection, reader, writer, from_device):
        """One direction, until its end. What a node sends to a device that has vanished gets lost."""
        try:
            while data := await reader.read(CHUNK):
                if not (connection.vanished and not from_device):
                    writer.write(data)
                    await writer.drain()
            if not connection.vanished:
                writer.write_eof()
        except (OSError, RuntimeError):  # RuntimeError: an end for a transport that is closed
            if not connection.vanished:
                writer.transport.abort()
