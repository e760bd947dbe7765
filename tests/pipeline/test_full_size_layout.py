"""The classes and the layout of the published models (HunyuanVideo-I2V), tiny and untrained."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLHunyuanVideo, FlowMatchEulerDiscreteScheduler, HunyuanVideoTransformer3DModel
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessorPil,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from vireo import VireoPipeline, edit_video
from vireo.models.editors.hunyuan import HUNYUAN_FACTS, HUNYUAN_TEMPLATE
from vireo.models.editors.viva import VivaConfig
from vireo.models.editors.viva_editor import VivaEditor
from vireo.models.transformer import widen_for_editing
from vireo.pipeline.stream import edit_frames
from vireo.types import EditRequest
from vireo.video.io import read_clip, write_lossless

CHANNELS, WIDTH, POOLED = 4, 16, 12
MARKS = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<image>", "<pad>")


def text_tokenizer(marks, **named):
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bpe.train_from_iterator([], trainers.BpeTrainer(special_tokens=list(marks), initial_alphabet=alphabet))
    return PreTrainedTokenizerFast(tokenizer_object=bpe, **named)


@pytest.fixture(scope="module")
def pipe():
    torch.manual_seed(0)
    vae = AutoencoderKLHunyuanVideo(
        latent_channels=CHANNELS, block_out_channels=(8, 8, 8, 8), layers_per_block=1, norm_num_groups=4
    )
    base = HunyuanVideoTransformer3DModel(
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        num_attention_heads=2,
        attention_head_dim=10,
        num_layers=1,
        num_single_layers=1,
        num_refiner_layers=1,
        guidance_embeds=True,
        text_embed_dim=WIDTH,
        pooled_projection_dim=POOLED,
        rope_axes_dim=(2, 4, 4),
    )
    special = {"bos_token": MARKS[0], "eos_token": MARKS[3], "pad_token": "<pad>"}
    tokenizer = text_tokenizer(MARKS, **special, extra_special_tokens={"image_token": "<image>"})
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=14
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    instructor = LlavaForConditionalGeneration(
        LlavaConfig(vision_config=vision, text_config=text, image_token_id=4, image_seq_length=4)
    )
    size = {"height": 28, "width": 28}
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size=size),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    clip = CLIPTextConfig(
        vocab_size=400, hidden_size=POOLED, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2
    )
    made = VireoPipeline(
        vae.eval(),
        widen_for_editing(base, affine=False).eval(),
        instructor.eval(),
        processor,
        FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder=CLIPTextModel(clip).eval(),
        tokenizer=text_tokenizer(["<|endoftext|>"], pad_token="<|endoftext|>", eos_token="<|endoftext|>"),
        facts=HUNYUAN_FACTS.model_copy(
            update={"frame_size": (32, 32), "window_frames": 5, "steps": 2, "weights": "float32"}
        ).model_dump(),
        wiring=asdict(VivaConfig(template=HUNYUAN_TEMPLATE, embedded_guidance=6.0)),
    )
    made.set_progress_bar_config(disable=True)
    return made


@pytest.fixture(scope="module")
def clip():
    return np.random.default_rng(0).integers(0, 256, (5, 32, 48, 3), dtype=np.uint8)


def edit(pipe, clip, **settings):
    return pipe("make it night", clip, generator=torch.Generator().manual_seed(0), **settings).frames


def test_edits_a_window_of_any_aspect(pipe, clip):
    frames = edit(pipe, clip)
    assert frames.shape == (1, 5, 32, 48, 3)
    assert np.isfinite(frames).all()
    assert edit(pipe, clip, output_type="latent").shape == (1, CHANNELS, 2, 4, 6)


def test_takes_a_reference(pipe, clip):
    assert edit(pipe, clip, image=clip[0]).shape == (1, 5, 32, 48, 3)


def test_survives_saving_in_the_published_layout(pipe, clip, tmp_path):
    pipe.save_pretrained(tmp_path)
    again = VireoPipeline.from_pretrained(tmp_path)
    again.set_progress_bar_config(disable=True)
    assert again.wiring == VivaConfig(template=HUNYUAN_TEMPLATE, embedded_guidance=6.0)
    assert again.facts == pipe.facts
    np.testing.assert_array_equal(edit(again, clip), edit(pipe, clip))


def test_guidance_and_the_pooled_words_of_clip_count(pipe, clip):
    plain = edit(pipe, clip, guidance_scale=1.0, output_type="latent")
    assert not torch.equal(edit(pipe, clip, guidance_scale=3.0, output_type="latent"), plain)
    with torch.no_grad():
        bias = pipe.text_encoder.final_layer_norm.bias
        kept = bias.clone()
        bias += 1
        assert not torch.equal(edit(pipe, clip, guidance_scale=1.0, output_type="latent"), plain)
        bias.copy_(kept)


def test_a_clip_of_another_aspect_keeps_it(pipe):
    """With `size_multiple` a clip is worked on at about the model's area in its own aspect, not squeezed."""
    seen = []
    frames = np.random.default_rng(1).integers(0, 256, (6, 40, 90, 3), dtype=np.uint8)

    class Watched(VivaEditor):
        def reconstruct(self, frames):
            seen.append(frames.shape)
            return super().reconstruct(frames)

    made = edit_frames(Watched(pipe), frames, EditRequest(instruction="make it night"))
    assert made.edited.shape == frames.shape
    assert [length for length, *_ in seen] == [5, 5], "a short last window is moved back"
    for _, height, width, _ in seen:
        assert height % 16 == 0
        assert width % 16 == 0
        assert width > height


def test_edits_a_file(pipe, tmp_path):
    frames = np.random.default_rng(2).integers(0, 256, (7, 32, 32, 3), dtype=np.uint8)
    write_lossless(tmp_path / "in.mkv", frames, 8)
    result = edit_video(tmp_path / "in.mkv", "make it night", tmp_path / "out.mkv", model=pipe, executor="model")
    assert read_clip(tmp_path / "out.mkv").frames.shape == frames.shape
    assert result.frames == 7
