"""CLIP-class models with mini's tokenizer: embeddings of pictures and texts in one space."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from tokenizers import pre_tokenizers, processors
from torch import Tensor
from transformers import CLIPModel, CLIPProcessor, PreTrainedTokenizerFast

from vireo.models.tokenizer import BOS, EOS, PAD, plain_batch

TEXT_LENGTH = 80
"""Most tokens of a text, its start and end marks included; longer texts are cut."""


def build_clip_processor(tokenizer: PreTrainedTokenizerFast, image_processor: Any) -> CLIPProcessor:
    """The processor that is saved beside a CLIP-class model; its tokenizer, called as CLIP's is, gives `text_ids`."""
    clip_tokenizer = copy.deepcopy(tokenizer)
    clip_tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    marks = [(clip_tokenizer.bos_token, BOS), (clip_tokenizer.eos_token, EOS)]
    clip_tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{clip_tokenizer.bos_token} $A {clip_tokenizer.eos_token}", special_tokens=marks
    )
    clip_tokenizer.model_max_length = TEXT_LENGTH
    return CLIPProcessor(image_processor=image_processor, tokenizer=clip_tokenizer)


def text_ids(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], multiple: int = 1) -> Tensor:
    """Token ids (B, L), int64: start mark, text, end mark, right padded to the longest.

    L is rounded up to a multiple of `multiple`, so that training sees few shapes.
    """
    # The leading space makes a first word the same token as elsewhere.
    encoded = plain_batch(tokenizer, [f" {text}" for text in texts])
    rows = [[BOS, *row[: TEXT_LENGTH - 2], EOS] for row in encoded]
    length = min(TEXT_LENGTH, -(-max(map(len, rows)) // multiple) * multiple)
    return torch.tensor([row + [PAD] * (length - len(row)) for row in rows])


@torch.no_grad()
def embed_texts(model: CLIPModel, processor: CLIPProcessor, texts: Sequence[str]) -> Tensor:
    """Unit vectors (B, D) of texts."""
    ids = text_ids(processor.tokenizer, texts).to(model.device)
    features: Any = model.get_text_features(input_ids=ids)  # typed as a tuple or a record
    return torch.nn.functional.normalize(features.pooler_output, dim=-1)


@torch.no_grad()
def embed_images(model: CLIPModel, processor: CLIPProcessor, images: Sequence[np.ndarray]) -> Tensor:
    """Unit vectors (B, D) of pictures, uint8 (H, W, 3) each."""
    pixels = processor.image_processor(images=list(images), return_tensors="pt").pixel_values
    features: Any = model.get_image_features(pixel_values=pixels.to(model.device, model.dtype))
    return torch.nn.functional.normalize(features.pooler_output, dim=-1)
