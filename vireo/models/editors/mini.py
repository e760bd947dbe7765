"""Mini: every number of the model that this project trains from nothing, and its networks of untrained weights."""

from dataclasses import dataclass
from typing import Any

from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformer3DModel
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTextConfig,
    CLIPVisionConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    StableLmConfig,
)

from vireo.models.attention import PRODUCT
from vireo.models.clip import TEXT_LENGTH
from vireo.models.editors.protocol import EditorFacts
from vireo.models.instructor.prompts import InstructorTemplate
from vireo.models.tokenizer import BOS, EOS, IMAGE, PAD

IMAGE_SIZE, PATCH_SIZE = 96, 8
"""Pixels of a side of what CLIP and instructor see, and of a patch of a new vision tower."""

TOKENS_PER_IMAGE = (IMAGE_SIZE // PATCH_SIZE) ** 2

MINI_FACTS = EditorFacts(
    name="mini",
    frame_size=(96, 96),
    size_multiple=None,
    window_frames=9,
    temporal_stride=4,
    pads_short_clips=True,
    overlap=2,
    takes_reference=True,
    steps=1,
    guidance=1.0,
    trained_steps=(1, 1),
    trained_guidance=(1.0, 1.0),
    batch=8,
    slow_motion=True,
)

MINI_TEMPLATE = InstructorTemplate(
    head="<s> Look at the video.",
    tail="<user>",
    lead=" ",
    fold=True,
    closing="<assistant>",
    answer="",
    layer=-1,
    interleave=9,
    max_length=96,
    locates=True,
    highlights=True,
)
"""Of a new instructor, 16 states an image; one that was trained further declares its own with its weights."""


def mini_vision_config() -> CLIPVisionConfig:
    """The vision tower of mini: 96 x 96 pixels in 144 patches."""
    # ReLU: on CPUs the smooth activations cost as much as the matrix products around them.
    return CLIPVisionConfig(
        hidden_size=192,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=3,
        image_size=IMAGE_SIZE,
        patch_size=PATCH_SIZE,
        projection_dim=256,
        hidden_act="relu",
    )


def build_mini_clip(vocab_size: int) -> CLIPModel:
    """A new CLIP-class model of mini's size with random weights (from torch's global generator)."""
    text = CLIPTextConfig(
        vocab_size=vocab_size,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=TEXT_LENGTH,
        projection_dim=256,
        hidden_act="relu",
        bos_token_id=BOS,
        eos_token_id=EOS,
        pad_token_id=PAD,
    )
    config = CLIPConfig(text_config=text.to_dict(), vision_config=mini_vision_config().to_dict(), projection_dim=256)
    model = CLIPModel(config)
    model.set_attn_implementation(PRODUCT)
    return model


def build_mini_image_processor() -> CLIPImageProcessorPil:
    """Turns pictures of any size into (3, IMAGE_SIZE, IMAGE_SIZE) in -1..1, with Pillow and numpy only."""
    size = {"height": IMAGE_SIZE, "width": IMAGE_SIZE}
    half = [0.5, 0.5, 0.5]
    return CLIPImageProcessorPil(size=size, crop_size=size, do_center_crop=False, image_mean=half, image_std=half)


def build_mini_instructor(vocab_size: int) -> LlavaForConditionalGeneration:
    """A new instructor of mini's size with random weights (from torch's global generator)."""
    # StableLM is Llama's block with layer norms instead of RMS norms, which torch fuses on CPUs: a fifth faster.
    stable_lm: Any = StableLmConfig  # transformers declares not all of the fields that it takes
    text = stable_lm(
        vocab_size=vocab_size,
        hidden_size=192,
        intermediate_size=448,
        num_hidden_layers=5,
        num_attention_heads=3,
        num_key_value_heads=3,
        hidden_act="relu",
        max_position_embeddings=512,
        partial_rotary_factor=0.5,
        use_qkv_bias=True,
        tie_word_embeddings=True,
        bos_token_id=BOS,
        eos_token_id=EOS,
        pad_token_id=PAD,
    )
    llava: Any = LlavaConfig
    config = llava(
        vision_config=mini_vision_config(),
        text_config=text,
        image_token_id=IMAGE,
        image_seq_length=TOKENS_PER_IMAGE,
        projector_hidden_act="relu",
        vision_feature_select_strategy="default",
        vision_feature_layer=-1,
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(config)
    model.set_attn_implementation(PRODUCT)
    return model


def build_mini_processor(tokenizer: PreTrainedTokenizerFast, patch_size: int = PATCH_SIZE) -> LlavaProcessor:
    """The processor that is saved beside mini's instructor."""
    return LlavaProcessor(
        image_processor=build_mini_image_processor(),
        tokenizer=tokenizer,
        patch_size=patch_size,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes of the transformer: double, single and refiner blocks of `heads` with `head_width` channels each."""

    heads: int = 4
    head_width: int = 64
    double_blocks: int = 2
    single_blocks: int = 6
    refiner_blocks: int = 1


def build_mini_transformer(
    latent_channels: int, text_width: int, config: TransformerConfig
) -> HunyuanVideoTransformer3DModel:
    """An untrained text-to-video transformer of mini's kind."""
    quarter = config.head_width // 4
    side = (config.head_width - quarter) // 2
    return HunyuanVideoTransformer3DModel(
        in_channels=latent_channels,
        out_channels=latent_channels,
        num_attention_heads=config.heads,
        attention_head_dim=config.head_width,
        num_layers=config.double_blocks,
        num_single_layers=config.single_blocks,
        num_refiner_layers=config.refiner_blocks,
        guidance_embeds=False,
        text_embed_dim=text_width,
        pooled_projection_dim=text_width,
        rope_axes_dim=(quarter, side, side),
    )
