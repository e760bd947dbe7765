import numpy as np
import pytest

from vireo.errors import InputError
from vireo.rewards.votes import mean_votes, read_answers, votes_of

HEAD = "time,rater,item,criterion,first,second,outcome\n"
ANSWERS = f"""{HEAD}t,ann,p1,quality,good,poor,win
t,ann,p1,following,good,poor,tie
t,bob,p1,quality,poor,good,lose
t,bob,p1,quality,fair,good,lose
t,bob,p2,quality,poor,good,win
t,bob,p2,qual"""


def test_votes_by_hand(tmp_path):
    """The last line was cut off."""
    (tmp_path / "answers.csv").write_text(ANSWERS)
    answers = read_answers(tmp_path / "answers.csv")
    assert len(answers) == 5
    assert mean_votes(answers) == {
        ("p1", "good"): pytest.approx((1 + 0.5 + 1 + 1) / 4),
        ("p1", "poor"): pytest.approx((0 + 0.5 + 0) / 3),
        ("p1", "fair"): 0,
        ("p2", "poor"): 1,
        ("p2", "good"): 0,
    }
    quality = mean_votes(answers, "quality")
    assert quality["p1", "good"] == 1
    found = votes_of([("p1", "poor"), ("p3", "poor"), ("p2", "poor")], quality)
    np.testing.assert_equal(found, [0, np.nan, 1])


def test_files_that_are_no_answers(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no file of answers"):
        read_answers(tmp_path / "other.csv")
    with pytest.raises(InputError, match="cannot read"):
        read_answers(tmp_path / "none.csv")
