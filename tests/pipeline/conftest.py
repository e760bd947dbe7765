import numpy as np
import pytest
from tiny_editor import tiny_pipeline


@pytest.fixture(scope="session")
def tiny_pipe():
    return tiny_pipeline(steps=3, guidance=2.0)


@pytest.fixture
def clip():
    return np.random.default_rng(0).integers(0, 256, (9, 96, 96, 3), dtype=np.uint8)
