"""What a file holds beside its picture comes along: subtitles, cover art, chapters and tags."""

from fractions import Fraction

import av
import pytest
from odd_clips import PNG, write

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
    assert copy(film, tmp_path / "out.gif") == ("stream 1: sound (opus)", "stream 2: subtitle (subrip)", "tags: title")


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


PHONE = {
    "com.apple.quicktime.make": "Apple",
    "com.apple.quicktime.location.ISO6709": "+48.8584+002.2945/",
    "com.android.capture.fps": "240",
    "title": "Holiday",
    "creation_time": "2024-05-01T10:11:12.000000Z",
}


@pytest.mark.parametrize(
    ("name", "output"), [("a.mov", "b.mov"), ("a.mov", "b.mp4"), ("a.mp4", "b.mov"), ("a.mp4", "b.mkv")]
)
def test_a_phones_tags_and_the_pictures_language_stay(tmp_path, name, output):
    source = tmp_path / name
    flags = {"movflags": "use_metadata_tags"}

    def name_track(stream):
        stream.metadata.update(language="ger", title="front")

    write(source, sound=["aac"], tags=PHONE, container=flags, prepare=name_track)
    assert copy(source, tmp_path / output) == ()
    with av.open(str(tmp_path / output)) as container:
        # Matroska has names in capital letters.
        found = {key.lower(): value for key, value in container.metadata.items()}
        assert {key.lower(): value for key, value in PHONE.items()}.items() <= found.items()
        assert container.streams.video[0].language in ("ger", "deu")


def test_ordinary_tags_keep_their_ordinary_places(tmp_path):
    write(tmp_path / "a.mp4", tags={"title": "Holiday", "artist": "Me", "comment": "hello"})
    assert copy(tmp_path / "a.mp4", tmp_path / "b.mp4") == ()
    assert b"\xa9nam" in (tmp_path / "b.mp4").read_bytes()


def test_lost_tags_are_named(tmp_path):
    write(
        tmp_path / "a.mkv", tags={"title": "Holiday", "mood": "good"}, prepare=lambda s: s.metadata.update(camera="B")
    )
    assert copy(tmp_path / "a.mkv", tmp_path / "b.mkv") == ()
    assert copy(tmp_path / "a.mkv", tmp_path / "b.mp4") == ("tags: CAMERA",)
    assert copy(tmp_path / "a.mkv", tmp_path / "b.ts") == ("tags: title, MOOD, CAMERA",)
    assert copy(tmp_path / "a.mkv", tmp_path / "b.wtv") == ("perhaps tags",)  # not a format that is read


def test_a_cover_goes_before_tags_without_a_place(tmp_path):
    write(tmp_path / "a.mkv", cover="attachment", tags={"title": "Holiday", "mood": "good"})
    assert copy(tmp_path / "a.mkv", tmp_path / "b.mp4") == ("tags: MOOD",)
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert len(container.streams.video) == 2


def timecode_of(path):
    with av.open(str(path)) as container:
        return container.streams.video[0].metadata.get("timecode")


def test_timecodes_and_chapters_are_not_missed(tmp_path):
    def count(stream):
        stream.metadata.update(timecode="01:00:00:00")

    write(tmp_path / "a.mov", prepare=count)
    assert copy(tmp_path / "a.mov", tmp_path / "b.mov") == ()
    assert timecode_of(tmp_path / "b.mov") == "01:00:00:00"
    chapter = {"id": 1, "start": 0, "end": 100, "time_base": Fraction(1, 1000), "metadata": {"title": "one"}}
    with av.open(str(tmp_path / "a.mov")) as old, av.open(str(tmp_path / "c.mp4"), "w") as new:
        new.set_chapters([chapter])
        stream = new.add_stream_from_template(old.streams[0])
        for packet in old.demux(0):
            if packet.size:
                packet.stream = stream
                new.mux_one(packet)
    assert copy(tmp_path / "c.mp4", tmp_path / "d.mp4") == ()
    with av.open(str(tmp_path / "d.mp4")) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["one"]


def test_timecodes_that_cannot_be_written_are_named(tmp_path):
    source = tmp_path / "a.mkv"
    write(source, rate=1000, tags={"timecode": "01:00:00:00"}, count=20, options={"g": "5", "bf": "0"})
    assert copy(source, tmp_path / "b.mov") == ("timecode",)
    with (
        VideoReader(source) as reader,
        VideoWriter(tmp_path / "c.mkv", reader.info, source=source, span=(0.005, 0.008)) as writer,
    ):
        for frame in reader:
            writer.write(frame, frame.pixels)
    assert writer.left_out == ("timecode",)


def test_attachments_stay_in_matroska(film, tmp_path):
    font, source = b"\0\1\0\0" + bytes(range(200)), tmp_path / "fonts.mkv"
    with av.open(str(film)) as old, av.open(str(source), "w") as new:
        copies = [new.add_stream_from_template(stream) for stream in old.streams]
        new.add_attachment("odd.ttf", "application/x-truetype-font", font)
        new.add_attachment("notes.txt", "text/plain", b"hello")
        new.add_attachment("cover.png", "image/png", PNG)
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                new.mux_one(packet)
    assert copy(source, tmp_path / "out.mkv") == ()
    assert subtitles(tmp_path / "out.mkv") == subtitles(film)
    for path in (source, tmp_path / "out.mkv"):
        with av.open(str(path)) as container:
            files = {stream.name: (stream.mimetype, stream.data) for stream in container.streams.attachments}
            assert files["odd.ttf"] == ("application/x-truetype-font", font)
            assert files["notes.txt"] == ("text/plain", b"hello")
            (art,) = [s for s in container.streams.video if s.disposition & s.disposition.attached_pic]
            assert art.metadata["filename"] == "cover.png"
            assert [bytes(packet) for packet in container.demux(art) if packet.size] == [PNG]
    left = copy(source, tmp_path / "out.mp4")
    assert "stream 3: attachment (odd.ttf)" in left
    assert not any("png" in words for words in left)


def test_cover_art_of_mp4_goes_into_matroska(tmp_path):
    write(tmp_path / "in.mp4", cover=True, sound=["aac"])
    assert copy(tmp_path / "in.mp4", tmp_path / "out.mkv") == ()
    with av.open(str(tmp_path / "out.mkv")) as container:
        (art,) = [s for s in container.streams.video if s.disposition & s.disposition.attached_pic]
        assert (art.metadata["filename"], art.metadata["mimetype"]) == ("cover.png", "image/png")
