"""Mini's reasoner: a Llama-class language model of about two million parameters that writes calls word by word."""

from dataclasses import dataclass
from pathlib import Path

from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from vireo.reasoning.reasoner.prompt import BOS, PAD


@dataclass(frozen=True)
class ReasonerConfig:
    width: int = 160
    layers: int = 5
    heads: int = 5
    hidden: int = 448
    longest: int = 512


@dataclass(frozen=True)
class Bundle:
    """The model and its tokenizer, saved into one folder."""

    model: LlamaForCausalLM
    tokenizer: PreTrainedTokenizerFast

    def save_pretrained(self, folder: str | Path) -> None:
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def build_model(words: int, config: ReasonerConfig) -> LlamaForCausalLM:
    """A new model for so many words, with random weights."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=words,
            hidden_size=config.width,
            intermediate_size=config.hidden,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            num_key_value_heads=config.heads,
            max_position_embeddings=config.longest,
            tie_word_embeddings=True,
            pad_token_id=PAD,
            bos_token_id=BOS,
            eos_token_id=None,
            attention_dropout=0.0,
        )
    )
