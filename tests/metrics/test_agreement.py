"""Every metric against an independent implementation or a closed form: the same to 1e-4.

Backbones are small random checkpoints, saved and read as the published ones are.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torchmetrics.functional import auroc as torch_auroc
from torchmetrics.functional import spearman_corrcoef
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure
from torchmetrics.functional.multimodal import clip_score
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    PreTrainedTokenizerFast,
    ViTConfig,
    ViTImageProcessor,
    ViTModel,
)

from vireo.errors import InputError, ModelError
from vireo.evaluation.measures import Measures
from vireo.evaluation.reward_lab.statistics import auroc, rank_correlation
from vireo.judges.judge import Sample
from vireo.metrics import consistency, truth
from vireo.metrics.image_quality import psnr, ssim
from vireo.models.backbones import registry
from vireo.models.backbones.encoders import BATCH, ClipBackbone, picture_vectors
from vireo.models.editors.viva import VireoPipeline

CAPTION = "a red ball on a table"


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
    made = {name: here / name for name in ("clip", "clip-b", "pick", "dino", "dinov2")}
    sizes = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    for name in ("clip", "clip-b", "pick"):
        CLIPModel(CLIPConfig(text_config=text, vision_config=seen, projection_dim=16)).save_pretrained(made[name])
        CLIPProcessor(CLIPImageProcessor(**sizes), tokenizer).save_pretrained(made[name])
    dino = ViTConfig(**small, image_size=32, patch_size=8)
    for name in ("dino", "dinov2"):
        ViTModel(dino, add_pooling_layer=False).save_pretrained(made[name])
        ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(made[name])
    return {name: str(folder) for name, folder in made.items()}


@pytest.fixture(scope="module")
def measured(folders):
    _, clip = clips()
    reference = clips((50, 30, 3))[0]
    return clip, reference, measure(folders, clip, CAPTION, reference)


def measure(backbones, clip, caption, reference=None):
    return Measures(backbones)(Sample(clip, clip, "", reference, target_caption=caption))


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


def test_mini_and_the_published_ids_stand_for_backbones(monkeypatch):
    asked = []
    for kind in ("dinov2", "viclip"):
        monkeypatch.setitem(registry.KINDS, kind, replace(registry.KINDS[kind], load=asked.append))
    chosen = Measures({"dinov2": "", "viclip": "a/folder"}).settings["backbones"]
    assert asked == list(chosen.values()) == ["facebook/dinov2-base", "a/folder"]
    clip = clips((3, 96, 96, 3))[0]
    found = measure({"dino": "mini"}, clip, "")
    pipe = VireoPipeline.from_pretrained("mini")
    seen = picture_vectors(pipe.templated_instructor, list(clip))
    assert found["SC"] == pytest.approx(consistency.frame_consistency(seen), abs=1e-5)


def test_batches_change_nothing(folders):
    """More frames than are looked at together."""
    clip, eye = clips((BATCH + 3, 40, 48, 3))[0], ClipBackbone(folders["clip"])
    apart = np.concatenate([eye.pictures([frame]) for frame in clip])
    assert np.abs(eye.pictures(list(clip)) - apart).max() < 1e-5


def test_what_cannot_be_measured_is_left_out(folders):
    _, clip = clips()
    assert set(measure({}, clip, CAPTION)) == {"TF", "MS"}
    assert set(measure({"clip": folders["clip"], "pick": folders["pick"]}, clip, "")) == {"TF", "MS", "CLIP-T"}
    with pytest.raises(InputError, match="no backbone 'clap'"):
        Measures({"clap": "somewhere"})
    with pytest.raises(InputError, match="write --backbone lpips=FOLDER"):
        Measures({"lpips": ""})
    with pytest.raises(InputError, match="mini is no backbone clip"):
        Measures({"clip": "mini"})
    for kind, wrong in (("clip", "dino"), ("dino", "clip")):
        with pytest.raises(ModelError, match=wrong):
            Measures({kind: folders[wrong]})
