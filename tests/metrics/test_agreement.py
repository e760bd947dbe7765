"""Every metric against an independent implementation or a closed form: the same to 1e-4.

Backbones are small random checkpoints, saved and read as the published ones are.
"""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torchmetrics.functional import auroc as torch_auroc
from torchmetrics.functional import spearman_corrcoef
from torchmetrics.functional.image import lpips as torch_lpips
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure
from torchmetrics.functional.multimodal import clip_score
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    PreTrainedTokenizerFast,
    ResNetConfig,
    ResNetModel,
    ViTConfig,
    ViTImageProcessor,
    ViTModel,
)
from transformers.convert_slow_tokenizer import bytes_to_unicode

from vireo.errors import InputError, ModelError
from vireo.evaluation import measures
from vireo.evaluation.lab.grades import auroc, rank_correlation
from vireo.evaluation.measures import Measures
from vireo.metrics import consistency, truth
from vireo.metrics.backbones import BATCH, ClipBackbone, picture_vectors
from vireo.metrics.frames import psnr, ssim
from vireo.metrics.lpips import Lpips, squeezenet_features
from vireo.metrics.structure import StructureBackbone
from vireo.metrics.viclip import VOCABULARY, ViClip, middle_places, spread_places
from vireo.pipeline.pipeline import VireoPipeline

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


