"""All text, no model: the language that texts are written in against the stated one."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from govor.findings import Finding, share_of
from govor.preflight.registry import check
from govor.text.written_language import OtherwiseWritten, otherwise_written


@check("other_language")
def texts_are_in_the_stated_language(source_rows: pl.DataFrame, language: str | None) -> Iterator[Finding]:
    """The texts are written in the language that rows or recipe state."""
    for name, rows in source_rows.sort("language", maintain_order=True).group_by(
        "language", maintain_order=True
    ):
        stated = str(name[0] or language or "")
        found = otherwise_written(rows["text"].fill_null("").to_list(), stated) if stated else None
        if found and (found.language or name[0]):
            yield _otherwise(found, stated, rows)


def _otherwise(found: OtherwiseWritten, stated: str, rows: pl.DataFrame) -> Finding:
    mine = rows[list(found.rows)]
    told = (
        f"are written in {found.language!r}" if found.language else "are written in none that govor can name"
    )
    remedy = f"'{found.language}'" if found.language else "what is written"
    return Finding(
        "other_language",
        "warning",
        f"texts that are said to be in {stated!r}",
        f"by letters {share_of(found.pieces, found.total)} pieces of text {told}, and not in {stated!r}",
        f"texts in {stated!r}, or in a language that is near to it",
        "the wrong language token makes a model write another language or translate; WER and numbers are"
        " normalised by the wrong language's rules",
        f"set the language to {remedy}: import again with --language TAG, or correct the column language;"
        f" if it is {stated!r} in another script or spelling, let it stand",
        tuple(f"{name}: {text!r}" for name, text in zip(mine["id"][:5], mine["text"][:5], strict=True)),
        count=mine.height,
        ids=tuple(mine["id"]),
    )
