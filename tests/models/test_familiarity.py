import numpy as np
import pytest
import torch
from photographs import footage
from procedural import procedural_clips
from scipy.spatial.distance import mahalanobis

from vireo.models.editors.opening import open_editor
from vireo.models.instructor import familiarity
from vireo.models.instructor.familiarity import LAYER, RIDGE, Familiarity, fit_familiarity
from vireo.models.instructor.states import pixel_values
from vireo.world.render import render
from vireo.world.sampling import sample_scene

RNG = np.random.default_rng(0)
CLIPS = [np.clip(RNG.normal(level, 20, (3, 24, 24, 3)), 0, 255).astype(np.uint8) for level in range(60, 190, 2)]


@pytest.fixture(scope="module")
def instructor():
    return open_editor("mini").pipe.templated_instructor


def test_it_is_the_mahalanobis_distance_of_the_towers_mean_state(instructor):
    def states(clip):
        tower, pixels = instructor.model.model.vision_tower, pixel_values(instructor.processor, list(clip))
        with torch.no_grad():
            return tower(pixels, output_hidden_states=True).hidden_states[LAYER].mean(1).double().numpy()

    fitted = fit_familiarity(instructor, CLIPS)
    known = np.concatenate([states(clip) for number, clip in enumerate(CLIPS) if number % 10])
    covariance = np.cov(known.T)
    covariance += RIDGE * np.diag(covariance).mean() * np.eye(len(covariance))
    inverse, new = np.linalg.inv(covariance), np.full((3, 24, 24, 3), 250, np.uint8)
    wanted = np.mean([mahalanobis(state, known.mean(0), inverse) for state in states(new)])
    assert fitted.distances(instructor, [new, CLIPS[3]])[0] == pytest.approx(wanted, rel=1e-3)
    apart = fitted.distances(instructor, CLIPS[::10])
    assert fitted.limit.item() == pytest.approx(familiarity.MARGIN * np.quantile(apart, 0.999), rel=1e-4)
    assert fitted.unfamiliar(instructor, [new, CLIPS[3]]).tolist() == [True, False]


def test_it_comes_back_from_a_folder(instructor, tmp_path):
    fitted = fit_familiarity(instructor, CLIPS)
    fitted.save_pretrained(tmp_path)
    again = Familiarity.from_pretrained(tmp_path)
    assert np.array_equal(again.distances(instructor, CLIPS[:2]), fitted.distances(instructor, CLIPS[:2]))
    assert again.limit == fitted.limit


def test_mini_takes_the_studio_for_familiar_and_nothing_else(instructor):
    shipped = open_editor("mini").pipe.familiarity
    scenes = [sample_scene(980_000 + number, width) for number, width in enumerate((96, 171, 72, 128, 96, 96))]
    studio = [render(scene, truth=False).frames for scene in scenes]
    assert not shipped.unfamiliar(instructor, studio).any()
    others = footage() | procedural_clips()
    assert shipped.unfamiliar(instructor, list(others.values())).all()
