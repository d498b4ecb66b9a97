"""What is wrong with a request, as OpenAI's clients read it."""

from __future__ import annotations

import re

from govor.errors import AudioError, LanguageError, UsageError
from govor.serve.guards import error_body
from govor.serve.job_queue import ClientGoneError, JobTimeError, QueueFullError, StoppingError

CLIENT_GONE = 499
"""What web servers count where nobody is left to be answered."""
UPLOAD_PREFIX = "govor-upload-"
"""Of temporary files; what a crash leaves can be found by it."""


class RequestError(Exception):
    """What is wrong with a request, with its HTTP status."""

    def __init__(self, status: int, message: str, code: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.param = status, code, param


def wrong_value(field: str, message: str) -> RequestError:
    """A field of a form that cannot be honoured."""
    return RequestError(400, message, "invalid_value", field)


def failure(error: BaseException) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers for what went wrong."""
    if isinstance(error, RequestError):
        return error.status, error_body(str(error), error.code, param=error.param), {}
    if isinstance(error, QueueFullError):
        after = {"Retry-After": str(error.retry_after_s)}
        return 429, error_body(str(error), "busy", "rate_limit_error"), after
    if isinstance(error, StoppingError):
        return 503, error_body(str(error), "stopping", "server_error"), {"Retry-After": "5"}
    if isinstance(error, ClientGoneError):
        return CLIENT_GONE, error_body(str(error), "client_gone"), {}
    if isinstance(error, JobTimeError):
        return 408, error_body(str(error), "timeout"), {}
    if isinstance(error, LanguageError):
        return 400, error_body(str(error), "invalid_value", param="language"), {}
    if isinstance(error, UsageError):
        return 400, error_body(str(error), "invalid_value"), {}
    if isinstance(error, AudioError):
        status = 413 if error.code in ("too_long", "too_large") else 400
        return status, error_body(_without_path(str(error)), error.code, param="file"), {}
    return 500, error_body("the server failed; its log says why", "internal_error", "server_error"), {}


def _without_path(message: str) -> str:
    """The client's file, not the temporary one that holds it."""
    return re.sub(rf"\S*{UPLOAD_PREFIX}\w+", "the upload", message)
