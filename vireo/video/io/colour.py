"""Decoded frames to RGB and back: matrix coefficients, range and display orientation.

Both directions use the same matrix and range, so that what is not edited comes back as it was, up to the
rounding of YCbCr.
"""

import struct
from dataclasses import dataclass
from typing import Self, cast

import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation

SWS_FLAGS = (
    Interpolation.BICUBIC
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
)

_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.SMPTE170M,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
"""Matrix coefficients of ISO/IEC 23091-2 in swscale's numbering."""

_RGB_MATRIX, _BT709, _BT601 = 0, 1, 6


@dataclass(frozen=True)
class Colour:
    """How YCbCr samples stand for light: matrix, primaries and transfer as numbered by ISO/IEC 23091-2,
    and whether luma takes the full range 0-255."""

    matrix: int
    primaries: int
    transfer: int
    full: bool

    @classmethod
    def of(cls, frame: VideoFrame) -> Self:
        """As the frame is tagged; an untagged matrix is BT.709 from 720p on and BT.601 below, as players
        assume."""
        matrix = int(frame.colorspace)
        if matrix not in _MATRICES:
            matrix = _BT709 if frame.width >= 1280 or frame.height >= 720 else _BT601
        full = int(frame.color_range) == ColorRange.JPEG or frame.format.name.startswith(("yuvj", "gray"))
        return cls(matrix, int(frame.color_primaries), int(frame.color_trc), full and not frame.format.is_rgb)

    @property
    def colorspace(self) -> Colorspace:
        """The matrix in swscale's numbering."""
        return _MATRICES[self.matrix]

    @property
    def range(self) -> ColorRange:
        return ColorRange.JPEG if self.full else ColorRange.MPEG


def has_alpha(frame: VideoFrame) -> bool:
    return any(component.is_alpha for component in frame.format.components)


def is_deep(pix_fmt: str) -> bool:
    """Whether samples of a pixel format (FFmpeg's name) have more than 8 bits."""
    return any(component.bits > 8 for component in VideoFormat(pix_fmt).components)


def to_rgb(frame: VideoFrame, alpha: bool = False, deep: bool = False) -> np.ndarray:
    """Decoded frame to uint8 RGB (H, W, 3), full range, turned as its display matrix says.

    alpha: with it, RGBA. deep: uint16.
    """
    colour, wanted = Colour.of(frame), _packed_format(alpha, deep)
    # swscale converts YCbCr to planar RGB with SIMD and to packed RGB without; planes are then packed at little cost.
    # The same bytes come out in half of the time.
    by_planes = wanted == "rgb24" and frame.format.name.startswith("yuv")
    rgb = frame.reformat(
        format="gbrp" if by_planes else wanted,
        src_colorspace=colour.colorspace,
        dst_colorspace=colour.colorspace,
        src_color_range=ColorRange.JPEG if frame.format.is_rgb else colour.range,
        dst_color_range=ColorRange.JPEG,
        interpolation=SWS_FLAGS,
        threads=1,
    )
    if by_planes:
        rgb = rgb.reformat(format=wanted, interpolation=SWS_FLAGS, threads=1)
    return np.ascontiguousarray(_apply_display_matrix(rgb.to_ndarray(), _display_matrix(frame)))


def from_rgb(pixels: np.ndarray, pix_fmt: str, colour: Colour) -> VideoFrame:
    """A frame in an encoder's pixel format (FFmpeg's name), of uint8 or uint16 RGB (H, W, 3) or RGBA (H, W, 4)."""
    given = _packed_format(pixels.shape[2] == 4, pixels.dtype == np.uint16)
    pixels = np.ascontiguousarray(pixels)
    if pix_fmt == given:
        return VideoFrame.from_ndarray(pixels, format=given)
    frame = VideoFrame.from_numpy_buffer(pixels, format=given).reformat(
        format=pix_fmt,
        src_colorspace=colour.colorspace,
        dst_colorspace=colour.colorspace,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.JPEG if pix_fmt.startswith(("yuvj", "gray")) else colour.range,
        interpolation=SWS_FLAGS,
        threads=1,
    )
    if not frame.format.is_rgb:
        frame.colorspace = colour.matrix
    return frame


def _packed_format(alpha: bool, deep: bool) -> str:
    if deep:
        return "rgba64le" if alpha else "rgb48le"
    return "rgba" if alpha else "rgb24"


def swaps_axes(frame: VideoFrame) -> bool:
    """Whether the display matrix swaps width and height."""
    a, b, c, d = _display_matrix(frame)
    return abs(a) + abs(d) < abs(b) + abs(c)


def is_rotated(frame: VideoFrame) -> bool:
    """Whether the display matrix rotates or flips."""
    across, _, _, down = _display_matrix(frame)
    return swaps_axes(frame) or across < 0 or down < 0


def _display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """(a, b, c, d) of x' = a x + c y, y' = b x + d y."""
    try:
        found = list(cast(SideDataContainer, frame.side_data))
    except ValueError:
        # PyAV fails on kinds of side data that it does not know. `rotation` still works, though it has no flips.
        quarter = round(frame.rotation / 90) % 4
        return ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))[quarter]
    for data in found:
        if data.type.name == "DISPLAYMATRIX":
            numbers = struct.unpack("=9i", bytes(data)[:36])
            return numbers[0], numbers[1], numbers[3], numbers[4]
    return 1, 0, 0, 1


def _apply_display_matrix(pixels: np.ndarray, matrix: tuple[int, int, int, int]) -> np.ndarray:
    """Applies the nearest right-angle turn or flip of a display matrix to an (H, W, C) picture."""
    a, b, c, d = matrix
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    return pixels.swapaxes(0, 1)[:: -1 if b < 0 else 1, :: -1 if c < 0 else 1]
