import numpy as np
import pytest
from torch import from_numpy
from torch.nn.functional import cosine_similarity

from vireo.metrics.consistency import frame_consistency, similarity, temporal_flickering


def test_flickering_by_hand():
    video = np.zeros((3, 2, 2, 3), np.uint8)
    assert temporal_flickering(video) == 1
    video[1] = 51
    assert temporal_flickering(video) == pytest.approx(1 - 51 / 255)
    video[1] = 255
    assert temporal_flickering(video) == 0
    assert temporal_flickering(video[:1]) == 1


def test_consistency_as_vbench_counts_it():
    """VBench adds up, frame after frame, the mean of the similarities to the previous and to the first one."""
    vectors = np.random.default_rng(0).normal(0.5, 1, (7, 16)).astype(np.float32)
    frames, total = from_numpy(vectors), 0.0
    for k in range(1, 7):
        to_first = cosine_similarity(frames[0:1], frames[k : k + 1]).item()
        to_previous = cosine_similarity(frames[k - 1 : k], frames[k : k + 1]).item()
        total += (to_first + to_previous) / 2
    assert frame_consistency(vectors) == pytest.approx(total / 6, abs=1e-6)
    assert frame_consistency(np.ones((5, 3))) == pytest.approx(1)
    assert frame_consistency(np.ones((1, 3))) == 1


def test_similarity_by_hand():
    a, b = np.array([[1.0, 0.0], [2.0, 0.0]]), np.array([[5.0, 0.0], [0.0, 1.0]])
    assert similarity(a, b) == 0.5
    assert similarity(a, a) == 1
