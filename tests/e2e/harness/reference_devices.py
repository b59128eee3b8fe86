"""The devices of docs/device-guide.md."""

import shlex
import subprocess

from .processes import ROOT

EXAMPLES = ROOT / "docs" / "examples"
PYTHON_DEVICE = EXAMPLES / "device.py"


def compile_c_device(folder):
    """The program, with sanitizers. Compiled as the guide says."""
    program = folder / "device-in-c"
    libraries = subprocess.run(["pkg-config", "--cflags", "--libs", "libwebsockets", "jansson"],
                               check=True, capture_output=True, text=True).stdout
    subprocess.run(["cc", "-std=c11", "-g", "-Wall", "-Wextra", "-Werror",
                    "-fsanitize=address,undefined", "-o", program, EXAMPLES / "device.c",
                    *shlex.split(libraries)], check=True)
    return program