def clips(shape=(9, 40, 48, 3), noise=20):
    generator = np.random.default_rng(0)
    source = generator.integers(30, 220, shape, dtype=np.uint8)
    other = source.astype(int) + generator.integers(-noise, noise + 1, shape)
    return source, other.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Checkpoints of each kind of backbone in transformers' layout."""
    torch.manual_seed(0)
    here = tmp_path_factory.mktemp("backbones")
    words = ["<pad>", "<|startoftext|>", "<|endoftext|>", *CAPTION.split(), "blue"]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(words))}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    marks = [(mark, vocabulary[mark]) for mark in ("<|startoftext|>", "<|endoftext|>")]
    inner.post_processor = processors.TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|>", special_tokens=marks
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", bos_token="<|startoftext|>", eos_token="<|endoftext|>"
    )
    small = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = small | {"vocab_size": len(vocabulary), "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    text |= {"max_position_embeddings": 12, "projection_dim": 16}
    seen = small | {"image_size": 32, "patch_size": 8, "projection_dim": 16}
    made = {name: here / name for name in ("clip", "clip-b", "pick", "dino", "dino8", "dinov2", "viclip")}
    sizes = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    for name in ("clip", "clip-b", "pick"):
        CLIPModel(CLIPConfig(text_config=text, vision_config=seen, projection_dim=16)).save_pretrained(made[name])
        CLIPProcessor(CLIPImageProcessor(**sizes), tokenizer).save_pretrained(made[name])
    dino = ViTConfig(**small, image_size=32, patch_size=8)
    for name in ("dino", "dino8", "dinov2"):
        ViTModel(dino, add_pooling_layer=False).save_pretrained(made[name])
        ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(made[name])
    made["viclip"].mkdir()
    torch.save({"model": PublishedViClip(512 + len(MERGES) + 2).state_dict()}, made["viclip"] / "ViClip.pth")
    with gzip.open(made["viclip"] / VOCABULARY, "wt") as file:
        file.write("#version: 0.2\n" + "\n".join(MERGES))
    return {name: str(folder) for name, folder in made.items()}


@pytest.fixture(scope="module")
def measured(folders):
    _, clip = clips()
    reference = clips((50, 30, 3))[0]
    return clip, reference, Measures(folders)(clip, CAPTION, reference)


def nchw(video):
    return torch.from_numpy(video).permute(0, 3, 1, 2)


def test_pixels():
    source, edited = clips()
    target = clips(noise=60)[1]
    mask = np.zeros(source.shape[:3], bool)
    mask[:, 10:30, 5:25] = True
    a, b = nchw(edited).float(), nchw(source).float()
    assert psnr(edited, source) == pytest.approx(
        peak_signal_noise_ratio(a, b, data_range=(0.0, 255.0)).item(), abs=1e-4
    )
    outside = peak_signal_noise_ratio(
        torch.from_numpy(edited[~mask]).float(), torch.from_numpy(source[~mask]).float(), data_range=(0.0, 255.0)
    )
    assert truth.outside_psnr(edited, source, mask) == pytest.approx(outside.item(), abs=1e-4)
    theirs = structural_similarity_index_measure(
        a, b, data_range=255.0, gaussian_kernel=True, sigma=1.5, kernel_size=11
    )
    assert ssim(edited, source) == pytest.approx(theirs.item(), abs=1e-4)
    far, whole = (np.square(x.astype(float) - target)[mask].sum() for x in (edited, source))
    assert truth.edit_error(edited, source, target, mask) == pytest.approx(far / whole, abs=1e-4)
    energy = np.square(edited.astype(float) - source).sum(-1)
    share = energy[mask].sum() / energy.sum()
    assert truth.wrong_target(edited, source, mask) == (share > 0.1)


def test_steadiness():
    _, clip = clips()
    frames = clip.astype(float)
    flicker = [np.abs(frames[k + 1] - frames[k]).mean() for k in range(len(clip) - 1)]
    assert consistency.temporal_flickering(clip) == pytest.approx((255 - np.mean(flicker)) / 255, abs=1e-4)
    for count in (9, 8, 4, 3):
        gaps = [
            np.abs(frames[k] - (frames[k - 1] + frames[k + 1]) / 2).mean() for k in range(1, count, 2) if k + 1 < count
        ]
        assert consistency.motion_smoothness(clip[:count]) == pytest.approx((255 - np.mean(gaps)) / 255, abs=1e-4)
    assert consistency.motion_smoothness(clip[:2]) == 1


def test_grades():
    generator = np.random.default_rng(0)
    right, wrong = generator.normal(1, 1, 50).round(1), generator.normal(0, 1, 70).round(1)
    labels = torch.tensor([1] * 50 + [0] * 70)
    # Into 0..1 in the same order: torchmetrics takes everything else for logits, and their sigmoid ties.
    values = torch.from_numpy(np.concatenate([right, wrong]) / 20 + 0.5)
    assert auroc(right, wrong) == pytest.approx(torch_auroc(values, labels, task="binary").item(), abs=1e-4)
    x, y = generator.normal(size=60), generator.normal(size=60).round(1)
    theirs = spearman_corrcoef(torch.from_numpy(x), torch.from_numpy(y)).item()
    assert rank_correlation(x, y) == pytest.approx(theirs, abs=1e-4)
    assert rank_correlation(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-4)


def test_frame_text_is_clip_score(measured, folders):
    clip, _, found = measured

    class Plain(CLIPModel):
        """Features as torchmetrics 1.9 expects them: bare tensors."""

        def get_image_features(self, *given, **named):
            return super().get_image_features(*given, **named).pooler_output

        def get_text_features(self, *given, **named):
            return super().get_text_features(*given, **named).pooler_output

    def model():
        return Plain.from_pretrained(folders["clip"]), CLIPProcessor.from_pretrained(folders["clip"])

    theirs = clip_score(list(nchw(clip)), [CAPTION] * len(clip), model_name_or_path=model).item()
    assert max(found["Frame-Text"], 0) == pytest.approx(theirs, abs=1e-3), "in hundredths of a cosine"


def test_pick_score_is_the_models_own_logit(measured, folders):
    clip, _, found = measured
    model = CLIPModel.from_pretrained(folders["pick"]).eval()
    processor = CLIPProcessor.from_pretrained(folders["pick"])
    inputs = processor(text=[CAPTION], images=list(clip), return_tensors="pt", padding=True)
    with torch.no_grad():
        logits = model(**inputs).logits_per_image
    assert found["PickScore"] == pytest.approx(logits.mean().item(), abs=1e-4)


def test_video_text_and_overall_consistency_are_viclip(measured, folders):
    """By the network as it was published, on the frames that EditVerse and VBench take."""
    clip, _, found = measured
    state = torch.load(f"{folders['viclip']}/ViClip.pth")["model"]
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
    assert abs(ViClip.from_pretrained(folders["viclip"]).text("a blue table") @ said[0].numpy()) < 0.999 * said.norm()


def test_viclip_without_its_files_is_refused(folders, tmp_path):
    """Without a vocabulary transformers would make a tokenizer that reads every text as the same two words."""
    shutil.copytree(folders["viclip"], tmp_path / "viclip")
    (tmp_path / "viclip" / "ViClip-B.pth").write_bytes(b"")
    with pytest.raises(ModelError, match="2 files of weights"):
        ViClip.from_pretrained(str(tmp_path / "viclip"))
    (tmp_path / "viclip" / "ViClip-B.pth").unlink()
    (tmp_path / "viclip" / VOCABULARY).unlink()
    with pytest.raises(ModelError, match="no vocabulary of 523 words"):
        ViClip.from_pretrained(str(tmp_path / "viclip"))


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1", b"<html>", b"\x80\x02K\x01."])
def test_files_that_are_no_weights(content, folders, tmp_path):
    shutil.copytree(folders["viclip"], tmp_path / "viclip")
    (tmp_path / "viclip" / "ViClip.pth").write_bytes(content)
    with pytest.raises(ModelError, match="does not hold weights"):
        ViClip.from_pretrained(str(tmp_path / "viclip"))
    (tmp_path / "viclip" / "ViClip.pth").rename(tmp_path / "viclip" / "ViClip.safetensors")
    with pytest.raises(ModelError, match="does not hold weights"):
        ViClip.from_pretrained(str(tmp_path / "viclip"))


def test_a_model_without_keys_has_no_structure(folders, tmp_path):
    ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 8], depths=[1, 1])).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=str(tmp_path)):
        StructureBackbone.from_pretrained(str(tmp_path))


