"""Proof that a move or a rename changed nothing: bytes of 20 edits, and the losses of every training stage.

    python tests/golden.py before.json    # on one commit
    python tests/golden.py after.json     # on the other, on the same machine
    diff before.json after.json

Uses nothing but the command line, `edit_video` and files, so that the same script runs on both.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "studio.mp4"
WHOLE = ("make it night", "turn the video into a pencil sketch", "make it black and white", "make the red ball blue")
STAGES = ("vae", "clip", "vlm", "t2v", "editor")
RECIPE = {
    "data.pairs": "[8, 12]",
    "data.seeds": "[800000, 0]",
    "data.validation_pairs": "12",
    "data.edits": "[9]",
    "data.edits_seeds": "[300000]",
    "data.edits_families": '[["recolor", "replace"]]',
    "data.footage": "8",
    "vae.latent_channels": "8",
    "vae.width": "16",
    "t2v.transformer.heads": "2",
    "t2v.transformer.head_width": "16",
    "t2v.transformer.double_blocks": "1",
    "t2v.transformer.single_blocks": "1",
    **{f"{stage}.loop.{name}": value for stage in STAGES for name, value in (("steps", "6"), ("batch_size", "4"))},
    **{f"{stage}.loop.log_every": "1" for stage in STAGES},
    **{f"{stage}.loop.compile_blocks": "false" for stage in ("t2v", "editor")},
    "editor.loop.sample_every": "6",
}


def vireo(*words: str) -> None:
    """Runs the command line of this tree."""
    command = [sys.executable, "-c", "from vireo.cli import main; main()", *words]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})


def edits(folder: Path) -> dict[str, str]:
    """Hash of the decoded frames of each edit."""
    import torch

    from vireo import edit_video
    from vireo.video.io import read_clip

    torch.set_num_threads(1)
    vireo("world", "make", str(folder / "small"), "--count", "12", "--seed", "930000")
    wide = ["--size", "192x108", "--families", "recolor,remove,light,background"]
    vireo("world", "make", str(folder / "wide"), "--count", "4", "--seed", "931000", *wide)
    jobs = [(EXAMPLE, text, None) for text in WHOLE]
    for name in ("small", "wide"):
        for line in (folder / name / "pairs.jsonl").read_text().splitlines():
            pair = json.loads(line)
            reference = pair["reference"] and folder / name / pair["reference"]
            jobs.append((folder / name / pair["source"], pair["instruction"], reference))
    found = {}
    for number, (source, text, reference) in enumerate(jobs):
        out = folder / f"{number}.mkv"
        edit_video(source, text, out, reference=reference, seed=number)
        found[f"{number:02d} {text}"] = hashlib.sha256(read_clip(out).frames.tobytes()).hexdigest()[:16]
    return found


def losses(folder: Path) -> dict[str, list[float]]:
    """All logged losses of a run of `vireo train mini` that is as small as can be."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    settings = [word for key, value in RECIPE.items() for word in ("--set", f"{key}={value}")]
    vireo("train", "mini", "--workdir", str(folder), *settings)
    found = {}
    for stage in STAGES:
        events = EventAccumulator(str(folder / stage / "tensorboard"))
        events.Reload()
        found[stage] = [event.value for event in events.Scalars("loss")]
    return found


def main() -> None:
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        result = {"edits": edits(Path(folder)), "losses": losses(Path(folder) / "mini")}
    Path(sys.argv[1]).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
