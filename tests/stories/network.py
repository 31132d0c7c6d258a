"""A network that is not loopback, for phones that refuse that one: a namespace with a pair of veths.

Stories marked with `own_network` run inside such a namespace, those of a file together in a pytest
of its own: what they share is made once.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

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


def cut(port: int) -> None:
    """Inside the namespace: no datagram comes to this port or from it any more."""
    rules = subprocess.run(["ip", "rule"], capture_output=True, text=True, check=True).stdout
    if rules.startswith("0:"):  # what is local is looked up before all else; make room for others
        ip("rule", "add", "pref", "100", "lookup", "local")
        ip("rule", "del", "pref", "0")
    for side in ("dport", "sport"):
        ip("rule", "add", "pref", "10", "ipproto", "udp", side, str(port), "blackhole")


def mend(port: int) -> None:
    for side in ("dport", "sport"):
        ip("rule", "del", "pref", "10", "ipproto", "udp", side, str(port), "blackhole")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def run_inside(stories: Sequence[str]) -> dict[str, str]:
    """How each of these stories of one file went: "", "skipped: …" or what failed; by its name."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        options = [
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-o",
            "junit_logging=no",
            f"--junitxml={report}",
        ]
        done = subprocess.run(
            ["unshare", "-rn", sys.executable, "-m", "pytest", *options, *stories],
            cwd=Path(__file__).parents[2],
            env={**os.environ, _INSIDE: "1"},
            capture_output=True,
            text=True,
        )
        whole = done.stdout[-6000:] + done.stderr[-2000:]
        if not report.exists():
            return {_name(story): whole for story in stories}
        found = {_name(story): f"not run:\n{whole}" for story in stories}
        for case in ElementTree.parse(report).iter("testcase"):
            found[case.get("name", "")] = _outcome(case)
        return found


def _name(story: str) -> str:
    return story.rpartition("::")[2]


def _outcome(case: ElementTree.Element) -> str:
    words = []
    for what in case:
        if what.tag == "skipped":
            words.append(f"skipped: {what.get('message')}")
        elif what.tag in ("failure", "error"):
            words.append(what.text or what.get("message") or what.tag)
    return "\n".join(words)
