"""ViCLIP against the network as its authors wrote it down, small and with random weights in the published layout."""

import gzip
import shutil

import numpy as np
import pytest
import torch
from transformers import CLIPImageProcessor
from transformers.convert_slow_tokenizer import bytes_to_unicode

from vireo.errors import ModelError
from vireo.evaluation.measures import Measures
from vireo.judges.judge import Sample
from vireo.models.backbones.viclip import VOCABULARY, ViClip, middle_places, spread_places

CAPTION = "a red ball on a table"

MERGES = ["r e", "re d</w>", "b a", "l l</w>", "ba ll</w>", "t a", "b l", "bl e</w>", "ta ble</w>"]
"""The merges of a small byte-level vocabulary."""


def tokens_of(text):
    """Ids by hand, as CLIP numbers them: 256 letters, the same at the ends of words, merges, begin, end."""
    letters = list(bytes_to_unicode().values())
    words = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(merge.split()) for merge in MERGES)]
    spelt = {"a": ["a</w>"], "red": ["red</w>"], "ball": ["ball</w>"], "on": ["o", "n</w>"], "table": ["table</w>"]}
    inner = [words.index(part) for word in text.split() for part in spelt[word]]
    return [len(words), *inner, len(words) + 1]


class PublishedTower(torch.nn.Module):
    """The blocks that ViCLIP's code has, by their published names."""

    def __init__(self, width, layers):
        super().__init__()
        self.resblocks = torch.nn.ModuleList(torch.nn.Module() for _ in range(layers))
        for block in self.resblocks:
            block.attn = torch.nn.MultiheadAttention(width, width // 64)
            block.ln_1, block.ln_2 = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
            block.mlp = torch.nn.Module()
            block.mlp.c_fc, block.mlp.c_proj = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)

    def forward(self, x, mask=None):
        x = x.transpose(0, 1)
        for block in self.resblocks:
            inner = block.ln_1(x)
            x = x + block.attn(inner, inner, inner, need_weights=False, attn_mask=mask)[0]
            inner = block.mlp.c_fc(block.ln_2(x))
            x = x + block.mlp.c_proj(inner * torch.sigmoid(1.702 * inner))
        return x.transpose(0, 1)


