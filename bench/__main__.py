"""Run the benchmarks: `python3 dev.py bench` for all, `python3 dev.py bench heart` for one.

What follows the name is handed to that benchmark: `python3 dev.py bench churn --seconds 600`.
"""

import importlib
import pkgutil
import sys

import bench

NOT_BY_THEMSELVES = {"__main__", "furnish", "sip_load"}


def main() -> None:
    known = sorted({module.name for module in pkgutil.iter_modules(bench.__path__)} - NOT_BY_THEMSELVES)
    asked, options = sys.argv[1:2], sys.argv[2:]
    if asked and asked[0] not in known:
        sys.exit(f"There is no benchmark {asked[0]!r}; there are: {', '.join(known)}")
    for name in asked or known:
        print(f"\n== {name}", flush=True)
        sys.argv = [f"bench {name}", *options]
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
