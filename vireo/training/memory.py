"""Memory of the many large tensors that a training step on the CPU asks for."""

import ctypes
import functools
from pathlib import Path

_HEAP = 6 << 30
"""Bytes of address space for tensors in huge pages; a stage of mini needs half of that."""


@functools.cache
def reuse_memory() -> None:
    """Lets glibc keep freed memory for the next tensors, in huge pages, instead of giving it back to the system.

    A training step on the CPU frees and asks for the same large blocks again and again; having the system hand out and
    clear fresh pages each time costs up to a third of the step, and looking up pages of 4 KiB another third (2.49 s a
    step of mini's editor, 1.74 s with huge pages, on one core of a virtual machine). The heap is extended at once,
    which takes address space alone, so that the advice to use huge pages holds for all of it. Does nothing without
    glibc, and no harm where the system has no huge pages to give.
    """
    try:
        libc = ctypes.CDLL("libc.so.6")
        mallopt, malloc, free, madvise = libc.mallopt, libc.malloc, libc.free, libc.madvise
    except (OSError, AttributeError):
        return
    malloc.restype, malloc.argtypes, free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    mmap_threshold, trim_threshold, never, huge_pages, block = -3, -1, -1, 14, 1 << 30
    mallopt(mmap_threshold, block)
    mallopt(trim_threshold, never)
    for begin in [malloc(block // 2) for _ in range(2 * _HEAP // block)]:
        free(begin)
    for line in Path("/proc/self/maps").read_text().splitlines():
        if line.endswith("[heap]"):
            first, last = (int(end, 16) for end in line.split()[0].split("-"))
            madvise(first, last - first, huge_pages)
