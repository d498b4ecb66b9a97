"""People judge utterances in the browser, one after another; see docs/review.md."""

from govor.review.server import make_server
from govor.review.session import ReviewProgress, ReviewSession, sheet_of
from govor.review.settings import ReviewSettings

__all__ = ["ReviewProgress", "ReviewSession", "ReviewSettings", "make_server", "sheet_of"]
