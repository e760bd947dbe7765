import numpy as np
import pytest
import torch

from vireo.judges.asking import answer_chances
from vireo.judges.location import Location, locate
from vireo.models.chat import EVERYWHERE, MINI, NONE, WHERE, answer_ids
from vireo.models.instructor import build_mini_instructor, build_processor
from vireo.models.tokenizer import EOS, train_tokenizer
from vireo.world.truth import GRID

CLIPS = np.random.default_rng(0).integers(0, 256, (2, 5, 96, 96, 3), dtype=np.uint8)
PLACES = [name for row in GRID for name in row]


@pytest.fixture(scope="module")
def instructor():
    torch.manual_seed(0)
    tokenizer = train_tokenizer([f" make the red ball blue\n{WHERE}", *(f" {a}" for a in (*PLACES, NONE))] * 3, 340)
    return build_mini_instructor(len(tokenizer)).eval(), build_processor(tokenizer)


def by_hand(instructor, frame, said, answer):
    """The probability of an answer, token after token, by transformers' own forward pass."""
    model, processor = instructor
    ids = processor.tokenizer(f"<s> Look at the video.{'<image>' * 64}<user> {said}\n{WHERE}<assistant>").input_ids
    pixels = torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 127.5 - 1
    chance = 1.0
    for token in [*answer_ids(processor.tokenizer, MINI, answer), EOS]:
        logits = model(input_ids=torch.tensor([ids]), pixel_values=pixels).logits[0, -1]
        chance *= logits.softmax(-1)[token].item()
        ids = [*ids, token]
    return chance


def test_chances_are_those_of_whole_answers(instructor):
    texts = ["make it", "make the red ball blue"]
    answers = ["in the middle", NONE, "on the left"]
    with torch.no_grad():
        found = answer_chances(*instructor, [list(CLIPS[:, 0])], [f"{t}\n{WHERE}" for t in texts], answers, MINI)
        for row, text in enumerate(texts):
            for column, answer in enumerate(answers):
                wanted = by_hand(instructor, CLIPS[row, 0], text, answer)
                assert found[row, column].item() == pytest.approx(wanted, rel=1e-3)


def test_absent_is_the_mean_of_three_frames_and_places_are_of_the_first(instructor):
    first, second = locate(*instructor, list(CLIPS), ["make it", "make the red ball blue"])
    with torch.no_grad():
        chances = [by_hand(instructor, CLIPS[1, k], "make the red ball blue", NONE) for k in (0, 2, 4)]
        assert second.absent == pytest.approx(np.mean(chances), rel=1e-3)
        assert first.places[2, 1] == pytest.approx(by_hand(instructor, CLIPS[0, 0], "make it", GRID[2][1]), rel=1e-3)
        assert first.everywhere == pytest.approx(by_hand(instructor, CLIPS[0, 0], "make it", EVERYWHERE), rel=1e-3)


def test_likely_pixels_by_hand():
    places = np.array([[0.0, 0.0, 0.0], [0.9, 0.1, 0.0], [0.0, 0.0, 0.0]])
    likely = Location(0.0, 0.0, places).likely(100, 200)
    assert likely.shape == (100, 200)
    assert likely[55, 20] == 0.9  # on the left
    assert likely[55, 78] == 0.9  # a little over the border at 72
    assert likely[55, 100] == 0.1
    assert likely[20, 20] == 0.0
    assert likely[44, 20] == 0.9  # a little over the border at 47
    assert likely[55, 190] == 0.0


@pytest.mark.parametrize(
    "location",
    [
        Location(0.1, 0.6, np.full((3, 3), 0.03)),
        Location(0.7, 0.0, np.full((3, 3), 0.03)),
        Location(0.0, 0.0, np.full((3, 3), 0.1)),
    ],
    ids=["everywhere", "absent", "unsure"],
)
def test_without_a_place_nothing_is_unlikely(location):
    assert location.likely(10, 10) is None
