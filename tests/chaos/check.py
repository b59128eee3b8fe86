#!/usr/bin/python3
"""check.py FOLDER: the verdict on the histories of one run (see run.py); exit 1 on a violation."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from checker import events  # noqa: E402
from checker.judge import check  # noqa: E402


def streams(folder):
    """Everything that a run wrote into `folder`."""
    folder = Path(folder)
    to_mono = 0.0
    for event in events.jsonl(folder / "run.jsonl"):
        if event["event"] == "clocks":
            to_mono = event["at"] - event["time"] / 1000
    for name in ("run", "publisher", "devices", "store", "presence"):
        for path in sorted(folder.glob(f"{name}*.jsonl")):
            yield events.jsonl(path)
    for path in sorted(folder.glob("tap*.log")):
        yield events.tap(path, to_mono)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    findings, reader = check(streams(sys.argv[1]))
    print(f"{len(reader.commands)} commands; histories: {', '.join(sorted(reader.sources))}")
    print(findings.table())
    return 0 if findings.clean else 1


if __name__ == "__main__":
    sys.exit(main())
