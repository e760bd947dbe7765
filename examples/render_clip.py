"""Renders a studio scene as an ordinary video file: how `studio.mp4` beside this file was made.

python examples/render_clip.py 950050 examples/studio.mp4 --size 384
"""

import argparse
from pathlib import Path

import av

from vireo.world.render import render
from vireo.world.sampling import sample_scene


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seed", type=int, help="of the scene")
    parser.add_argument("output", type=Path)
    parser.add_argument("--size", type=int, default=96, help="width and height in pixels")
    arguments = parser.parse_args()
    scene = sample_scene(arguments.seed).model_copy(update={"width": arguments.size, "height": arguments.size})
    with av.open(str(arguments.output), "w") as file:
        stream = file.add_stream("libx264", rate=scene.fps, options={"crf": "14", "cpu-independent": "1"})
        stream.width = stream.height = arguments.size
        stream.pix_fmt = "yuv420p"
        for frame in render(scene, truth=False).frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        file.mux(stream.encode())


if __name__ == "__main__":
    main()
