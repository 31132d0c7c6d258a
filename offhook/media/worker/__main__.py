"""`python -m offhook.media.worker FD OPTIONS`: started by the server, ends with it."""

import sys

from offhook.media.worker.loop import main

main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "{}")
