"""Writers that were not trained on the language of calls: held to it by decoding, or told of it."""

import pytest
import torch
from hand_made import thing, twin_of
from transformers import LlamaConfig, LlamaForCausalLM

from vireo.errors import ModelError
from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.judges.chat_model import Answer
from vireo.judges.rubric import UnusableReply
from vireo.models.tokenizer import train_tokenizer
from vireo.reasoning.hops import Language
from vireo.reasoning.reasoner.chat import ChatWriter
from vireo.reasoning.reasoner.few_shot import examples, introduction, question
from vireo.reasoning.reasoner.opening import open_reasoner
from vireo.reasoning.reasoner.prompt import Turn
from vireo.reasoning.reasoner.protocol import Reasoner, Refused
from vireo.reasoning.reasoner.transformers_lm import TransformersWriter

VOCABULARY = studio_vocabulary()
LANGUAGE = Language(VOCABULARY)
TWIN = twin_of(thing(1, [(20, 50)] * 9, category="ball"), thing(2, [(80, 50)] * 9, color="blue"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A causal language model with random weights and a tokenizer of parts of words."""
    folder = tmp_path_factory.mktemp("lm") / "tiny"
    tokenizer = train_tokenizer([" ".join(LANGUAGE.words()[:40]), "make the red ball blue"], vocab_size=320)
    torch.manual_seed(1)
    settings = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=8192, **settings))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def writer(folder):
    return TransformersWriter.from_pretrained(folder, LANGUAGE)


@pytest.mark.parametrize(
    "turns", [[], [Turn("find color=red", 1, ("o1",))], [Turn("find", 1, ("o1",)), Turn("remove #1")]]
)
def test_whatever_a_model_prefers_it_writes_a_call(writer, turns):
    for query in ("make the ball blue", "\x00 nonsense", "remove #1"):
        written = writer.write(query, turns, [])
        LANGUAGE.parse(written.text, ["objects"] * bool(turns))
        assert written == writer.write(query, turns, []), "what is kept of the introduction is not used up"


def test_every_start_of_a_call_can_be_gone_on_with(writer):
    for line in ("related approached-by #1 color=red in #1 at-end\n", "add shape=ball place=at_the_back_left\n"):
        for size in range(len(line)):
            allowed = {writer.texts[place] for place in writer._allowed(line[:size], ["objects"])}
            assert any(line[size:].startswith(text) for text in allowed), line[:size]
            assert not any(text.startswith("z") for text in allowed)


def test_a_model_of_the_hub_makes_plans(folder):
    plan = open_reasoner(folder, VOCABULARY).plan("make the ball blue", TWIN)
    assert bool(plan.steps) != (plan.fallback is not None)
    assert plan.reasoner == "tiny"


def test_the_introduction_tells_forms_and_examples():
    text = introduction(LANGUAGE, forms=True)
    assert "related left-of|right-of" in text
    assert len(examples(LANGUAGE)) == text.count("Query: ")
    for query in examples(LANGUAGE):
        assert all(LANGUAGE.print(call) in text for call in query.calls)
    asked = question("paint it", [Turn("find", 1, ("o1", "o2"))], [Refused("paint #1", "no call")])
    assert asked == "Query: paint it\nfind -> #1 o1 o2\n(not 'paint #1': no call)\n"


class Replies:
    """A chat model that gives these replies in turn."""

    name, workers = "replies", 1

    def __init__(self, *replies):
        self.replies, self.asked = list(replies), []

    def ask(self, text, groups, read):
        self.asked.append((text, groups))
        try:
            return Answer(read(self.replies.pop(0)))
        except UnusableReply as error:
            return Answer(None, str(error))


def test_chat_models_write_a_line_at_a_time():
    chat = Replies("find color=blue -> #1 o2\nremove #1", "```", "`remove #1`", "end")
    plan = Reasoner(ChatWriter(chat, LANGUAGE), VOCABULARY).plan("remove the blue thing", TWIN)
    assert plan.fallback == "an empty reply"
    chat = Replies("find color=blue -> #1 o2\nremove #1", "paint it", "`remove #1`", "end")
    plan = Reasoner(ChatWriter(chat, LANGUAGE), VOCABULARY).plan("remove the blue thing", TWIN)
    assert [step.instruction for step in plan.steps] == ["remove the blue cube"]
    assert "paint it" in chat.asked[2][0]
    assert all(groups == () for _, groups in chat.asked), "no pictures are sent"


def test_an_endpoint_that_is_down_is_a_fallback():
    reasoner = open_reasoner("http://127.0.0.1:9/v1#some-model", VOCABULARY)
    reasoner.writer.chat.attempts = 1
    plan = reasoner.plan("remove the blue thing", TWIN)
    assert "ConnectError" in plan.fallback
    assert not plan.steps


def test_what_is_no_model_is_said(tmp_path):
    (tmp_path / "note.gguf").write_bytes(b"no model")
    for name in ("nobody", tmp_path / "note.gguf", tmp_path):
        with pytest.raises(ModelError):
            open_reasoner(name, VOCABULARY)
