"""Sources with something wrong in them: seeded changes of bytes, lines, values and names.

Run it for long, by hand: python tests/corpora/mutations.py 4000 [first seed]
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "corpus"))

import further_seconds
import ten_seconds

from govor.config import CorpusConfig
from govor.corpora import Corpus, import_corpus
from govor.corpora.listing import list_source, listing_lines
from govor.errors import GovorError

WRITERS = {**ten_seconds.WRITERS, **further_seconds.WRITERS}
AUDIO = (".wav", ".mp3", ".flac", ".ogg", ".gz", ".parquet", ".arrow")
ODD_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        1e300,
        -1e18,
        99999999999999999999,
        2**63,
        0.1,
        "",
        " ",
        "nan",
        "1e400",
        "inf",
        "1_0",
    ),
    *(
        [],
        {},
        [1],
        ["a"],
        [None],
        [[]],
        {"a": 1},
        {"": None},
        [{"word": "a"}],
        "\ud800",
        "a\0b",
        "ä",
        "\u2028",
    ),
    *(
        "../x",
        "C:\\clips\\a.wav",
        "file:///x/a.wav",
        "s3://b/c",
        "\ufeff",
        "[1",
        '"',
        "'",
        "a\tb",
        "a|b",
        "a,b",
    ),
)
ODD_TEXTS = (
    *(
        "1e300",
        "-1",
        "nan",
        "",
        "99999999999999999999",
        "1e17",
        "inf",
        '"',
        '""',
        "\t",
        "|",
        ",",
        "\\",
        "&#0;",
    ),
    *("\ufeff", "\u200b", "<", "-->", "00:00:01,000 --> x", "\u0301", "🙂", "[", "{", "null", "²", "٣", "１"),
)
ODD_BYTES = (b"\0", b"\xff", b"\xe8", b"\xc3", b"\xed\xa0\x80", b"\r", b"\xff\xfe", b"\x1a", b"\xe2\x80\xa8")

Mutation = Callable[[random.Random, bytes], bytes]


def _byte(draw: random.Random, data: bytes) -> bytes:
    place = draw.randrange(len(data) + 1)
    return data[:place] + draw.choice(ODD_BYTES) + data[place + draw.randrange(2) :]


def _cut(draw: random.Random, data: bytes) -> bytes:
    place = draw.randrange(len(data) + 1)
    return data[:place] if draw.random() < 0.5 else data[:place] + data[place + draw.randrange(40) :]


def _line(draw: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    kind = draw.randrange(4)
    if kind == 0:
        lines.insert(one, lines[other])
    elif kind == 1:
        del lines[one]
    elif kind == 2:
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines[one] += draw.choice((b"\t", b"|", b",", b" ", b"}")) + lines[other]
    return b"\n".join(lines)


def _number(draw: random.Random, data: bytes) -> bytes:
    found = list(re.finditer(rb"-?\d+(?:[.,:]\d+)*", data))
    if not found:
        return _byte(draw, data)
    match = draw.choice(found)
    return data[: match.start()] + draw.choice(ODD_TEXTS).encode() + data[match.end() :]


def _field(draw: random.Random, data: bytes) -> bytes:
    found = list(re.finditer(rb'[^\t|,;\n" =<>]+', data))
    if not found:
        return _byte(draw, data)
    match = draw.choice(found)
    return data[: match.start()] + draw.choice(ODD_TEXTS).encode() + data[match.end() :]


def _json(draw: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    place = draw.randrange(len(lines))
    try:
        value = json.loads(lines[place])
    except ValueError:
        return _field(draw, data)
    lines[place] = json.dumps(_odd(draw, value)).encode()
    return b"\n".join(lines)


def _odd(draw: random.Random, value: Any) -> Any:
    """`value` with one part of it exchanged, left out or added."""
    if isinstance(value, dict) and value and draw.random() < 0.85:
        key = draw.choice(list(value))
        if draw.random() < 0.15:
            return {k: v for k, v in value.items() if k != key}
        name = draw.choice(("start", "words", "_line", "", "text", "speaker")) if draw.random() < 0.1 else key
        return value | {name: _odd(draw, value[key])}
    if isinstance(value, list) and value and draw.random() < 0.7:
        place = draw.randrange(len(value))
        return [*value[:place], _odd(draw, value[place]), *value[place + 1 :]]
    return draw.choice(ODD_VALUES)


def _encoded(draw: random.Random, data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode(draw.choice(("utf-16", "cp1250", "latin-1")), "replace")


MUTATIONS: tuple[Mutation, ...] = (_byte, _cut, _line, _number, _field, _json, _json, _encoded)


def mutate(folder: Path, draw: random.Random) -> str:
    """Changes one to three things below a folder; says what."""
    told = []
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        files = sorted(f for f in folder.rglob("*") if f.is_file())
        texts = [f for f in files if not f.name.endswith(AUDIO)] or files
        if draw.random() < 0.08:
            told.append(_misname(draw.choice(files), draw))
            continue
        file = draw.choice(files if draw.random() < 0.05 else texts)
        change = draw.choice(MUTATIONS)
        file.write_bytes(change(draw, file.read_bytes()))
        told.append(f"{change.__name__} of {file.name!a}")
    return "; ".join(told)


def _misname(file: Path, draw: random.Random) -> str:
    target = file if draw.random() < 0.6 or file.parent.name == "source" else file.parent
    name = os.fsencode(target.name)
    os.rename(os.fsencode(target), os.path.join(os.fsencode(target.parent), name[:2] + b"\xe8" + name[2:]))
    return f"name of {target.name!a}"


def attempt(folder: Path, out: Path, format: str, draw: random.Random) -> str:
    """Imports a source, and lists it now and then: ``rows``, ``refused`` (a `GovorError`), else an exception.

    Raises:
        AssertionError: the corpus does not add up.
    """
    config = CorpusConfig(source=str(folder), format=format, language="hr", max_rejected=1.0)
    try:
        if draw.random() < 0.1:
            listing_lines(list_source(config))
        summary = import_corpus(config, out)
    except GovorError:
        return "refused"
    corpus = Corpus.open(out)
    kept, lost = (table.collect().height for table in (corpus.scan(), corpus.rejected()))
    assert (summary["kept"], summary["rejected"]) == (kept, lost)
    assert summary["read"] == kept + lost
    return "rows"


def one(seed: int, sources: dict[str, Path], scratch: Path) -> tuple[str, str]:
    """One mutated source, imported; returns what it came to, and what was changed."""
    draw = random.Random(seed)
    name = draw.choice(sorted(sources))
    folder = scratch / "source"
    inside = sources[name].is_file()
    shutil.copytree(sources[name].parent if inside else sources[name], folder)
    path = folder / sources[name].name if inside else folder
    try:
        told = f"seed {seed}, {name}: {mutate(folder, draw)}"
        format = WRITERS[name][0] if draw.random() < 0.3 else "auto"
        return attempt(path, scratch / "out", format, draw), told
    finally:
        shutil.rmtree(os.fsencode(folder))
        shutil.rmtree(scratch / "out", ignore_errors=True)


def main() -> int:
    """Many of them; every kind of failure is shown once."""
    count, first = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    ended: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        sources = {
            name: made.source(name, Path(place) / name)
            for made in (ten_seconds, further_seconds)
            for name in made.WRITERS
        }
        scratch = Path(place) / "scratch"
        scratch.mkdir()
        sys.stderr = open(os.devnull, "w", errors="backslashreplace")  # noqa: SIM115
        for seed in range(first, first + count):
            try:
                ended[one(seed, sources, scratch)[0]] += 1
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                kind = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
                failures[kind] += 1
                if failures[kind] == 1:
                    print(f"seed {seed}: {kind}: {str(error)[:300]}", flush=True)
    print(dict(ended), dict(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
