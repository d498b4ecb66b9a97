"""Seeded damage: bits, cuts, splices, length fields, words and numbers, JSON, XML, Parquet, archives."""

from __future__ import annotations

import io
import json
import random
import re
import struct
import zipfile
from collections.abc import Callable
from typing import Any

Mutation = Callable[[random.Random, bytes], tuple[bytes, str]]

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 1e300, 1e308, -1e18, 10**20, 2**31, 2**63, 2**64, -(2**63), 0.1),
    *(float("nan"), float("inf"), -float("inf")),
    *(
        "",
        " ",
        "nan",
        "1e400",
        "inf",
        "1_0",
        "x",
        "0",
        "-1",
        "true",
        "\ud800",
        "a\0b",
        "ä",
        "\u2028",
        "\ufeff",
    ),
    *([], {}, [1], ["a"], [None], [[]], [{}], {"a": 1}, {"": None}, [{"word": "a"}], [1, "a", None]),
    *("../x", "../../../x", "/", "C:\\a.wav", "file:///x/a.wav", "s3://b/c", "http://127.0.0.1:9/x", "~"),
    *("[1", '"', "'", "a\tb", "a|b", "a,b", "{{", "%s", "x" * 5000, "\n", "a\nb"),
)
ODD_KEYS = ("start", "words", "", "text", "id", "speaker", "_line")
ODD_TEXTS = (
    *("1e300", "1e308", "-1", "nan", "", "99999999999999999999", "1e17", "inf", "-inf", "1e400", "0", "-0"),
    *('"', '""', "\t", "|", ",", "\\", "&#0;", "\ufeff", "\u200b", "<", ">", "-->", "00:00:01,000 --> x"),
    *("9" * 5000, "[" * 5000, "[" * 5000 + "]" * 5000, '{"a":' * 5000 + "1" + "}" * 5000, "\u2028", "\x85"),
    *("\u0301", "🙂", "[", "]", "{", "}", "null", "²", "٣", "１", "=1+1", "true", "#", "../x", "\x1a", "''"),
)
ODD_BYTES = (b"\0", b"\xff", b"\xe8", b"\xc3", b"\xed\xa0\x80", b"\r", b"\xff\xfe", b"\x1a", b"\xe2\x80\xa8")
LENGTHS = (0, 1, 2, 255, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
LARGEST_TEXT_BYTES = 200_000


def flip(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """One to eight bits."""
    changed = bytearray(data)
    places = [draw.randrange(len(data)) for _ in range(draw.choice((1, 1, 2, 8)))]
    for place in places:
        changed[place] ^= 1 << draw.randrange(8)
    return bytes(changed), f"bits flipped in bytes {places}"


def put(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """Bytes that texts cannot hold, or an odd text."""
    place, odd = draw.randrange(len(data) + 1), draw.choice(ODD_BYTES)
    return data[:place] + odd + data[place + draw.randrange(2) :], f"{odd!r} at byte {place}"


def cut(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """The end, the beginning or a piece is gone."""
    place, count = draw.randrange(len(data) + 1), draw.choice((1, 4, 40, 400))
    kind = draw.randrange(4)
    if kind < 2:
        return data[:place], f"cut at byte {place} of {len(data)}"
    if kind == 2:
        return data[place:], f"the first {place} bytes are gone"
    return data[:place] + data[place + count :], f"{count} bytes are gone at {place}"


def splice(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """A piece of the file stands elsewhere in it too."""
    start, place = draw.randrange(len(data)), draw.randrange(len(data))
    piece = data[start : start + draw.choice((1, 8, 64, 512, 4096))]
    end = place + (len(piece) if draw.random() < 0.5 else 0)
    return data[:place] + piece + data[end:], f"{len(piece)} bytes of {start} at {place}"


def length(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """An extreme number where a header may keep a length or a count."""
    form = draw.choice(("<I", ">I", "<H", ">H", "B", "<Q"))
    size, value = struct.calcsize(form), draw.choice(LENGTHS)
    nearby = draw.random() < 0.7
    place = draw.randrange(max(1, min(len(data), 400 if nearby else len(data)) - size + 1))
    if draw.random() < 0.2:
        place = max(0, len(data) - size - draw.randrange(400))
    value &= 2 ** (8 * size) - 1
    return data[:place] + struct.pack(form, value) + data[place + size :], f"{form} {value} at byte {place}"


def lines(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """Lines doubled, lost, exchanged or run together."""
    rows = data.split(b"\n")
    one, other = draw.randrange(len(rows)), draw.randrange(len(rows))
    kind = draw.randrange(4)
    if kind == 0:
        rows.insert(one, rows[other])
    elif kind == 1:
        del rows[one]
    elif kind == 2:
        rows[one], rows[other] = rows[other], rows[one]
    else:
        rows[one] += draw.choice((b"\t", b"|", b",", b" ", b"}")) + rows[other]
    what = ("doubled", "lost", "exchanged", "joined")[kind]
    return b"\n".join(rows), f"lines {one + 1} and {other + 1} {what}"


def number(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """A number of a text is another."""
    return _exchanged(draw, data, rb"-?\d+(?:[.,:]\d+)*")


def field(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """A field of a text is another."""
    return _exchanged(draw, data, rb'[^\t|,;\n" =<>]+')


def xml(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """Tags, attributes, entities and declarations."""
    kind = draw.randrange(4)
    if kind == 0:
        bomb = b'<!DOCTYPE a [<!ENTITY b "xxxxxxxxxx"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
        place = data.find(b"?>") + 2 if b"?>" in data else 0
        return data[:place] + bomb + data[place:].replace(b">", b">&c;", 3), "entities that grow"
    if kind == 1:
        return data.replace(
            b"UTF-8", draw.choice((b"utf-16", b"x", b"cp1250", b"EBCDIC")), 1
        ), "another encoding"
    return _exchanged(draw, data, rb"</?\w+|\w+=\"[^\"]*\"|\"[^\"]*\"")


def _exchanged(draw: random.Random, data: bytes, pattern: bytes) -> tuple[bytes, str]:
    found = list(re.finditer(pattern, data[:LARGEST_TEXT_BYTES]))
    if not found:
        return put(draw, data)
    match, odd = draw.choice(found), draw.choice(ODD_TEXTS)
    told = f"{match[0][:40]!r} at byte {match.start()} is {odd[:40]!r}"
    return data[: match.start()] + odd.encode() + data[match.end() :], told


def values(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """One value of a JSON file, or of a line of JSON, is of another type, extreme, gone or new."""
    for where in (None, *draw.sample(range(data.count(b"\n") + 1), min(3, data.count(b"\n") + 1))):
        rows = [data] if where is None else data.split(b"\n")
        place = where or 0
        try:
            value = json.loads(rows[place])
        except ValueError:
            continue
        changed, told = _odd(draw, value)
        rows[place] = json.dumps(changed).encode()
        at = "" if where is None else f"line {place + 1}, "
        return b"\n".join(rows), f"{at}${told}"
    return field(draw, data)


def _odd(draw: random.Random, value: Any) -> tuple[Any, str]:
    """`value` with one part of it exchanged, left out or added; where."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(list(value))
        if draw.random() < 0.15:
            return {k: v for k, v in value.items() if k != key}, f".{key} is gone"
        name = draw.choice(ODD_KEYS) if draw.random() < 0.05 else key
        inner, told = _odd(draw, value[key])
        return value | {name: inner}, f".{name}{told}"
    if isinstance(value, list) and value and draw.random() < 0.8:
        place = draw.randrange(len(value))
        inner, told = _odd(draw, value[place])
        return [*value[:place], inner, *value[place + 1 :]], f"[{place}]{told}"
    odd = draw.choice(ODD_VALUES)
    return odd, f" = {str(odd)[:60]!a}"


def encoded(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """The same text in another encoding."""
    name = draw.choice(("utf-16", "utf-32", "cp1250", "latin-1", "utf-8-sig"))
    return data.decode("utf-8", "replace").encode(name, "replace"), f"encoded as {name}"


def zipped(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """One member of a ZIP archive (a spreadsheet is one) changed, lost or doubled."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # damaged twice
        return flip(draw, data)
    sheets = [n for n in members if "sheet" in n or "haredStrings" in n] or list(members)
    name = draw.choice(sheets if draw.random() < 0.7 else list(members))
    told = "lost"
    if draw.random() < 0.1:
        del members[name]
    else:
        members[name], told = draw.choice((xml, number, field, flip, cut))(draw, members[name] or b" ")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return target.getvalue(), f"{name}: {told}"


def columns(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """A column of a Parquet file is gone, called otherwise, of another type, or holds odd values."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data), use_threads=False)
    except (pa.ArrowException, OSError):
        return flip(draw, data)
    table, told = _odd_columns(draw, table)
    sink = pa.BufferOutputStream()
    try:
        pq.write_table(table, sink)
    except pa.ArrowException:  # no such columns can be in a file
        return flip(draw, data)
    return sink.getvalue().to_pybytes(), told


def _odd_columns(draw: random.Random, table: Any) -> tuple[Any, str]:
    import pyarrow as pa

    if not table.num_columns or draw.random() < 0.05:
        return table.slice(0, 0), "no rows"
    place = draw.randrange(table.num_columns)
    name, kind = table.column_names[place], draw.randrange(5)
    if kind == 0:
        return table.remove_column(place), f"column {name} is gone"
    if kind == 1:
        names = [*table.column_names]
        names[place] = draw.choice(("x", "", draw.choice(names)))
        return table.rename_columns(names), f"column {name} is called {names[place]!r}"
    if kind == 2:
        metadata = dict(table.schema.metadata or {})
        if metadata:
            key = draw.choice(list(metadata))
            metadata[key] = values(draw, metadata[key])[0]
            return table.replace_schema_metadata(metadata), f"metadata {key!r} changed"
        return table.append_column(name, table.column(place)), f"column {name} twice"
    rows = table.num_rows
    plain = [v for v in ODD_VALUES if not (isinstance(v, str) and "\ud800" in v)]
    if kind == 3:
        odd = draw.choice([v for v in plain if not isinstance(v, int) or abs(v) < 2**63])
        try:
            column = pa.array([odd] * rows)
        except (pa.ArrowException, OverflowError, ValueError):
            column = pa.nulls(rows)
        return table.set_column(place, name, column), f"column {name} is all {str(odd)[:40]!a}"
    held = table.column(place).to_pylist()
    if rows:
        held[draw.randrange(rows)] = draw.choice(plain)
    try:
        return table.set_column(
            place, name, pa.array(held, table.schema.field(place).type)
        ), f"odd value in {name}"
    except (pa.ArrowException, OverflowError, ValueError, TypeError):
        return table.set_column(place, name, pa.nulls(rows)), f"column {name} is null"


ANY: tuple[Mutation, ...] = (flip, cut, splice, length)
TEXT: tuple[Mutation, ...] = (put, cut, lines, number, number, field, field, encoded, splice)
BY_ENDING: dict[str, tuple[Mutation, ...]] = {
    ".json": (values, values, values, values, put, field, cut, splice),
    ".jsonl": (values, values, values, put, field, cut, lines, number),
    ".parquet": (columns, columns, flip, cut, splice, length),
    ".xlsx": (zipped, zipped, zipped, flip, cut),
    **dict.fromkeys((".eaf", ".exb", ".trs", ".xml"), (xml, xml, *TEXT)),
    **dict.fromkeys((".csv", ".tsv", ".txt", ".arpa", ".toml", ".trn", ".stm", ".ctm", ".srt", ".vtt"), TEXT),
}


def mutate(draw: random.Random, name: str, data: bytes) -> tuple[bytes, str]:
    """One change that suits a file of this name; what was changed."""
    if not data:
        return draw.choice((b"\0", b"{}", b"[]", b"\xff", b"x\n")), "no longer empty"
    ending = "." + name.rpartition(".")[2].lower()
    known = BY_ENDING.get(ending) or (TEXT if _is_text(data) else ANY)
    change = draw.choice(known if draw.random() < 0.9 else ANY)
    try:
        return change(draw, data)
    except Exception:  # what was damaged before cannot be read by libraries here either
        return flip(draw, data)


def _is_text(data: bytes) -> bool:
    try:
        data[:2000].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > 1990
    return b"\0" not in data[:2000]
