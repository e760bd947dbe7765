"""An untrained editor of mini's classes, small where it can be."""

from dataclasses import asdict

import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from vireo.models.editors.mini import (
    MINI_FACTS,
    MINI_TEMPLATE,
    TransformerConfig,
    build_mini_instructor,
    build_mini_processor,
    build_mini_transformer,
)
from vireo.models.editors.viva import VireoPipeline, VivaConfig
from vireo.models.tokenizer import train_tokenizer
from vireo.models.transformer import widen_for_editing
from vireo.models.vae import BlockTransformVAE


def tiny_pipeline(**facts):
    """facts: of `EditorFacts`, beside mini's."""
    torch.manual_seed(0)
    tokenizer = train_tokenizer(["make the red ball blue", "remove the cube"], vocab_size=320)
    instructor = build_mini_instructor(len(tokenizer)).eval()
    vae = BlockTransformVAE(latent_channels=8, width=16, encoder_blocks=1, decoder_blocks=1, refine_blocks=1)
    basis = torch.linalg.qr(torch.randn(768, 8)).Q.T
    vae.initialize_linear(torch.zeros(768), basis)
    vae.set_statistics(torch.zeros(8), torch.ones(8), whitening=0.5)
    width = instructor.config.text_config.hidden_size
    base = build_mini_transformer(8, width, TransformerConfig(heads=2, head_width=16, double_blocks=1, single_blocks=1))
    editor = widen_for_editing(base, affine=True)
    torch.nn.init.normal_(editor.x_embedder.proj.weight, std=0.05)
    pipe = VireoPipeline(
        vae.eval(),
        editor.eval(),
        instructor,
        build_mini_processor(tokenizer),
        FlowMatchEulerDiscreteScheduler(shift=3.0),
        facts=MINI_FACTS.model_copy(update=facts).model_dump(),
        wiring=asdict(VivaConfig(template=MINI_TEMPLATE, prediction="affine")),
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe
