"""Any chat model as a writer of calls: behind an OpenAI-compatible endpoint (`vireo.judges.remote`), or local."""

from collections.abc import Sequence

from vireo.errors import ModelError
from vireo.judges.chat_model import Chat
from vireo.judges.rubric import UnusableReply
from vireo.reasoning.hops import Language
from vireo.reasoning.reasoner.few_shot import introduction, question
from vireo.reasoning.reasoner.prompt import Turn
from vireo.reasoning.reasoner.protocol import Refused, Written

_ORDER = "\nAnswer with the next line only: one call, without its answer."


class ChatWriter:
    """Nothing but words is sent: the query, and what was called and answered."""

    def __init__(self, chat: Chat, language: Language) -> None:
        self.chat, self.language, self.name = chat, language, chat.name

    def unknown(self, query: str) -> str:
        return ""

    def write(self, query: str, turns: Sequence[Turn], refused: Sequence[Refused]) -> Written:
        """Raises ModelError where no answer comes."""
        prompt = introduction(self.language, forms=True) + question(query, turns, refused)
        answer = self.chat.ask(prompt + _ORDER, (), _first_line)
        if answer.value is None:
            raise ModelError(answer.failure or "no answer", "try again, or use another reasoner")
        return Written(answer.value)


def _first_line(reply: str) -> str:
    """The call in a reply, code marks and a repeated answer left out. Raises UnusableReply for an empty one."""
    lines = [line.strip().strip("`") for line in reply.splitlines()]
    line = next((line for line in lines if line), "")
    if not line:
        raise UnusableReply("an empty reply")
    return line.partition("->")[0].strip()
