"""Exponential moving average of what a module trains."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class MovingAverage:
    """Of the trainable parameters, in float32; the decay rises with the steps, as min(decay, (1 + n) / (10 + n)).

    torch's `AveragedModel` copies the module that it is given. It gets a list of the trainable parameters instead of
    the module, so that the frozen ones, which may be many gigabytes, are not copied.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.trained = [p for p in module.parameters() if p.requires_grad]

        def mix(averaged: Any, current: Any, count: Tensor | int) -> None:
            steps = int(self.average.n_averaged)  # `count` is a copy of it on the device, and reading that would wait
            get_ema_multi_avg_fn(min(decay, (1 + steps) / (10 + steps)))(averaged, current, count)

        self.average = AveragedModel(self._current(), multi_avg_fn=mix)
        self.update()  # the first one copies: the weights before training count as the first average

    def _current(self) -> nn.ParameterList:
        return nn.ParameterList(p.detach().float() for p in self.trained)

    def update(self) -> None:
        """Takes in the weights after one more step."""
        self.average.update_parameters(self._current())

    @torch.no_grad()
    def copy_to_module(self) -> None:
        for parameter, average in zip(self.trained, self.average.module.parameters(), strict=True):
            parameter.copy_(average)

    @contextlib.contextmanager
    def in_module(self) -> Iterator[None]:
        """The averaged weights in the module for the length of a `with` block."""
        kept = [p.detach().clone() for p in self.trained]
        self.copy_to_module()
        try:
            yield
        finally:
            with torch.no_grad():
                for parameter, value in zip(self.trained, kept, strict=True):
                    parameter.copy_(value)

    def state_dict(self) -> dict[str, Any]:
        return self.average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.average.load_state_dict(state)
