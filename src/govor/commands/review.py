"""``govor review``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson, Flag, Overrides, flag, flags
from govor.config.setting import Section
from govor.console import emit, say
from govor.errors import UsageError
from govor.interrupts import in_hand

if TYPE_CHECKING:
    from govor.pages.serving import PageServer
    from govor.review import ReviewProgress, ReviewSession


@dataclass(frozen=True)
class PageFlags(Section):
    """What the page shows, and to whom."""

    work: str | None = flag(None, "folder of the verdicts; default: CORPUS-review beside the corpus")
    sample: int | None = flag(
        None, "judge so many utterances, drawn at random, without a model's text", least=1
    )
    blank: bool = flag(False, "people write what they hear: the corpus's text is hidden too")
    split: str | None = flag(None, "only this split")
    seed: int = flag(0, "seed of what is drawn")
    double: float = flag(
        0.0, "share that two people judge; the second does not see the first verdict", least=0, most=1
    )
    check: str | None = flag(None, "folder that govor check wrote: what it found comes earlier")
    evaluation: str | None = flag(None, "folder that govor evaluate wrote: its outliers come earlier")
    reviewer: tuple[str, ...] = flag((), "a person who reviews; each gets a link with a key")
    host: str = flag("127.0.0.1", "address to listen on; others need --reviewer")
    port: int = flag(7871, "port to listen on; 0: any", least=0, most=65_535)
    allowed_host: tuple[str, ...] = flag((), "another name of the server, such as a proxy's")
    browser: bool = flag(False, "open the page in the browser")


def command(
    corpus: Annotated[Path, typer.Argument(help="Corpus folder.")],
    given: Annotated[
        Overrides[PageFlags],
        flags(
            PageFlags,
            *("work", "sample", "blank", "split", "seed", "double", "check", "evaluation"),
            *("host", "port", "browser"),
            reviewer=Flag(metavar="NAME", commas=False),
            allowed_host=Flag(metavar="NAME", commas=False),
        ),
    ],
    sheet: Annotated[
        Path | None,
        typer.Argument(help="A filled-in sheet, .xlsx or .csv, or the page's folder. Without it: the page."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the new corpus, with SHEET.")] = None,
    as_json: AsJson = False,
) -> None:
    """Opens a page on which people listen and judge; with SHEET, makes a new corpus from their verdicts.

    The old corpus stays. Every verdict is on the disk before the next utterance appears. The same command
    continues where it ended.

    Example: govor review corpus --check checked, then govor review corpus corpus-review --out reviewed
    """
    if sheet is None:
        _open_page(corpus, out, given.settings(), as_json)
    elif given.values:
        raise UsageError(f"{next(iter(given.flags.values()))} is about the page, which opens without SHEET")
    elif out is None:
        raise UsageError("--out is missing: name the folder of the new corpus")
    else:
        _take_verdicts(corpus, sheet, out, as_json)


def _take_verdicts(corpus: Path, sheet: Path, out: Path, as_json: bool) -> None:
    from govor.curate import review_corpus
    from govor.review import sheet_of

    summary = review_corpus(corpus, sheet_of(sheet, corpus) if sheet.is_dir() else sheet, out)
    said = ", ".join(f"{verdict} {count:,}" for verdict, count in sorted(summary["verdicts"].items()))
    lines = [
        f"verdicts: {said}",
        f"kept {summary['kept']:,} of {summary['read']:,} utterances, {summary['hours']:.2f} h",
        f"corpus: {summary['out']}",
    ]
    emit(summary, as_json, lines)


def _open_page(corpus: Path, out: Path | None, asked: PageFlags, as_json: bool) -> None:
    from govor.review import ReviewSession, ReviewSettings, make_server

    if out is not None:
        raise UsageError(
            "--out goes with SHEET: review first, then give the folder of the verdicts and --out"
        )
    settings = ReviewSettings(
        corpus,
        _path(asked.work),
        asked.sample,
        asked.blank,
        asked.split,
        asked.seed,
        asked.double,
        _path(asked.check),
        _path(asked.evaluation),
        asked.reviewer,
        asked.host,
        asked.port,
        asked.allowed_host,
    )
    session = ReviewSession(settings)
    try:
        server, reviewers = make_server(session)
        with server:
            address = f"http://{settings.host}:{server.server_address[1]}/"
            links = {name: reviewers.link(name, address) for name in reviewers.keys}
            _tell_start(session, address, links, as_json)
            if asked.browser:
                import webbrowser

                webbrowser.open(next(iter(links.values()), address))
            with suppress(KeyboardInterrupt), in_hand(lambda: "writing the sheet of the verdicts"):
                _serve(server)
                found = session.progress()
                session.write_sheet()
                emit(found, as_json, _ending(found, corpus))
    finally:
        session.close()


def _path(given: str | None) -> Path | None:
    return None if given is None else Path(given)


def _serve(server: PageServer) -> None:
    """Until SIGTERM or Ctrl-C, which the server looks for itself."""
    import signal
    import threading

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    before = signal.signal(signal.SIGTERM, stop)
    try:
        server.serve_forever()
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell_start(session: ReviewSession, address: str, links: Mapping[str, str], as_json: bool) -> None:
    said = session.progress()
    lines = [f"{name}: {link}" for name, link in links.items()] or [address]
    for line in lines:
        (say if as_json else print)(line)
    say(f"{said.utterances - said.done:,} of {said.utterances:,} utterances are to be judged; Ctrl-C ends it")


def _ending(found: ReviewProgress, corpus: Path) -> list[str]:
    said = ", ".join(f"{verdict} {count:,}" for verdict, count in found.verdicts.items()) or "none"
    lines = [f"judged {found.done:,} of {found.utterances:,} utterances ({said})"]
    if found.disputed:
        lines.append(f"two people differ about {found.disputed:,}: these stay as they are")
    lines += [one.sentence for one in (found.estimate, found.agreement) if one is not None]
    return [*lines, f"next: govor review {quote(str(corpus))} {quote(found.sheet)} --out reviewed"]
