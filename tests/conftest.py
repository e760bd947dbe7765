import os

import pytest
from warm_decoders import WarmDecoders

from vireo.video.io import sandbox

COLD_STARTS = "video/test_sandbox.py"
"""The tests of how decoders start, end and are limited."""


def pytest_addoption(parser):
    parser.addoption("--mutations", type=int, default=20, help="damaged files in tests/video/test_mutations.py")
    parser.addoption("--receipts", type=int, default=2, help="edits verified in tests/pipeline/test_receipt.py")
    parser.addoption("--same", type=int, default=2, help="pairs edited both ways in tests/evaluation/test_same_edit.py")
    parser.addoption("--long", action="store_true", help="full lengths in tests/pipeline/test_endurance.py")
    parser.addoption("--everyday", action="store_true", help="all instructions in tests/pipeline/test_everyday.py")
    parser.addoption("--misleading", action="store_true", help="all clips in tests/pipeline/test_misleading.py")


@pytest.fixture(scope="session")
def warm_decoders():
    decoders = WarmDecoders()
    yield decoders
    decoders.stop()


@pytest.fixture(scope="module", autouse=True)
def quick_readers(request, warm_decoders):
    """Files are opened without loading a decoder each time."""
    if not hasattr(os, "pidfd_open") or str(request.path).endswith(COLD_STARTS):
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "subprocess", warm_decoders.module)
        yield


LONG = (
    *("test_shipped.py", "pipeline/test_endurance.py", "training/test_mini.py", "training/test_loop.py"),
    *("training/test_vlm.py", "world/test_world_pairs.py", "evaluation/test_ablation.py"),
    *("evaluation/test_interrupted_runs.py", "world/test_footage.py", "training/test_perception.py"),
    *("test_footage_edits.py", "evaluation/test_reward_lab.py"),
)
"""Files of half a minute and more: they come first, so that no worker is left alone with one at the end."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: not str(item.path).endswith(LONG))
