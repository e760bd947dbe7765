"""ViCLIP (Wang et al. 2024, InternVid): clips and texts in one space; VBench's overall consistency and EditVerse's
video-text alignment, which VIVA's Table 1 shows.

The network is CLIP's, whose picture tower reads the patches of all frames at once, with a vector for each frame's place
in time added to them; so transformers' CLIP computes it. The checkpoints are read as they were published
(OpenGVLab/ViCLIP, ViClip-InternVid-10M-FLT.pth).
"""

import gzip
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import snapshot_download
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode

from vireo.errors import ModelError
from vireo.models.backbones.encoders import text_tokens, units
from vireo.models.weights import foreign_weights
from vireo.runtime import pick_device

HEAD = 64
"""Channels of an attention head in every CLIP of this family."""

VOCABULARY = "bpe_simple_vocab_16e6.txt.gz"
"""CLIP's merges as OpenAI and ViCLIP ship them."""

_FILES = ("*.safetensors", "*.pth", "*.bin", VOCABULARY, "vocab.json", "merges.txt", "tokenizer*.json")


class ViClip:
    """times: (T, D), what is added to the patches of each of T frames.

    Frames are made small with antialiasing, as EditVerse does it; VBench does so without.
    """

    def __init__(self, name: str) -> None:
        """name: a folder or a hub id, with one file of weights and CLIP's vocabulary. Raises ModelError."""
        with foreign_weights(name):
            folder = Path(name) if Path(name).is_dir() else Path(snapshot_download(name, allow_patterns=list(_FILES)))
            state = _stored(folder)
            # Any: transformers' types leave out what its classes return.
            self.model: Any = nn.Module.to(_as_clip(state).eval(), pick_device())
            self.times = state["vision_encoder.temporal_positional_embedding"][0].to(self.model.device)
            self.tokenizer = _tokenizer(folder)
            words, size = self.model.config.text_config.vocab_size, self.model.config.vision_config.image_size
            if len(self.tokenizer) != words:  # without its files transformers makes a tokenizer of two words
                raise ModelError(f"{folder} has no vocabulary of {words} words", f"put CLIP's {VOCABULARY} there")
            processor: Any = CLIPImageProcessor
            self.processor = processor(size={"shortest_edge": size}, crop_size={"height": size, "width": size})
            self.clip(np.full((self.frames, 64, 64, 3), 128, np.uint8))
            self.text("grey")

    @property
    def frames(self) -> int:
        """How many frames it reads."""
        return len(self.times)

    @torch.no_grad()
    def clip(self, video: np.ndarray) -> np.ndarray:
        """Unit vector (D,) of `frames` frames, uint8 (T, H, W, 3)."""
        pixels = self.processor(images=list(video), return_tensors="pt").pixel_values.to(self.model.device)
        tower = self.model.vision_model
        tokens = tower.embeddings(pixels)
        patches = (tokens[:, 1:] + self.times[:, None]).flatten(0, 1)
        states = tower.pre_layrnorm(torch.cat([tokens[0, :1], patches])[None])
        first = tower.encoder(inputs_embeds=states).last_hidden_state[:, 0]
        return units(self.model.visual_projection(tower.post_layernorm(first)))[0]

    @torch.no_grad()
    def text(self, text: str) -> np.ndarray:
        """Unit vector (D,); longer texts than the model takes (32 tokens) are cut."""
        tokens = text_tokens(self.tokenizer, [text], self.model.config.text_config.max_position_embeddings)
        return units(self.model.get_text_features(**tokens.to(self.model.device)).pooler_output)[0]


