"""What a file holds beside its picture comes along: subtitles, cover art, chapters and tags."""

from fractions import Fraction

import av
import pytest
from odd_clips import write

from vireo.video.io import VideoReader, VideoWriter


def copy(source, output):
    with VideoReader(source) as reader, VideoWriter(output, reader.info, source=source) as writer:
        for frame in reader:
            writer.write(frame, frame.pixels)
    return writer.left_out


@pytest.fixture
def film(tmp_path):
    """A Matroska file with a title, two chapters, sound in a named language and subtitles."""
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:00,080\nhello\n\n2\n00:00:00,120 --> 00:00:00,200\nüber 世界\n")
    plain, path = tmp_path / "plain.mkv", tmp_path / "film.mkv"
    write(plain, sound=["libopus"], base=Fraction(1, 1000), codec="ffv1", pix_fmt="bgr0")
    with av.open(str(plain)) as old, av.open(str(words)) as said, av.open(str(path), "w") as new:
        new.metadata["title"] = "A film, «with» words"
        moment = Fraction(1, 1000)
        chapters = [(0, 100, "one"), (100, 200, "two")]
        new.set_chapters(
            [
                {"id": start, "start": start, "end": end, "time_base": moment, "metadata": {"title": title}}
                for start, end, title in chapters
            ]
        )
        streams = [*old.streams, *said.streams]
        copies = [new.add_stream_from_template(stream) for stream in streams]
        copies[1].metadata["language"] = "fra"
        for container, first in ((old, 0), (said, len(old.streams))):
            for packet in container.demux():
                if packet.dts is not None:
                    packet.stream = copies[first + packet.stream_index]
                    new.mux_one(packet)
    return path


def subtitles(path):
    with av.open(str(path)) as container:
        return [(p.pts * p.time_base, bytes(p)) for p in container.demux(container.streams.subtitles) if p.size]


def test_everything_comes_along_in_the_same_container(film, tmp_path):
    assert copy(film, tmp_path / "out.mkv") == ()
    assert subtitles(tmp_path / "out.mkv") == subtitles(film)
    assert [text for _, text in subtitles(film)] == [b"hello", "über 世界".encode()]
    with av.open(str(film)) as before, av.open(str(tmp_path / "out.mkv")) as after:
        assert after.metadata["title"] == before.metadata["title"] == "A film, «with» words"
        assert after.streams.audio[0].metadata["language"] == "fra"
        wanted = ("start", "end", "time_base", "metadata")
        found = [[{key: chapter[key] for key in wanted} for chapter in c.chapters()] for c in (before, after)]
        assert found[0] == found[1]
        assert [chapter["metadata"]["title"] for chapter in found[1]] == ["one", "two"]


def test_what_a_container_cannot_hold_is_named(film, tmp_path):
    assert copy(film, tmp_path / "out.mp4") == ("stream 2: subtitle (subrip)",)
    assert copy(film, tmp_path / "out.gif") == ("stream 1: sound (opus)", "stream 2: subtitle (subrip)")


def test_cover_art_stays_cover_art(tmp_path):
    source = tmp_path / "in.mp4"
    write(source, cover=True, sound=["aac"])
    assert copy(source, tmp_path / "out.mp4") == ()
    art = []
    for path in (source, tmp_path / "out.mp4"):
        with av.open(str(path)) as container:
            (stream,) = [s for s in container.streams.video if s.disposition & s.disposition.attached_pic]
            art.append([bytes(packet) for packet in container.demux(stream) if packet.size])
    assert art[0] == art[1]
    assert len(art[0]) == 1


def test_a_second_picture_is_named(tmp_path):
    source = tmp_path / "in.mp4"
    write(source, second=True)
    assert copy(source, tmp_path / "out.mp4") == ("stream 1: picture (h264)",)
