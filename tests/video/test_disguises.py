"""Files that name other files or addresses are never followed, whatever they are called."""

import numpy as np
import pytest
from PIL import Image

from vireo.errors import VideoError
from vireo.video.io import VideoReader, read_clip, write_lossless

PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n"
DASH = (
    '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4">'
    '<Representation id="1"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>'
)
TRICKS = {
    "playlist": PLAYLIST.format("{other}"),
    "playlist-file-url": PLAYLIST.format("file://{other}"),
    "playlist-http": PLAYLIST.format("http://127.0.0.1:9/a.ts"),
    "playlist-concat": PLAYLIST.format("concat:{other}|{other}"),
    "concat": "ffconcat version 1.0\nfile {other}\n",
    "concat-http": "ffconcat version 1.0\nfile http://127.0.0.1:9/a.mp4\n",
    "concat-protocol": "ffconcat version 1.0\nfile subfile,,start,0,end,0,,:{other}\n",
    "dash": DASH.format("{other}"),
    "session": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "subtitles": "[Script Info]\nTitle: x\n[Events]\n",
}


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.m3u8", "clip.ffconcat"])
@pytest.mark.parametrize("trick", TRICKS)
def test_nothing_else_is_opened(tmp_path, trick, name):
    other = tmp_path / "other.mkv"
    write_lossless(other, np.zeros((3, 16, 16, 3), np.uint8), 5)
    path = tmp_path / name
    path.write_text(TRICKS[trick].replace("{other}", str(other)))
    # FFmpeg knows playlists by their suffix as well, and DASH not at all; every other kind it knows, and is refused.
    unknown = trick == "dash" or (trick.startswith("playlist") and name != "clip.m3u8")
    words = "cannot be read as a video" if unknown else "is no video file"
    with pytest.raises(VideoError, match=words):
        VideoReader(path)


def test_a_name_is_never_a_pattern(tmp_path):
    for number in (1, 2):
        Image.new("RGB", (8, 8), (90 * number, 0, 0)).save(tmp_path / f"p{number:02}.png")
    with pytest.raises(VideoError, match="does not exist"):
        VideoReader(tmp_path / "p%02d.png")
    Image.new("RGB", (8, 8), (0, 90, 0)).save(tmp_path / "real.png")
    (tmp_path / "real.png").rename(tmp_path / "p%02d.png")
    assert (read_clip(tmp_path / "p%02d.png").frames[0, 0, 0] == (0, 90, 0)).all()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif"])
def test_pictures_of_any_size_are_single_pictures(tmp_path, suffix):
    grain = np.random.default_rng(0).integers(0, 40, (300, 400, 1))
    pixels = (np.linspace(0, 200, 400)[:, None] + [0, 5, 15] + grain).astype(np.uint8)
    path = tmp_path / f"a%d{suffix}"
    Image.fromarray(pixels).save(path, **({"quality": 95} if suffix == ".jpg" else {}))
    assert path.stat().st_size > 20_000
    with VideoReader(path) as reader:
        assert reader.info.still
        (frame,) = reader
    assert np.abs(frame.pixels.astype(int) - pixels).mean() < (3 if suffix == ".jpg" else 0.01)
