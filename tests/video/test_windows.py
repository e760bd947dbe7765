import weakref

import numpy as np
import pytest

from vireo.video.windows import join, split


@pytest.mark.parametrize("overlap", [0, 1, 2, 4])
@pytest.mark.parametrize("total", [1, 2, 8, 9, 10, 15, 16, 17, 18, 50, 100])
def test_windows_are_full_and_cover_every_frame(total, overlap):
    windows = list(split(range(total), 9, overlap))
    covered = []
    for window in windows:
        real = window.items[: window.count]
        assert len(window.items) == 9
        assert real == list(range(window.start, window.start + window.count))
        assert set(window.items[window.count :]) <= {total - 1}
        covered += real
    assert set(covered) == set(range(total))
    # No window more than needed: the next but one would not have been necessary.
    assert len(windows) == (1 if total <= 9 else 1 + -(-(total - 9) // (9 - overlap)))


def test_nothing_gives_no_window():
    assert list(split([], 9, 2)) == []


def test_splitting_holds_little():
    alive = weakref.WeakSet()

    class Item:
        def __init__(self):
            alive.add(self)

    most = 0
    for _ in split((Item() for _ in range(500)), 9, 2):
        most = max(most, len(alive))
    assert 9 <= most <= 2 * 9 + 1


@pytest.mark.parametrize("total", [1, 5, 9, 13, 40])
def test_joining_gives_every_item_once_and_keeps_consistent_results(total):
    windows = ((w, np.array([[float(i), 2.0 * i] for i in w.items])) for w in split(range(total), 9, 2))
    joined = list(join(windows))
    assert [item for item, _ in joined] == list(range(total))
    for item, parts in joined:
        assert sum(share for share, _ in parts) == pytest.approx(1)
        for _, value in parts:
            assert np.allclose(value, [item, 2 * item])


def test_overlaps_fade_from_one_window_into_the_next():
    windows = ((w, np.full((9, 1), float(w.start))) for w in split(range(16), 9, 2))
    values = [sum(share * value[0] for share, value in parts) for _, parts in join(windows)]
    assert values[:7] == [0.0] * 7
    assert values[7] == pytest.approx(7 / 3)
    assert values[8] == pytest.approx(14 / 3)
    assert values[9:] == [7.0] * 7
