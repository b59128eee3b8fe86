"""The commands in the store of a server that has ended, as a history for the checker."""

import json
import sqlite3

COLUMNS = "seq, device, id, send_by"


def rows(database):
    """Read-only, as docs/operations.md wants it."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        for table, end in (("unfinished", "NULL, NULL"), ("finished", "payload, message_id")):
            yield from connection.execute(f"SELECT {COLUMNS}, {end} FROM {table}")


def write(database, path):
    with open(path, "w", encoding="utf-8") as out:
        for seq, device, id_, send_by, payload, message_id in rows(database):
            out.write(json.dumps({
                "at": 0, "source": "store", "event": "command", "seq": seq, "device": device,
                "id": id_, "send_by": send_by, "payload": payload,
                "message_id": message_id}) + "\n")