def test_which_frames_viclip_is_shown():
    assert spread_places(30, 8) == [0, 3, 7, 11, 15, 18, 22, 26]
    assert middle_places(30, 8) == [1, 4, 8, 12, 16, 19, 23, 27]
    assert middle_places(3, 8) == [0, 1, 2, 2, 2, 2, 2, 2]
    assert spread_places(3, 8) == [0, 0, 0, 1, 1, 1, 2, 2]


def test_structure_distance_by_hand(folders):
    """Keys of the last layer computed from what goes into it, of a picture that is wider than the model's own."""
    (a, b), backbone = (clip[0, :40, :60] for clip in clips((1, 48, 64, 3))), StructureBackbone
    eye = backbone.from_pretrained(folders["dino8"])
    model = ViTModel.from_pretrained(folders["dino8"]).eval()
    mean, spread = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    matrices = []
    for frame in (a, b):
        small = torch.from_numpy(frame).permute(2, 0, 1)[None].float()
        small = torch.nn.functional.interpolate(small, (224, 336), mode="bilinear", antialias=True)
        pixels = ((small[0].permute(1, 2, 0).numpy() - mean) / spread).transpose(2, 0, 1)[None].astype(np.float32)
        with torch.no_grad():
            states = model(torch.from_numpy(pixels), interpolate_pos_encoding=True, output_hidden_states=True)
            block = model.layers[-1]
            keys = block.attention.k_proj(block.layernorm_before(states.hidden_states[-2]))[0].numpy()
        assert len(keys) == 1 + 28 * 42
        norms = np.linalg.norm(keys, axis=1)
        matrices.append(keys @ keys.T / np.outer(norms, norms))
    expected = np.square(matrices[0] - matrices[1]).mean()
    assert eye.distance(a, b) == pytest.approx(expected, rel=1e-4)
    assert eye.distance(a, a) == 0
    assert expected > 1e-6


def neighbours(features, k):
    return torch.nn.functional.cosine_similarity(features[k - 1], features[k], dim=0).item()


def test_consistencies_and_reference(measured, folders):
    """By the loops of VBench and EditVerse over the models' own features."""
    clip, reference, found = measured
    features = {}
    for name in ("dino", "dinov2"):
        eye = ViTImageProcessor.from_pretrained(folders[name])(images=list(clip), return_tensors="pt")
        with torch.no_grad():
            features[name] = ViTModel.from_pretrained(folders[name]).eval()(**eye).last_hidden_state[:, 0]
    for name in ("clip", "clip-b"):
        model, eye = CLIPModel.from_pretrained(folders[name]).eval(), CLIPProcessor.from_pretrained(folders[name])
        pixels = eye.image_processor(images=[*clip, reference], return_tensors="pt").pixel_values
        with torch.no_grad():
            features[name] = model.get_image_features(pixel_values=pixels).pooler_output
            features[f"{name} tower"] = model.vision_model(pixel_values=pixels).pooler_output[:-1]
    for name, seen in (("SC", features["dino"]), ("BC", features["clip-b"][:-1])):
        total = 0.0
        for k in range(1, len(seen)):
            first = torch.nn.functional.cosine_similarity(seen[0], seen[k], dim=0).item()
            total += (max(0.0, neighbours(seen, k)) + max(0.0, first)) / 2
        assert found[name] == pytest.approx(total / (len(seen) - 1), abs=1e-4)
    for name, seen in (("DINO-T", features["dinov2"]), ("CLIP-T", features["clip tower"])):
        cosines = [max(0.0, neighbours(seen, k)) for k in range(1, len(seen))]
        assert found[name] == pytest.approx(100 * np.mean(cosines), abs=1e-3)
    likeness = torch.nn.functional.cosine_similarity(features["clip"][:-1], features["clip"][-1:]).mean().item()
    assert found["Reference"] == pytest.approx(100 * likeness, abs=1e-3)


