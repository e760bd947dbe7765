"""A process of rewards that is killed, hangs or breaks costs its batch and nothing else."""

import multiprocessing
import os
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from made_up_panels import NAMES, open_broken, open_nothing, open_obedient, open_slowly

from vireo.errors import InputError
from vireo.judges.judge import Sample
from vireo.rewards.panel_process import PanelProcess

CLIP = np.full((3, 64, 64, 3), 40, np.uint8)
"""Two of them fill a pipe, so that sending waits for who reads."""


def batch(*instructions):
    return [Sample(CLIP, CLIP, instruction) for instruction in instructions]


def children():
    return [child for child in multiprocessing.active_children() if child.name == "rewards"]


@pytest.fixture
def panel():
    with PanelProcess(open_obedient, NAMES, seconds=20, tries=3) as panel:
        yield panel
    assert not children(), "closed, and no zombie stays"


def process_of(scores):
    return int(scores.values["process"][0])


def test_it_scores_in_one_other_process(panel):
    first, second = panel.score(batch("a", "b")), panel.score([replace(batch("c")[0], edited=CLIP + 2)])
    assert first.values["brightness"].tolist() == [40, 40]
    assert second.values["brightness"].tolist() == [42]
    assert process_of(first) == process_of(second) == children()[0].pid != os.getpid()
    assert panel.score([]).values["brightness"].shape == (0,)
    assert panel.restarts == 0


@pytest.mark.parametrize(("fate", "why"), [("die", "was killed by signal 9"), ("break", "failed: ValueError: broken")])
def test_a_lost_batch_has_no_values_and_the_next_one_has(panel, fate, why):
    before = process_of(panel.score(batch("a")))
    lost = panel.score(batch("a", fate, "c"))
    assert all(np.isnan(lost.values[name]).tolist() == [True] * 3 for name in NAMES)
    assert lost.failures == {(name, f"the process {why}"): 3 for name in NAMES}
    after = panel.score(batch("a", "b"))
    assert after.values["brightness"].tolist() == [40, 40]
    assert after.failures == {}
    assert (process_of(after) != before, panel.restarts) == (True, 1)


def test_what_hangs_is_ended_in_time():
    with PanelProcess(open_obedient, NAMES, seconds=2, tries=2) as panel:
        assert process_of(panel.score(batch("a")))
        began = time.monotonic()
        lost = panel.score(batch("hang"))
        assert time.monotonic() - began < 30
        assert set(lost.failures) == {(name, "the process took longer than 2 s") for name in NAMES}
        assert panel.score(batch("b")).values["brightness"].tolist() == [40]


def test_a_process_that_does_not_read_is_ended_too():
    """Stopped, it never takes the batch, which is larger than what a pipe holds."""
    with PanelProcess(open_obedient, NAMES, seconds=2, tries=2) as panel:
        os.kill(process_of(panel.score(batch("a"))), signal.SIGSTOP)
        large = np.zeros((40, 128, 128, 3), np.uint8)
        lost = panel.score([Sample(large, large + 1, "b")])
        assert set(lost.failures) == {(name, "the process took longer than 2 s") for name in NAMES}


def test_a_process_that_went_between_batches_costs_none(panel):
    os.kill(process_of(panel.score(batch("a"))), signal.SIGKILL)
    for child in children():
        child.join()
    assert panel.score(batch("b")).values["brightness"].tolist() == [40]
    assert panel.restarts == 1


def test_failures_in_a_row_end_it():
    with PanelProcess(open_obedient, NAMES, tries=2) as panel:
        panel.score(batch("break"))
        panel.score(batch("a"))
        panel.score(batch("break"))
        with pytest.raises(InputError, match="2 times in a row; at last it failed: ValueError: broken"):
            panel.score(batch("break"))
        assert not children()


def test_what_cannot_be_opened():
    with PanelProcess(open_nothing, NAMES) as panel, pytest.raises(InputError, match="there are no weights"):
        panel.score(batch("a"))
    with PanelProcess(open_broken, NAMES, tries=1) as panel, pytest.raises(InputError, match="did not start: ValueE"):
        panel.score(batch("a"))
    slow = PanelProcess(open_slowly, NAMES, start_seconds=1, tries=1)
    with slow as panel, pytest.raises(InputError, match="took longer than 1 s"):
        panel.score(batch("a"))
    assert not children()


def test_interrupted_it_is_closed_and_can_be_asked_again(panel):
    first = process_of(panel.score(batch("a")))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite in the background ignores it
    threading.Timer(0.3, signal.pthread_kill, [threading.get_ident(), signal.SIGINT]).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            panel.score(batch("hang"))
    finally:
        signal.signal(signal.SIGINT, before)
    assert not children()
    again = panel.score(batch("b"))
    assert (again.values["brightness"].tolist(), process_of(again) != first) == ([40], True)
