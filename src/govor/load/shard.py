"""One Parquet shard: the bytes of any clip."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from govor.errors import DatasetError
from govor.load.content import Content
from govor.load.positions import AUDIO_COLUMN, Positions
from govor.parquet import reading

AGAIN = "copy or prepare it again"
GROUPS_KEPT = 2  # row groups held in memory for shards whose clips have no positions


class Shard:
    """A Parquet file, opened when first used; pickles as its place."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self._metadata: Any = None
        self._positions: Positions | None = None
        self._groups: OrderedDict[int, Any] = OrderedDict()
        self._starts: Any = None

    def __reduce__(self) -> tuple[type[Shard], tuple[Content]]:
        return Shard, (self.content,)

    def clip_bytes(self, row: int) -> bytes:
        """Encoded audio of one row of this shard."""
        if self._metadata is None:
            self._open()
        if self._positions is None:
            return self._from_group(row)
        length = int(self._positions.lengths[row])
        found = self.content.part(int(self._positions.offsets[row]), length)
        if len(found) != length:
            raise DatasetError(
                f"{self.content.name} ends inside the clip of row {row}: copy or prepare it again"
            )
        return found

    def _open(self) -> None:
        import pyarrow.parquet as pq

        with reading(self.content.name, DatasetError, AGAIN):
            with self.content.whole() as file:
                metadata = pq.read_metadata(file)
            positions = self.content.positions(metadata)
        complete = positions is not None and len(positions.offsets) == metadata.num_rows
        self._positions = positions if complete else None
        groups = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self._starts = np.concatenate([[0], np.cumsum(groups)])
        self._metadata = metadata

    def _from_group(self, row: int) -> bytes:
        group = int(np.searchsorted(self._starts, row, side="right")) - 1
        if group not in self._groups:
            self._groups[group] = self._read_group(group)
            if len(self._groups) > GROUPS_KEPT:
                self._groups.popitem(last=False)
        self._groups.move_to_end(group)
        value = self._groups[group][row - int(self._starts[group])].as_py()
        if not isinstance(value, bytes):
            raise DatasetError(
                f"{self.content.name}: row {row} has no audio bytes: prepare the data set again"
            )
        return value

    def _read_group(self, group: int) -> Any:
        import pyarrow.parquet as pq

        with reading(self.content.name, DatasetError, AGAIN):
            with self.content.whole() as file, pq.ParquetFile(file) as shard:
                table = shard.read_row_group(group, columns=[AUDIO_COLUMN])
            table.validate(full=True)
            if "audio" not in table.column_names or table.schema.field("audio").type.num_fields != 1:
                raise DatasetError(f"{self.content.name} has no column {AUDIO_COLUMN}: {AGAIN}")
        return table.column("audio").combine_chunks().field("bytes")

    def close(self) -> None:
        """Closes the file; the next use opens it again."""
        self.content.close()
        self._groups.clear()

    def __del__(self) -> None:
        self.close()