def test_lpips_is_torchmetrics(tmp_path, monkeypatch):
    """Its own code, which only lacks torchvision's network here, with the published weights of the channels."""
    torch.manual_seed(0)
    network = squeezenet_features()
    torch.save({f"features.{key}": t for key, t in network.state_dict().items()}, tmp_path / "squeezenet1_1-0.pth")
    shutil.copy(Path(torch_lpips.__file__).parent / "lpips_models" / "squeeze.pth", tmp_path)
    monkeypatch.setattr(torch_lpips, "_get_tv_model_features", lambda *given: network)
    theirs = torch_lpips._LPIPS(net="squeeze")
    ours = Lpips.from_pretrained(str(tmp_path))
    for a, b in zip(*(clip[:2] for clip in clips((2, 40, 61, 3), 60)), strict=True):
        pixels = (torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 127.5 - 1 for frame in (a, b))
        expected = theirs(*pixels).item()
        assert ours.distance(a, b) == pytest.approx(expected, abs=1e-6)
        assert expected > 1e-3
    assert ours.distance(a, a) == 0
    (tmp_path / "squeeze.pth").unlink()
    with pytest.raises(ModelError, match=r"squeeze\.pth"):
        Lpips.from_pretrained(str(tmp_path))


def test_squeezenet_is_torchvisions():
    """Names and sizes of the published file's tensors: 1,235,496 numbers less the classifier's 513,000."""
    state = squeezenet_features().state_dict()
    assert sum(tensor.numel() for tensor in state.values()) == 1_235_496 - 513_000
    assert {name.split(".")[0] for name in state} == {"0", "3", "4", "6", "7", "9", "10", "11", "12"}
    assert state["12.expand3x3.weight"].shape == (256, 64, 3, 3)


def test_mini_and_the_published_ids_stand_for_backbones(monkeypatch):
    asked = []
    monkeypatch.setitem(measures.KINDS, "dinov2", lambda name: asked.append(name))
    monkeypatch.setitem(measures.KINDS, "viclip", lambda name: asked.append(name))
    chosen = Measures({"dinov2": "", "viclip": "a/folder"}).settings["backbones"]
    assert asked == list(chosen.values()) == ["facebook/dinov2-base", "a/folder"]
    clip = clips((3, 96, 96, 3))[0]
    found = Measures({"dino": "mini"})(clip, "")
    pipe = VireoPipeline.from_pretrained("mini")
    seen = picture_vectors(pipe.instructor, pipe.processor, list(clip))
    assert found["SC"] == pytest.approx(consistency.frame_consistency(seen), abs=1e-5)


def test_batches_change_nothing(folders):
    """More frames than are looked at together."""
    clip, eye = clips((BATCH + 3, 40, 48, 3))[0], ClipBackbone.from_pretrained(folders["clip"])
    apart = np.concatenate([eye.pictures([frame]) for frame in clip])
    assert np.abs(eye.pictures(list(clip)) - apart).max() < 1e-5


def test_what_cannot_be_measured_is_left_out(folders):
    _, clip = clips()
    assert set(Measures({})(clip, CAPTION)) == {"TF", "MS"}
    assert set(Measures({"clip": folders["clip"], "pick": folders["pick"]})(clip, "")) == {"TF", "MS", "CLIP-T"}
    with pytest.raises(InputError, match="no backbone 'clap'"):
        Measures({"clap": "somewhere"})
    with pytest.raises(InputError, match="write --backbone lpips=FOLDER"):
        Measures({"lpips": ""})
    with pytest.raises(InputError, match="mini is no backbone clip"):
        Measures({"clip": "mini"})
    for kind, wrong in (("clip", "dino"), ("dino", "clip")):
        with pytest.raises(ModelError, match=wrong):
            Measures({kind: folders[wrong]})
