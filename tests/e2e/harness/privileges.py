"""What not every machine permits or has; who needs it says visibly what was skipped."""

import re
import subprocess
import uuid
from pathlib import Path

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
# Above what the server keeps free (128 MiB) and a few segments of its ingress log.
TMPFS_SIZE = "1g"


class Tmpfs:
    """A small file system of our own at `path`, or just a folder, with the reason why."""

    def __init__(self, path, size=TMPFS_SIZE):
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "chaos", self.path],
                              capture_output=True, text=True)
        self.mounted = done.returncode == 0
        self.reason = done.stderr.strip()

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.path], check=False)
            self.mounted = False


def movable_clock(program, offsets):
    """A command that becomes `program`, which then reads the wall clock as the file `offsets` says
    (`+3600`); None where that is not possible. AddressSanitizer wants to be the first library."""
    if not FAKETIME.exists():
        return None
    libraries = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    if "libtsan" in libraries:
        return None
    sanitizer = re.search(r"=> (\S*libasan\S*)", libraries)
    preload = [sanitizer[1]] if sanitizer else []
    return ["env", "LD_PRELOAD=" + ":".join([*preload, str(FAKETIME)]),
            f"FAKETIME_TIMESTAMP_FILE={offsets}", "FAKETIME_CACHE_DURATION=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1"]


class MemoryGroup:
    """A cgroup of our own that limits memory, v1 or v2; without the privilege `made` is False."""

    # (where a group is made, its limit's file, the file that counts kills)
    KINDS = ((Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.oom_control"),
             (Path("/sys/fs/cgroup"), "memory.max", "memory.events"))

    def __init__(self):
        self.made, self.reason = False, ""
        for root, self._limit, self._kills in self.KINDS:
            self.path = root / f"device-mgmt-test-{uuid.uuid4().hex[:8]}"
            try:
                self.path.mkdir()
            except OSError as refused:
                self.reason = str(refused)
                continue
            self.made = (self.path / self._limit).exists()
            if self.made:
                return
            self.path.rmdir()
            self.reason = f"no memory controller in {root}"

    def enter(self):
        """A command that becomes a program within the group."""
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', self.path / "cgroup.procs"]

    def limit(self, size):
        (self.path / self._limit).write_text(str(int(size)))

    def kills(self):
        """Processes that ran out of memory here."""
        return int(re.search(r"^oom_kill (\d+)", (self.path / self._kills).read_text(), re.M)[1])

    def close(self):
        """When nothing runs in it any more."""
        if self.made:
            self.path.rmdir()
