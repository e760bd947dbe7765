"""All rewards by name. A new reward is one file of this room and one line here; see CONTRIBUTING.md."""

from vireo.rewards.checklist import CHECKLIST
from vireo.rewards.critic import CRITIC
from vireo.rewards.mix import RECOMMENDED
from vireo.rewards.preference import PREFERENCE
from vireo.rewards.r_if import R_IF
from vireo.rewards.r_ps import R_PS
from vireo.rewards.r_sp import R_SP, R_SP_OUTSIDE
from vireo.rewards.scorer import Scorer
from vireo.rewards.seen_change import SEEN_CHANGE

_ALL = (
    CRITIC,
    CHECKLIST,
    RECOMMENDED,
    R_IF,
    R_SP,
    R_SP_OUTSIDE,
    R_PS,
    PREFERENCE,
    SEEN_CHANGE,
)

REWARDS: dict[str, Scorer] = {reward.name: reward for reward in _ALL}
assert len(REWARDS) == len(_ALL), "two rewards of one name"
