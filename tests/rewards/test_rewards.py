"""Rewards of samples whose networks' outputs are made up."""

import numpy as np
import pytest

from vireo.judges.judge import Sample
from vireo.rewards.critic import CRITIC, QUESTIONS
from vireo.rewards.evidence import Evidence, Networks
from vireo.rewards.mix import RECOMMENDED
from vireo.rewards.r_if import R_IF
from vireo.rewards.r_ps import R_PS
from vireo.rewards.r_sp import R_SP, R_SP_OUTSIDE
from vireo.rewards.registry import REWARDS
from vireo.rewards.scorer import Scorer, Undefined, computable, score_sample

ANSWERS = {"accuracy": 0.9, "overall": 0.4, "preservation": 1.0, "naturalness": 0.8, "realism": 0.6}


class Colours:
    """A CLIP whose space is red, green and blue."""

    def __init__(self):
        self.calls = 0

    def pictures(self, pictures):
        self.calls += 1
        means = np.stack([picture.reshape(-1, 3).mean(0) for picture in pictures]) + 1e-6
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def texts(self, texts):
        return np.stack([np.eye(3)[("red", "green", "blue").index(text)] for text in texts])


def filled(colour):
    return np.zeros((4, 20, 20, 3), np.uint8) + np.array(colour, np.uint8)


def sample(**fields):
    captions = {"source_caption": "red", "target_caption": "blue"}
    return Sample(filled((200, 0, 0)), filled((0, 0, 200)), "make it blue", **(captions | fields))


def evidence(given=None, **backbones):
    made = Evidence(sample() if given is None else given, Networks(backbones=backbones))
    made._known.update({("p_yes", question, made.sample.instruction): ANSWERS[question] for question in QUESTIONS})
    return made


def test_vivas_terms_by_hand():
    right = evidence(clip=Colours())
    assert R_IF(right) == pytest.approx(2 - 1, abs=1e-6), "cosine 1 to blue less cosine 0 to red"
    assert R_SP(right) == pytest.approx(0, abs=1e-6)
    assert R_PS(right) == pytest.approx(1, abs=1e-6)
    undone = evidence(Sample(filled((200, 0, 0)), filled((200, 0, 0)), "", source_caption="red", target_caption="blue"))
    undone.networks.backbones["clip"] = Colours()
    assert (R_IF(undone), R_SP(undone)) == (pytest.approx(-1, abs=1e-6), pytest.approx(1, abs=1e-6))


def test_source_preservation_outside_of_the_region():
    """The region is the right half; only the left one counts."""
    region = np.zeros((4, 20, 20), bool)
    region[:, :, 10:] = True
    inside, everywhere = filled((200, 0, 0)), filled((0, 0, 200))
    inside[region] = (0, 0, 200)
    kept = Sample(filled((200, 0, 0)), inside, "", region=region)
    assert R_SP_OUTSIDE(evidence(kept, clip=Colours())) == pytest.approx(1)
    assert R_SP(evidence(kept, clip=Colours())) == pytest.approx(0.5**0.5), "half red, half blue"
    strayed = Sample(filled((200, 0, 0)), everywhere, "", region=region)
    assert R_SP_OUTSIDE(evidence(strayed, clip=Colours())) == pytest.approx(0.5**0.5)
    assert R_SP_OUTSIDE(evidence(clip=Colours())) == Undefined("no region")
    whole = Sample(inside, inside, "", region=np.ones_like(region))
    assert R_SP_OUTSIDE(evidence(whole, clip=Colours())) == Undefined("the region is the whole picture")


def test_a_batch_shares_its_sources_and_texts():
    clip = Colours()
    first = sample()
    batch = [first, Sample(first.source, filled((0, 200, 0)), "", source_caption="red", target_caption="blue")]
    values = [(R_SP(each), R_IF(each)) for each in Evidence.of_batch(batch, Networks(backbones={"clip": clip}))]
    assert clip.calls == 3, "one source, two edits"
    alone = [(R_SP(each), R_IF(each)) for each in (Evidence(s, Networks(backbones={"clip": clip})) for s in batch)]
    assert values == alone


def test_without_a_caption_a_reward_is_undefined():
    assert R_IF(evidence(sample(source_caption=""), clip=Colours())) == Undefined("no source caption")
    assert R_PS(evidence(sample(target_caption=""), clip=Colours())) == Undefined("no target caption")


def test_the_critic_and_what_we_recommend():
    assert CRITIC(evidence()) == pytest.approx(0.74)
    assert RECOMMENDED(evidence()) == pytest.approx((0.9 * 0.4) ** 0.5), "the change is seen in full"
    undone = Sample(filled((200, 0, 0)), filled((200, 0, 0)), "make it blue")
    assert RECOMMENDED(evidence(undone)) == 0, "nothing done earns nothing, whatever the critic says"


def test_only_who_may_see_the_truth_is_given_it():
    given = evidence(sample(target=filled((0, 0, 200)), mask=np.ones((4, 20, 20), bool)))
    reads = lambda e: float(e.sample.target is not None)  # noqa: E731
    assert Scorer(name="blind", score=reads)(given) == 0
    assert Scorer(name="seeing", score=reads, sees_truth=True)(given) == 1


def test_what_is_loaded_decides_and_networks_are_asked_once():
    clip = Colours()
    networks = Networks(backbones={"clip": clip})
    names = {scorer.name for scorer in computable(REWARDS.values(), networks)}
    assert {"R_IF", "R_PS", "seen change"} <= names
    assert not names & {"R_SP", "critic", "recommended"}, "no instructor is loaded"
    assert set(score_sample([R_IF, R_PS], sample(), networks)) == {"R_IF", "R_PS"}
    assert clip.calls == 1, "the edited frames, for two rewards"
