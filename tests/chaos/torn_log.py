"""What a machine that dies may do to the ingress log of a server that was killed: records that were
written and not yet synced are gone, cut in the middle, or garbage. What the store has committed is
never touched: that much had been synced."""

import shutil
import sqlite3
import struct
import tempfile
from pathlib import Path

HEADER = 32
RECORD = struct.Struct("<IIQ")  # payload bytes, CRC, lsn


def committed_lsn(database):
    """Up to which record the store has everything; from a copy, so that nothing is recovered."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            source = Path(f"{database}{suffix}")
            if source.exists():
                shutil.copy(source, f"{folder}/copy{suffix}")
        connection = sqlite3.connect(f"{folder}/copy")
        try:
            return connection.execute(
                "SELECT max(lsn) FROM (SELECT value AS lsn FROM meta WHERE key = 'ingress_lsn'"
                " UNION ALL SELECT imported FROM unfinished"
                " UNION ALL SELECT imported FROM finished)").fetchone()[0]
        finally:
            connection.close()


def records(segment):
    """(offset, bytes, lsn) of each record of a segment's bytes."""
    at = HEADER
    while at + RECORD.size <= len(segment):
        size, _, lsn = RECORD.unpack_from(segment, at)
        if size == 0:
            return
        yield at, RECORD.size + size, lsn
        at += RECORD.size + size


def tear(ingress, database, chooser):
    """Damages the last segment from a random record on. Returns what was done, or None when nothing
    was there that had not been committed."""
    segments = sorted(Path(ingress).glob("ingress-*.log"))
    if not segments:
        return None
    last = segments[-1]
    content = last.read_bytes()
    after = committed_lsn(database)
    candidates = [record for record in records(content) if record[2] > after]
    if not candidates:
        return None
    at, size, lsn = chooser.choice(candidates)
    end = candidates[-1][0] + candidates[-1][1]
    damage = chooser.choice(("lost", "cut", "flipped", "shortened"))
    with open(last, "r+b") as file:
        if damage == "flipped":
            place = at + chooser.randrange(size)
            file.seek(place)
            file.write(bytes([content[place] ^ (1 << chooser.randrange(8))]))
        elif damage == "shortened":
            file.truncate(at + chooser.randrange(size))
        else:
            start = at if damage == "lost" else at + chooser.randrange(1, size)
            file.seek(start)
            file.write(bytes(end - start))
    return f"{damage} from record {lsn} of {candidates[-1][2]}"

