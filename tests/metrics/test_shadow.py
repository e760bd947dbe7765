import numpy as np
import pytest

from vireo.metrics.shadow import Trace, left_behind, removal_trace


def test_shadow_energy_outside_the_object_only():
    shape = (1, 32, 64)
    removed, mask = np.zeros(shape, bool), np.zeros(shape, bool)
    removed[0, 10:14, 10:14] = True
    mask[0, 10:14, 10:14] = True
    mask[0, 20:22, 10:14] = True  # the shadow: 8 pixels
    mask[0, 14, 10:14] = True  # the rim of one pixel at this width belongs to the object
    target = np.full((*shape, 3), 200, np.uint8)
    source = target.copy()
    source[removed] = 30
    source[0, 14, 10:14] = 90
    source[0, 20:22, 10:14] = 160

    pasted = source.copy()
    pasted[removed] = 200
    assert removal_trace(pasted, source, target, mask, removed) == Trace(8 * 3 * 40**2, 8 * 3 * 40**2)

    half = pasted.copy()
    half[0, 20:22, 10:14] = 180
    trace = removal_trace(half, source, target, mask, removed)
    assert left_behind([trace]) == pytest.approx(0.25)
    assert left_behind([trace, Trace(0, trace.pasted)]) == pytest.approx(0.125)


def test_no_shadow_anywhere_is_no_number():
    assert left_behind([Trace(0, 0)]) is None
