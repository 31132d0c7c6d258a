"""A network that is not loopback, for phones that refuse that one: a namespace with a pair of veths.

A story marked with `own_network` runs once more inside such a namespace, in a pytest of its own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOST = "10.9.0.1"
_INSIDE = "OFFHOOK_STORY_NETWORK"


def _may_be_made() -> bool:
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0


own_network = pytest.mark.own_network
is_inside = _INSIDE in os.environ
can_be_made = is_inside or _may_be_made()


def lay_cable() -> None:
    """Inside the namespace: an interface with an address, where there is none yet."""
    ip("link", "set", "lo", "up")
    if subprocess.run(["ip", "link", "show", "near"], capture_output=True).returncode:
        ip("link", "add", "near", "type", "veth", "peer", "name", "far")
        ip("addr", "add", f"{HOST}/24", "dev", "near")
        ip("link", "set", "near", "up")
        ip("link", "set", "far", "up")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def run_inside(story: str) -> None:
    """Raises AssertionError with the story's own words when it fails."""
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", story],
        cwd=Path(__file__).parents[2],
        env={**os.environ, _INSIDE: "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
