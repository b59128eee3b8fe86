"""How benches report: one table, JSON beside it, and on what machine under what load."""

import json
import os
import statistics
import subprocess
import time
from pathlib import Path


def machine():
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return {"commit": commit.stdout.strip() or "unknown", "cores": os.cpu_count(), "cpu": model,
            "load_average": os.getloadavg()[0]}


def middle(values):
    return statistics.median(values)


def spread(values):
    """Half the distance between the extremes, relative to the median."""
    mid = middle(values)
    return (max(values) - min(values)) / 2 / mid if mid else 0.0


def ratio(ours, theirs):
    """The median over rounds of ours ÷ theirs of the same round: what the machine's load does to
    both at once cancels out."""
    return middle([a / b for a, b in zip(ours, theirs) if b])


def table(headings, rows):
    cells = [[str(cell) for cell in row] for row in [headings, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headings))]
    for row in cells:
        print("  ".join(cell.rjust(width) if i else cell.ljust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))), flush=True)


def write(path, name, arguments, results):
    body = {"bench": name, "arguments": arguments, "machine": machine(),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "results": results}
    Path(path).write_text(json.dumps(body, indent=1) + "\n")
    print(f"load average {body['machine']['load_average']:.1f}; JSON in {path}")
