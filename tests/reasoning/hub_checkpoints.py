"""Small random checkpoints in the layout in which the hub has the models that the hub's perception is made of."""

import json
from functools import partial

import torch
from tokenizers import pre_tokenizers
from transformers import (
    BertTokenizer,
    CLIPTokenizer,
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Owlv2Config,
    Owlv2ForObjectDetection,
    Sam2VideoConfig,
    Sam2VideoModel,
    SwinConfig,
)

from vireo.models.tokenizer import train_tokenizer

NOUNS = ("cat", "surfboard", "red ball")

CHAT = (
    "{% for message in messages %}{{ message.role }}:{% for part in message.content %}"
    "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}{% endfor %}\n{% endfor %}assistant:"
)


def write_json(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")


def save_grounding_dino(folder, max_text_len=32):
    folder.mkdir(parents=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "cat", "surf", "##board", "red", "ball"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizer(vocab={word: number for number, word in enumerate(words)}).save_pretrained(folder)
    backbone = SwinConfig(
        image_size=32, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1], window_size=4, out_indices=[2, 3, 4]
    )
    text = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = GroundingDinoConfig(
        backbone_config=backbone,
        text_config={"model_type": "bert", "vocab_size": len(words), **text},
        num_queries=6,
        d_model=32,
        max_text_len=max_text_len,
        **{f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in SIZES.items()},
    )
    torch.manual_seed(0)
    GroundingDinoForObjectDetection(config).save_pretrained(folder)
    size = {"shortest_edge": 128, "longest_edge": 192}
    published = {"image_processor_type": "GroundingDinoImageProcessor", "size": size, "do_pad": True}
    write_json(
        folder / "preprocessor_config.json", {**published, **NORMALIZED, "processor_class": "GroundingDinoProcessor"}
    )
    return folder


SIZES = {"layers": 2, "ffn_dim": 16, "attention_heads": 2}
NORMALIZED = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def save_owlv2(folder):
    folder.mkdir(parents=True)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}, merges=[], pad_token="!")
    tokenizer.model_max_length = 32
    tokenizer.save_pretrained(folder)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {"vocab_size": len(pieces), "max_position_embeddings": 32, "eos_token_id": len(pieces) - 1}
    config = Owlv2Config(
        text_config={**small, **text}, vision_config={**small, "image_size": 32, "patch_size": 8}, projection_dim=16
    )
    torch.manual_seed(0)
    Owlv2ForObjectDetection(config).save_pretrained(folder)
    published = {"image_processor_type": "Owlv2ImageProcessor", "size": {"height": 32, "width": 32}}
    write_json(folder / "preprocessor_config.json", {**published, "processor_class": "Owlv2Processor"})
    return folder


def save_sam2(folder, side=64):
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 8,
        "num_attention_heads": 1,
        "image_size": [side, side],
        "window_positional_embedding_background_size": [2, 2],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 2, 4, 8],
        "window_size_per_stage": [8, 4, 4, 2],
        "global_attention_blocks": [3],
    }
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": backbone,
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[side // 4] * 2, [side // 8] * 2, [side // 16] * 2],
        "fpn_hidden_size": 128,
    }
    decoder = {"hidden_size": 128, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 32}
    config = Sam2VideoConfig(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 128, "image_size": side},
        mask_decoder_config=decoder,
        image_size=side,
        num_maskmem=3,
        max_object_pointers_in_encoder=4,
        memory_attention_hidden_size=128,
        memory_attention_num_layers=1,
        memory_attention_feed_forward_hidden_size=32,
        memory_attention_rope_feat_sizes=[side // 16] * 2,
        memory_encoder_hidden_size=128,
        memory_encoder_output_channels=64,
        mask_downsampler_embed_dim=128,
        memory_fuser_embed_dim=128,
        memory_fuser_intermediate_dim=32,
    )
    torch.manual_seed(0)
    Sam2VideoModel(config).save_pretrained(folder)
    return folder


def save_depth(folder, kind="metric"):
    backbone = Dinov2Config(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
        out_indices=[1, 2, 3, 4],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=16,
        neck_hidden_sizes=[4, 8, 8, 16],
        fusion_hidden_size=8,
        head_hidden_size=8,
        depth_estimation_type=kind,
        max_depth=20,
    )
    torch.manual_seed(0)
    DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    published = {"image_processor_type": "DPTImageProcessor", "size": {"height": 28, "width": 28}}
    published |= {"keep_aspect_ratio": True, "ensure_multiple_of": 14, "do_pad": False, **NORMALIZED}
    write_json(folder / "preprocessor_config.json", published)
    return folder


def save_smolvlm(folder):
    """SmolVLM's first versions are Idefics3."""
    folder.mkdir(parents=True)
    tokenizer = train_tokenizer(["user: what is this? A. red B. blue assistant:"], vocab_size=300)
    rows = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    marks = ["<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>", *rows]
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    tokenizer.model_max_length = 4096
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Idefics3Config(
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.pad_token_id,
        scale_factor=2,
        vision_config={"model_type": "idefics3_vision", **small, "image_size": 32, "patch_size": 8},
        text_config={"model_type": "llama", **small, "vocab_size": len(tokenizer), "max_position_embeddings": 4096},
    )
    torch.manual_seed(0)
    Idefics3ForConditionalGeneration(config).save_pretrained(folder)
    published = {"image_processor_type": "Idefics3ImageProcessor", "size": {"longest_edge": 64}}
    published |= {"max_image_size": {"longest_edge": 32}, "do_image_splitting": True}
    write_json(folder / "preprocessor_config.json", {**published, "processor_class": "Idefics3Processor"})
    write_json(folder / "processor_config.json", {"image_seq_len": 4, "processor_class": "Idefics3Processor"})
    return folder


PARTS = {
    "detector": save_grounding_dino,
    "segmenter": save_sam2,
    "depth": partial(save_depth, kind="metric"),
    "reader": save_smolvlm,
}


def save_parts(folder, **other):
    """A folder of all parts; other: of single ones by their names, None for none."""
    for part, save in (PARTS | other).items():
        if save is not None:
            save(folder / part)
    return folder
