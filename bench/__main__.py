"""Run the benchmarks: `python3 dev.py bench` for all, `python3 dev.py bench heart` for one."""

import importlib
import pkgutil
import sys

import bench


def main() -> None:
    known = sorted(
        module.name for module in pkgutil.iter_modules(bench.__path__) if module.name != "__main__"
    )
    chosen = sys.argv[1:] or known
    if unknown := [name for name in chosen if name not in known]:
        sys.exit(f"There is no benchmark {unknown[0]!r}; there are: {', '.join(known)}")
    for name in chosen:
        print(f"\n== {name}", flush=True)
        sys.argv = [f"bench {name}"]
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
