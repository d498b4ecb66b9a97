"""One Parquet shard: written whole or not at all, with its completion record in its own footer."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from govor.audio.codecs import EXTENSION, PCM_BYTES_A_SAMPLE
from govor.prepare.arrow import binaries, numbers, strings, taken
from govor.prepare.cutting import EncodedClip, Outcome
from govor.prepare.schema import AUDIO_TYPE, FOOTER_KEY, ShardFacts
from govor.prepare.settings import Settings
from govor.store import atomic_path, readable_error

COMPRESSED = "zstd"
CONTENT_DIGITS = 32
_UNSAFE = str.maketrans(dict.fromkeys('/\\:*?"<>|\x00', "_"))


class ShardWriter:
    """Collects the outcomes of one shard, and lets it appear when the last one is there.

    Args:
        path: final path; nothing stands there before `finish`.
        schema: columns.
        table: the task's rows, from which the columns besides the audio come; in the schema's types.
        key: for the footer.
        expected: outcomes that make it complete.
        settings: of the preparation.
    """

    def __init__(
        self, path: Path, schema: pa.Schema, table: pa.Table, key: str, expected: int, settings: Settings
    ) -> None:
        self.path, self.key, self.expected = path, key, expected
        self._schema, self._table, self._settings = schema, table, settings
        self._clips: list[EncodedClip] = []
        self._rejected: list[list[str]] = []
        self._waiting_bytes = self._samples = self._rows = 0
        self._content = hashlib.sha256()
        self._files = ExitStack()
        partial = self._files.enter_context(atomic_path(path))
        self._sink = self._files.enter_context(self._opened(partial))
        self._writer = self._open_writer()

    def _opened(self, partial: Path) -> pa.OSFile:
        """Arrow's own file: a Python one is given a copy of every page, the longest clips included."""
        try:
            return pa.OSFile(str(partial), "w")
        except OSError as error:
            raise readable_error(error, self.path) from error

    def _open_writer(self) -> pq.ParquetWriter:
        plain = [name for name in self._schema.names if name != "audio"]
        repeated = [name for name in ("language", "speaker", "recording") if name in plain]
        return pq.ParquetWriter(
            self._sink,
            self._schema,
            compression={**dict.fromkeys(self._leaves(plain), COMPRESSED), "audio.bytes": "none"},
            use_dictionary=repeated,
            write_statistics=[
                name for name in plain if not pa.types.is_nested(self._schema.field(name).type)
            ],
            write_page_index=True,
            use_content_defined_chunking=True,
            store_schema=True,
        )

    def _leaves(self, names: list[str]) -> list[str]:
        return [name for name in names if not pa.types.is_nested(self._schema.field(name).type)]

    @property
    def complete(self) -> bool:
        """Whether every utterance has its outcome."""
        return self._rows + len(self._clips) + len(self._rejected) == self.expected

    def write(self, outcome: Outcome) -> None:
        """Adds a clip or a refusal."""
        if not isinstance(outcome, EncodedClip):
            name = self._table["id"][outcome.row].as_py()
            self._rejected.append([name, outcome.reason, outcome.detail])
            return
        self._clips.append(outcome)
        self._samples += outcome.samples
        self._content.update(outcome.sha256.encode())
        self._waiting_bytes += outcome.samples * PCM_BYTES_A_SAMPLE
        if self._waiting_bytes >= self._settings.row_group_bytes:
            self.flush()

    def flush(self) -> None:
        """Writes the clips that wait, as a row group."""
        if not self._clips:
            return
        clips, self._clips, self._waiting_bytes = self._clips, [], 0
        self._rows += len(clips)
        try:
            self._writer.write_table(self._batch(clips), row_group_size=len(clips))
        except OSError as error:
            raise readable_error(error, self.path) from error

    def _batch(self, clips: list[EncodedClip]) -> pa.Table:
        rows = taken(self._table, np.array([clip.row for clip in clips]))
        seconds = np.array([clip.samples for clip in clips]) / self._settings.sample_rate
        made: dict[str, pa.Array] = {
            "audio": _audio(clips, rows["id"].to_pylist(), EXTENSION[self._settings.codec]),
            "duration": numbers(seconds),
            "audio_sha256": strings([clip.sha256 for clip in clips]),
        }
        columns = [made[f.name] if f.name in made else rows[f.name] for f in self._schema]
        return pa.Table.from_arrays(columns, schema=self._schema)

    def finish(self) -> ShardFacts:
        """Writes the footer and lets the shard appear."""
        self.flush()
        content = self._content.hexdigest()[:CONTENT_DIGITS]
        facts = ShardFacts(self.key, self._rows, self._samples, content, sorted(self._rejected))
        self._writer.add_key_value_metadata({FOOTER_KEY.decode(): json.dumps(asdict(facts))})
        try:
            self._writer.close()
        except OSError as error:
            raise readable_error(error, self.path) from error
        self._files.close()
        return facts

    def abort(self) -> None:
        """Leaves nothing behind."""
        self._writer.is_open = False  # else pyarrow closes it once more when it is collected
        error = _AbortedError()
        self._files.__exit__(_AbortedError, error, None)


class _AbortedError(Exception):
    pass


def _audio(clips: list[EncodedClip], ids: list[str], extension: str) -> pa.Array:
    contents = binaries([clip.content for clip in clips])
    paths = strings([f"{name.translate(_UNSAFE)}.{extension}" for name in ids])
    return pa.StructArray.from_arrays([contents, paths], fields=list(AUDIO_TYPE))