class PublishedVision(torch.nn.Module):
    def __init__(self, width=128, patch=8, size=32, frames=4, out=16):
        super().__init__()
        self.conv1 = torch.nn.Conv3d(3, width, (1, patch, patch), (1, patch, patch), bias=False)
        self.class_embedding = torch.nn.Parameter(torch.randn(width))
        self.positional_embedding = torch.nn.Parameter(torch.randn((size // patch) ** 2 + 1, width))
        self.temporal_positional_embedding = torch.nn.Parameter(torch.randn(1, frames, width))
        self.ln_pre, self.ln_post = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
        self.transformer = PublishedTower(width, 2)
        self.proj = torch.nn.Parameter(torch.randn(width, out))

    def forward(self, pixels):
        """(T, 3, H, W) of one clip."""
        seen = self.conv1(pixels.transpose(0, 1)[None])[0].flatten(2).permute(1, 2, 0)  # T, patches, width
        patches = seen + self.positional_embedding[1:] + self.temporal_positional_embedding[0][:, None]
        first = (self.class_embedding + self.positional_embedding[0])[None]
        states = self.transformer(self.ln_pre(torch.cat([first, patches.flatten(0, 1)])[None]))
        return self.ln_post(states[:, 0]) @ self.proj


class PublishedText(torch.nn.Module):
    def __init__(self, vocabulary, width=64, longest=12, out=16):
        super().__init__()
        self.token_embedding = torch.nn.Embedding(vocabulary, width)
        self.positional_embedding = torch.nn.Parameter(torch.randn(longest, width))
        self.transformer = PublishedTower(width, 2)
        self.ln_final = torch.nn.LayerNorm(width)
        self.text_projection = torch.nn.Parameter(torch.randn(width, out))

    def forward(self, tokens):
        mask = torch.full((tokens.shape[1],) * 2, float("-inf")).triu(1)
        states = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        return self.ln_final(self.transformer(states, mask))[:, tokens[0].argmax()] @ self.text_projection


class PublishedViClip(torch.nn.Module):
    """ViCLIP as its authors wrote it down (Wang et al. 2024), small."""

    def __init__(self, vocabulary):
        super().__init__()
        self.temp = torch.nn.Parameter(torch.tensor(0.01))
        self.vision_encoder, self.text_encoder = PublishedVision(), PublishedText(vocabulary)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    here = tmp_path_factory.mktemp("viclip")
    torch.save({"model": PublishedViClip(512 + len(MERGES) + 2).state_dict()}, here / "ViClip.pth")
    with gzip.open(here / VOCABULARY, "wt") as file:
        file.write("#version: 0.2\n" + "\n".join(MERGES))
    return here


def test_video_text_and_overall_consistency_are_viclip(folder):
    """By the network as it was published, on the frames that EditVerse and VBench take."""
    clip = np.random.default_rng(0).integers(0, 256, (9, 40, 48, 3), dtype=np.uint8)
    found = Measures({"viclip": str(folder)})(Sample(clip, clip, "", target_caption=CAPTION))
    state = torch.load(folder / "ViClip.pth")["model"]
    model = PublishedViClip(len(state["text_encoder.token_embedding.weight"])).eval()
    model.load_state_dict(state)
    eye = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    # Nine frames, four read: k 9 / 4, and the middles of 0-2, 2-4, 4-6 and 6-9.
    cosines = {}
    for name, places in (("Video-Text", [0, 2, 4, 6]), ("OC", [0, 2, 4, 7])):
        pixels = eye(images=list(clip[places]), return_tensors="pt").pixel_values
        with torch.no_grad():
            seen, said = model.vision_encoder(pixels), model.text_encoder(torch.tensor([tokens_of(CAPTION)]))
        cosines[name] = torch.nn.functional.cosine_similarity(seen, said).item()
    assert found["Video-Text"] == pytest.approx(100 * cosines["Video-Text"], abs=1e-3), "in hundredths of a cosine"
    assert found["OC"] == pytest.approx(cosines["OC"], abs=1e-5)
    assert abs(cosines["Video-Text"] - cosines["OC"]) > 1e-4, "other frames"
    assert abs(ViClip(str(folder)).text("a blue table") @ said[0].numpy()) < 0.999 * said.norm()


def test_viclip_without_its_files_is_refused(folder, tmp_path):
    """Without a vocabulary transformers would make a tokenizer that reads every text as the same two words."""
    shutil.copytree(folder, tmp_path / "viclip")
    (tmp_path / "viclip" / "ViClip-B.pth").write_bytes(b"")
    with pytest.raises(ModelError, match="2 files of weights"):
        ViClip(str(tmp_path / "viclip"))
    (tmp_path / "viclip" / "ViClip-B.pth").unlink()
    (tmp_path / "viclip" / VOCABULARY).unlink()
    with pytest.raises(ModelError, match="no vocabulary of 523 words"):
        ViClip(str(tmp_path / "viclip"))


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1", b"<html>", b"\x80\x02K\x01."])
def test_files_that_are_no_weights(content, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "viclip")
    (tmp_path / "viclip" / "ViClip.pth").write_bytes(content)
    with pytest.raises(ModelError, match="does not hold weights"):
        ViClip(str(tmp_path / "viclip"))
    (tmp_path / "viclip" / "ViClip.pth").rename(tmp_path / "viclip" / "ViClip.safetensors")
    with pytest.raises(ModelError, match="does not hold weights"):
        ViClip(str(tmp_path / "viclip"))


def test_which_frames_viclip_is_shown():
    assert spread_places(30, 8) == [0, 3, 7, 11, 15, 18, 22, 26]
    assert middle_places(30, 8) == [1, 4, 8, 12, 16, 19, 23, 27]
    assert middle_places(3, 8) == [0, 1, 2, 2, 2, 2, 2, 2]
    assert spread_places(3, 8) == [0, 0, 0, 1, 1, 1, 2, 2]
