"""The processes of a run, and what they add up together.

Gradients are added once per optimiser step, in one fixed layout, after all backward passes: a process
that runs out of memory can replay its part alone without the others waiting inside a backward pass, and
the order of additions never changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

BUCKET_BYTES = 64_000_000


@dataclass(frozen=True)
class Ranks:
    """This process among the others.

    Attributes:
        rank: this one.
        size: how many.
        device: where its tensors live.
    """

    rank: int
    size: int
    device: Any

    @property
    def main(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def sum(self, values: Sequence[float]) -> list[float]:
        """Adds numbers over all processes, in double precision."""
        if self.size == 1:
            return [float(v) for v in values]
        import torch
        import torch.distributed as dist

        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor)
        return [float(v) for v in tensor.tolist()]

    def sum_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Adds gradients over all processes in place; one that a process lacks counts as zero."""
        if self.size == 1:
            return
        import torch
        import torch.distributed as dist

        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        for bucket in _buckets(parameters):
            flat = torch.cat([p.grad.reshape(-1) for p in bucket if p.grad is not None])
            dist.all_reduce(flat)
            offset = 0
            for p in bucket:
                p.grad = flat[offset : offset + p.numel()].view_as(p)
                offset += p.numel()

    def share_model(self, model: torch.nn.Module) -> None:
        """Every process takes the parameters and buffers of the first."""
        if self.size == 1:
            return
        import torch.distributed as dist

        for tensor in [*model.parameters(), *model.buffers()]:
            dist.broadcast(tensor.data, src=0)

    def share_buffers(self, model: torch.nn.Module) -> None:
        """Every process takes the buffers (running statistics) of the first."""
        if self.size == 1:
            return
        import torch.distributed as dist

        for tensor in model.buffers():
            dist.broadcast(tensor.data, src=0)

    def gather(self, value: Any) -> list[Any]:
        """`value` of every process, in their order."""
        if self.size == 1:
            return [value]
        import torch.distributed as dist

        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def from_main(self, value: Any) -> Any:
        """The main process's `value`."""
        if self.size == 1:
            return value
        import torch.distributed as dist

        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]


def _buckets(parameters: Sequence[torch.nn.Parameter]) -> Iterator[list[torch.nn.Parameter]]:
    bucket: list[torch.nn.Parameter] = []
    size = 0
    for parameter in parameters:
        amount = parameter.numel() * parameter.element_size()
        if bucket and (size + amount > BUCKET_BYTES or parameter.dtype != bucket[0].dtype):
            yield bucket
            bucket, size = [], 0
        bucket.append(parameter)
        size += amount
    if bucket:
        yield bucket
