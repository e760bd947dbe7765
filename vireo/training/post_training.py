"""Around a run of Edit-GRPO: the sets that it learns from and is audited on, and what it leaves."""

from pathlib import Path

from vireo.training.edit_tasks import SetTasks
from vireo.training.exact_truth import ExactTruth
from vireo.training.export import save_model, stamp_weights
from vireo.training.lora import lora_weights, merge_lora, save_lora
from vireo.training.lora_names import comfyui_names
from vireo.training.pair_sets import PairSets, Part
from vireo.training.stages.edit_grpo import EditGrpoConfig, EditGrpoStage
from vireo.types import EditPair

SINGLE_FAMILIES = (
    *("recolor", "material", "remove", "add", "replace", "resize"),
    *("background", "light", "style", "watermark"),
)
"""Of the single edits among the tasks: those whose result changes something and needs no reference picture."""

SCENES_APART = 40_000
"""Seeds between the first scenes of the two sets of tasks."""


def open_edit_tasks(sets: PairSets, config: EditGrpoConfig) -> tuple[SetTasks, ExactTruth | None]:
    """The tasks, and the held-out edits of the audit, if there is one; what is not there yet is made."""
    parts = [Part(f"grpo-{k}", finished=Path(folder).absolute()) for k, folder in enumerate(config.pair_sets)]
    if not parts:
        kinds = (("hybrids", config.hybrids, ("hybrid",)), ("singles", config.singles, SINGLE_FAMILIES))
        for number, (name, count, families) in enumerate(kinds):
            if count:
                seed = config.seed + number * SCENES_APART
                parts.append(Part(f"grpo-{name}", count, seed, {"families": families}))
    tasks = SetTasks(sets.folder, [pair for part in parts for pair in sets.read(part)], config.hybrid)
    audit = config.audit
    if not audit.every:
        return tasks, None
    held_out = Part("grpo-audit", audit.pairs, audit.seed, {"families": ("hybrid", *SINGLE_FAMILIES)})
    return tasks, ExactTruth(sets.folder, sets.read(held_out, EditPair))


def save_post_trained(folder: Path, stage: EditGrpoStage, origin: dict[str, str]) -> None:
    """Writes what a finished stage has learned, beside the editor and merged into it.

    lora/pytorch_lora_weights.safetensors: for `load_lora_weights` of diffusers. lora/comfyui.safetensors: the same for
    ComfyUI. model: the whole pipeline. origin: for the headers of the files.
    """
    pipe, weights = stage.finish(), lora_weights(stage.module)
    save_lora(folder / "lora" / "pytorch_lora_weights.safetensors", weights, origin)
    config = stage.module.config
    width = round(config["num_attention_heads"] * config["attention_head_dim"] * config["mlp_ratio"])
    save_lora(folder / "lora" / "comfyui.safetensors", comfyui_names(weights, width), origin)
    merge_lora(stage.module)
    save_model(folder / "model", pipe)
    stamp_weights(folder / "model", origin)
