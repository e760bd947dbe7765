"""All exceptions of vireo, one tree.

    VireoError                what the command line turns into one line and an exit code
    ├── InputError            the user's input is wrong                       exit 2
    │   ├── VideoError        a file that is not a readable, or writable, video
    │   ├── ModelError        unknown preset, truncated or foreign weights
    │   ├── PlanError         a plan that its clip, its twin or the editor does not allow
    │   └── StudioError       the MuJoCo studio cannot render here (no GL)
    ├── CheckError            a check did not hold (a benchmark gate, verify)  exit 1
    ├── AsksBack              it is not clear enough what is meant            exit 3
    └── Cancelled             another thread has ended the work                exit 130

Every error says what is wrong and how to mend it; `assert` is for mistakes of ours.
"""


class VireoError(Exception):
    """Base. `what` says what is wrong and where, `fix` how to mend it."""

    exit_code = 70

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(f"{what} ({fix})" if fix else what)
        self.what, self.fix = what, fix


class InputError(VireoError):
    exit_code = 2


class VideoError(InputError):
    pass


class ModelError(InputError):
    pass


class PlanError(InputError):
    pass


class StudioError(InputError):
    pass


class CheckError(VireoError):
    exit_code = 1


class AsksBack(VireoError):
    """question: to the user. candidates: names of what may be meant and how likely each is, the likeliest first."""

    exit_code = 3

    def __init__(self, question: str, candidates: tuple[tuple[str, float], ...]) -> None:
        super().__init__(question, "say which one, or let it guess with --no-ask")
        self.question, self.candidates = question, candidates


class Cancelled(VireoError):
    exit_code = 130
