"""Saying no: a word for programs, a sentence for people, and RFC 9457 where HTTP carries it.

Nothing that goes wrong here reaches a client as a traceback: what we did not foresee is
logged once and answered with the word `failed`.
"""

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotAuthorizedException, ValidationException

logger = logging.getLogger(__name__)

PROBLEM = "application/problem+json"

_TITLES = {
    400: ("malformed", "Bad request", "The request could not be understood."),
    401: ("signed-out", "Unauthorized", "Please sign in."),
    403: ("forbidden", "Forbidden", "This is not allowed."),
    404: ("not-found", "Not found", "There is nothing here."),
    405: ("wrong-method", "Method not allowed", "This address does not take this method."),
    409: ("conflict", "Conflict", "This cannot be done at the moment."),
    413: ("too-big", "Content too large", "The request is too big."),
    415: ("wrong-type", "Unsupported media type", "The request must be application/json."),
    429: ("too-often", "Too many requests", "Too many attempts; please wait a moment."),
    500: ("failed", "Internal server error", "Something went wrong here. It has been noted."),
    503: ("busy", "Service unavailable", "The system is busy; please try again in a moment."),
}


class Refused(Exception):
    """The answer is no. `word` is for programs, `sentence` for people, `status` for HTTP."""

    def __init__(
        self, word: str, sentence: str, status: int = 409, *, retry_after: int | None = None
    ) -> None:
        super().__init__(sentence)
        self.word = word
        self.sentence = sentence
        self.status = status
        self.retry_after = retry_after


class Problem(msgspec.Struct, frozen=True):
    """RFC 9457; `refused` is the same word the WebSocket uses."""

    title: str
    status: int
    detail: str
    refused: str
    type: str = "about:blank"


def problem(status: int, detail: str = "", word: str = "") -> Problem:
    usual_word, title, usual_detail = _TITLES.get(status, _TITLES[500 if status >= 500 else 400])
    return Problem(title, status, detail or usual_detail, word or usual_word)


def answer_refused(request: Request[Any, Any, Any], why: Refused) -> Response[Problem]:
    headers = {} if why.retry_after is None else {"retry-after": str(why.retry_after)}
    return _respond(problem(why.status, why.sentence, why.word), headers)


def answer_http(request: Request[Any, Any, Any], why: HTTPException) -> Response[Problem]:
    """What the framework refuses: unknown paths, wrong methods, JSON that is none."""
    headers = {name: value for name, value in (why.headers or {}).items() if name.lower() == "allow"}
    detail = _fault(why) if isinstance(why, ValidationException) else ""
    status = 401 if isinstance(why, NotAuthorizedException) else why.status_code
    return _respond(problem(status, detail), headers)


def answer_too_deep(request: Request[Any, Any, Any], why: RecursionError) -> Response[Problem]:
    """JSON nested so deeply that reading it was given up."""
    return _respond(problem(400), {})


def answer_bug(request: Request[Any, Any, Any], why: Exception) -> Response[Problem]:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=why)
    return _respond(problem(500), {})


def _respond(body: Problem, headers: dict[str, str]) -> Response[Problem]:
    return Response(body, status_code=body.status, media_type=PROBLEM, headers=headers)


def _fault(why: ValidationException) -> str:
    """Which fields are wrong, and how."""
    faults = why.extra if isinstance(why.extra, list) else []
    return "; ".join(f"{fault.get('key', 'body')}: {fault.get('message', '')}" for fault in faults)
