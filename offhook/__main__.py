"""`python -m offhook` and the command `offhook`."""

import sys

from offhook.cli import run


def main() -> None:
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