def spread_places(length: int, count: int) -> list[int]:
    """EditVerse's frames of a clip: k length / count, rounded down."""
    return [k * length // count for k in range(count)]


def middle_places(length: int, count: int) -> list[int]:
    """VBench's: the middle of each of `count` equal parts; of shorter clips all frames, and the last one again."""
    bounds = np.linspace(0, length, min(count, length) + 1).astype(int)
    places = [int(begin + end - 1) // 2 for begin, end in itertools.pairwise(bounds)]
    return places + places[-1:] * (count - len(places))


def _stored(folder: Path) -> dict[str, Tensor]:
    """The tensors of the only file of weights; pickles may hold nothing but tensors."""
    paths = [path for pattern in _FILES[:3] for path in sorted(folder.glob(pattern))]
    if len(paths) != 1:
        fix = f"put there ViClip-InternVid-10M-FLT.pth and {VOCABULARY}"
        raise ModelError(f"{folder} holds {len(paths)} files of weights, not one of ViCLIP", fix)
    if paths[0].suffix == ".safetensors":
        return load_file(paths[0])
    found = torch.load(paths[0], map_location="cpu", weights_only=True)
    return found.get("model", found)


def _tokenizer(folder: Path) -> CLIPTokenizer:
    if not (folder / VOCABULARY).is_file():
        return CLIPTokenizer.from_pretrained(folder)
    lines = gzip.decompress((folder / VOCABULARY).read_bytes()).decode().split("\n")
    merges = [tuple(line.split()) for line in lines[1 : 49152 - 256 - 2 + 1]]  # what CLIP takes of the file
    letters = list(bytes_to_unicode().values())
    words = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(pair) for pair in merges)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    tokenizer: Any = CLIPTokenizer
    return tokenizer(vocab={word: number for number, word in enumerate(words)}, merges=merges)


_NAMES = {
    "vision_encoder.conv1": "vision_model.embeddings.patch_embedding",
    "vision_encoder.class_embedding": "vision_model.embeddings.class_embedding",
    "vision_encoder.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "vision_encoder.ln_pre": "vision_model.pre_layrnorm",
    "vision_encoder.ln_post": "vision_model.post_layernorm",
    "text_encoder.token_embedding": "text_model.embeddings.token_embedding",
    "text_encoder.positional_embedding": "text_model.embeddings.position_embedding.weight",
    "text_encoder.ln_final": "text_model.final_layer_norm",
    "vision_encoder.transformer.resblocks": "vision_model.encoder.layers",
    "text_encoder.transformer.resblocks": "text_model.encoder.layers",
    "attn.out_proj": "self_attn.out_proj",
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
"""Parts of the names of ViCLIP's tensors, and what transformers calls them."""


def _as_clip(state: dict[str, Tensor]) -> CLIPModel:
    """transformers' model of ViCLIP's tensors, whose sizes tell its configuration."""
    weights = {"logit_scale": torch.tensor(0.0)}  # cosines are all that is asked for
    for name, tensor in state.items():
        for theirs, ours in _NAMES.items():
            name = name.replace(theirs, ours)
        before, joint, kind = name.partition("attn.in_proj_")
        if joint:
            for each, third in zip("qkv", tensor.chunk(3), strict=True):
                weights[f"{before}self_attn.{each}_proj.{kind}"] = third
        elif name.startswith(("vision_model.", "text_model.")):
            weights[name] = tensor
    patches, tokens = state["vision_encoder.conv1.weight"].squeeze(2), state["text_encoder.token_embedding.weight"]
    weights["vision_model.embeddings.patch_embedding.weight"] = patches
    weights["visual_projection.weight"] = state["vision_encoder.proj"].T
    weights["text_projection.weight"] = state["text_encoder.text_projection"].T
    side = round((len(state["vision_encoder.positional_embedding"]) - 1) ** 0.5)
    vision = {"image_size": patches.shape[-1] * side, "patch_size": patches.shape[-1]}
    text = {"vocab_size": len(tokens), "max_position_embeddings": len(state["text_encoder.positional_embedding"])}
    text |= {"bos_token_id": len(tokens) - 2, "eos_token_id": len(tokens) - 1}
    config = CLIPConfig(
        text_config=_layers(weights, "text_model") | text,
        vision_config=_layers(weights, "vision_model") | vision,
        projection_dim=state["vision_encoder.proj"].shape[1],
    )
    model = CLIPModel(config)
    model.load_state_dict(weights)
    return model


def _layers(weights: dict[str, Tensor], tower: str) -> dict[str, int]:
    widened = [t for name, t in weights.items() if name.startswith(tower) and name.endswith("mlp.fc1.weight")]
    inner, width = widened[0].shape
    return {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": len(widened),
        "num_attention_heads": width // HEAD,
    }
