"""``govor report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govor.commands.flags import AsJson
from govor.console import emit, say


def command(
    evaluation: Annotated[Path, typer.Argument(help="Folder that govor evaluate wrote.")],
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1; 0 takes a free one.")] = 7870,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Serves an evaluation's report on this machine, with every clip playable, until Ctrl-C.

    It saves each verdict at once in the evaluation's folder; govor review reads that file, verdicts.csv.

    Example: govor report evaluation
    """
    from govor.evaluate.server import make_server

    with make_server(evaluation, port) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        summary = {"url": url, "sheet": str(evaluation / "verdicts.csv")}
        emit(summary, as_json, [f"{url}   (Ctrl-C ends it; verdicts go to {summary['sheet']})"])
        if browser:
            import webbrowser

            webbrowser.open(url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("stopped")
