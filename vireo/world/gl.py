"""The only door to MuJoCo: chooses EGL before the import and keeps one GL context a process."""

import os
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

from vireo.errors import StudioError

_FIX = "install EGL and its software driver: apt-get install libegl1 libgl1-mesa-dri libgles2"

os.environ.setdefault("MUJOCO_GL", "egl")
# One process a core renders; llvmpipe's own threads would only fight each other.
os.environ.setdefault("LP_NUM_THREADS", "1")

mujoco: Any
MjModel: TypeAlias = Any
MjSpec: TypeAlias = Any
MjvCamera: TypeAlias = Any
MjvScene: TypeAlias = Any
GLContext: TypeAlias = Any
"""MuJoCo's compiled bindings carry no types; these names say which of its objects is meant."""

try:
    mujoco = import_module("mujoco")
except Exception as error:  # the import itself loads GL, and fails in many ways without it
    raise StudioError(f"the studio cannot load MuJoCo with EGL: {error}", _FIX) from error


@cache
def open_context(width: int, height: int) -> GLContext:
    """This process's off-screen context of a size; made current when it is opened first.

    Raises StudioError where no GL can be had.
    """
    try:
        context = mujoco.GLContext(width, height)
        context.make_current()
    except Exception as error:
        raise StudioError(f"the studio cannot open an EGL context: {error}", _FIX) from error
    return context
