"""Logs are for the person on call: one line per fact, on standard error."""

import json
import logging
import time

from offhook.config import Log

_UNSEEN = (*range(32), *range(127, 160), 0x2028, 0x2029)
_VISIBLE = {code: repr(chr(code))[1:-1] for code in _UNSEEN}


def set_up(log: Log) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if log.format == "json" else _Text())
    logging.basicConfig(level=log.level.upper(), handlers=[handler], force=True)
    for chatty in ("uvicorn", "websockets", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the library's name
        """One line, whatever somebody has had written into it; a traceback follows it."""
        return super().formatMessage(record).translate(_VISIBLE)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": record.created,
            "level": record.levelname.lower(),
            "from": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
