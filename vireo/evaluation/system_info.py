"""Hardware, libraries and source version, for reports and `vireo doctor`."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vireo.runtime import available_cores, source_commit

GL_TEST = """
import numpy as np
from vireo.world.gl import mujoco, open_context
model = mujoco.MjModel.from_xml_string('<mujoco><worldbody><light pos="0 0 3"/>'
    '<geom type="sphere" size="1" rgba="1 0 0 1"/></worldbody></mujoco>')
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
context = open_context(32, 32)
renderer = mujoco.Renderer(model, 32, 32)
renderer.update_scene(data)
picture = renderer.render()
print('renders' if picture[..., 0].max() > 20 else 'renders black pictures')
"""


def facts() -> dict[str, Any]:
    """All of `vireo doctor`; values are text, numbers or lists. Takes a few seconds."""
    import torch
    from huggingface_hub.constants import HF_HUB_CACHE

    from vireo.video.io.encoders import supported_codecs

    return {
        "vireo": f"{version('vireo')} ({source_commit()})",
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "cpu": cpu_name(),
        "cores": available_cores(),
        "amx": "yes" if _has_amx() else "no",
        "torch": f"{torch.__version__}, {torch.get_num_threads()} threads",
        "gpu": _gpu(),
        "memory": f"{memory_gb():.1f} GiB",
        "decoders": ", ".join(supported_codecs("r")) or "none",
        "encoders": ", ".join(supported_codecs("w")) or "none",
        "gl": gl_state(),
        "hub cache": _folder(Path(HF_HUB_CACHE)),
        "temporary": _folder(Path(tempfile.gettempdir())),
    }


def gl_state() -> str:
    """Whether GL renders, tried in a separate process, since GL without a driver may abort: "renders" or the error."""
    done = subprocess.run([sys.executable, "-c", GL_TEST], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 0:
        return done.stdout.strip()
    lines = done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"]
    return f"does not render: {lines[-1]}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def cpu_name() -> str:
    names = [line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _has_amx() -> bool:
    """AMX with bfloat16 products, as the kernel reports it."""
    return any(line.startswith("flags") and "amx_bf16" in line.split() for line in _cpuinfo())


def _gpu() -> str:
    import torch

    if not torch.cuda.is_available():
        return "none"
    cards = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    return ", ".join(f"{card.name} ({card.total_memory / 2**30:.0f} GiB)" for card in cards)


def memory_gb() -> float:
    """Physical memory in GiB; 0 where the system does not tell."""
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names:
        return 0.0
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def _folder(path: Path) -> str:
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(existing).free / 2**30
    state = "" if os.access(existing, os.W_OK) else ", not writable"
    return f"{path} ({free:.1f} GiB free{state})"
