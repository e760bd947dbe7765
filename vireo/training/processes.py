"""One training run in several processes, as `torchrun` starts them: who takes which part, and what they agree on.

By torch.distributed itself; why not by accelerate: docs/decisions/0015-the-loop-without-accelerate.md, 0026.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor

Item = TypeVar("Item")


@dataclass(frozen=True)
class Processes:
    """rank: of this process, from 0. count: of all. All of them call the same methods in the same order."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def share(self, items: Sequence[Item]) -> list[Item]:
        """The part of this process: every `count`-th item."""
        return list(items[self.rank :: self.count])

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replaces each gradient by its mean over the processes; a missing one counts as zeros."""
        if self.count == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            dist.all_reduce(parameter.grad)
            parameter.grad /= self.count

    def gathered(self, value: Item) -> list[Item]:
        """What each process gives, by rank."""
        if self.count == 1:
            return [value]
        found: list[Any] = [None] * self.count
        dist.all_gather_object(found, value)
        return cast(list[Item], found)

    def agreed(self, value: Item) -> Item:
        """What the first process gives."""
        return self.gathered(value)[0]

    def joined(self, part: Tensor) -> Tensor:
        """The whole of which each process has the part that `share` gives: rows in the order of the items; on the
        CPU."""
        parts = self.gathered(part.cpu())
        whole = part.new_empty(sum(map(len, parts)), *part.shape[1:], device="cpu")
        for rank, each in enumerate(parts):
            whole[rank :: self.count] = each
        return whole


ALONE = Processes()

_PATIENCE = timedelta(hours=12)
"""How long processes wait for the first one, which may have thousands of pairs to render."""


def own_device(device: torch.device) -> torch.device:
    """The device of this process: of several on a machine each has a GPU of its own. device: of one alone."""
    rank = os.environ.get("LOCAL_RANK")
    return device if rank is None or device.type != "cuda" else torch.device("cuda", int(rank))


@contextlib.contextmanager
def joined_processes(device: torch.device) -> Iterator[Processes]:
    """The processes that torchrun has started, for the length of a `with` block; this one alone without it."""
    if "WORLD_SIZE" not in os.environ or dist.is_initialized():
        yield Processes(dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(own_device(device))
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Processes(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
