"""Log lines, as whoever is on call reads them."""

import json
import re
import subprocess
import sys

STORY = """
import logging
from offhook import logs
from offhook.config import Log
logs.set_up(Log(level={level!r}, format={format!r}))
logger = logging.getLogger("offhook.phones")
logger.debug("not for everybody")
logger.info("call %s ended: %s", "hq.1.7", "bėda")
try:
    1 / 0
except ZeroDivisionError:
    logger.exception("this is our fault")
logging.getLogger("uvicorn").info("chatter")
"""


def said(*, level: str = "info", format: str = "text") -> list[str]:
    """What a process with this configuration writes to standard error."""
    story = STORY.format(level=level, format=format)
    ran = subprocess.run([sys.executable, "-c", story], capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    return ran.stderr.splitlines()


def test_a_line_says_when_how_bad_who_and_what() -> None:
    first = said()[0]
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO +offhook\.phones: call hq\.1\.7 ended: bėda", first
    )


def test_a_number_with_line_ends_in_it_begins_no_line_of_its_own() -> None:
    """What strangers have had written into the log must not look like something we say."""
    forged = 'logger.info("calls %s", "1\\r\\n2026-01-01T00:00:00Z INFO \\x1b[2J\\x85\\u2028all is well")'
    ran = subprocess.run(
        [sys.executable, "-c", STORY.format(level="info", format="text") + forged],
        capture_output=True,
        text=True,
        check=True,
    )
    last = ran.stderr.splitlines()[-1]
    assert last.endswith(r"calls 1\r\n2026-01-01T00:00:00Z INFO \x1b[2J\x85\u2028all is well")


def test_what_nobody_asked_for_is_not_said() -> None:
    lines = said(level="warning")
    assert not any("hq.1.7" in line or "chatter" in line or "everybody" in line for line in lines)
    assert any("this is our fault" in line for line in lines)
    assert any("everybody" in line for line in said(level="debug"))


def test_for_programs_each_fact_is_one_line_of_json_with_its_traceback() -> None:
    lines = [json.loads(line) for line in said(format="json")]
    assert [(line["level"], line["from"], line["text"]) for line in lines] == [
        ("info", "offhook.phones", "call hq.1.7 ended: bėda"),
        ("error", "offhook.phones", "this is our fault"),
    ]
    assert "ZeroDivisionError" in lines[1]["traceback"]
    assert lines[0]["time"] > 1_700_000_000
