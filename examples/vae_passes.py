"""How often the autoencoder runs a window: python examples/vae_passes.py "make it night" clip.mp4 [more clips].

A pass is an encoding and a decoding of a window; single pictures count by their share of its latent frames.
"""

import sys
import tempfile
from pathlib import Path

from vireo import edit_video
from vireo.models.editors.opening import open_editor
from vireo.pipeline.stream import ClipEditor


def main() -> None:
    instruction, *clips = sys.argv[1:]
    editor = open_editor("mini")
    counted = {"encode": 0.0, "decode": 0.0, "windows": 0}
    full = (editor.facts.window_frames - 1) // editor.facts.temporal_stride + 1

    def counting(name, frames_of):
        original = getattr(editor.pipe.vae, name)

        def call(x, *rest, **options):
            counted[name] += x.shape[0] * frames_of(x.shape[2]) / full
            return original(x, *rest, **options)

        setattr(editor.pipe.vae, name, call)

    counting("encode", lambda frames: (frames - 1) // editor.facts.temporal_stride + 1)
    counting("decode", lambda frames: frames)
    prepare = ClipEditor.prepare

    def counted_prepare(self, window):
        counted["windows"] += 1
        return prepare(self, window)

    ClipEditor.prepare = counted_prepare
    with tempfile.TemporaryDirectory() as folder:
        for clip in clips:
            edit_video(clip, instruction, Path(folder) / "out.mkv", model=editor, executor="model", overwrite=True)
    passes = (counted["encode"] + counted["decode"]) / 2 / counted["windows"]
    print(f"{counted['windows']} windows, {passes:.2f} passes each ({counted})")


if __name__ == "__main__":
    main()
