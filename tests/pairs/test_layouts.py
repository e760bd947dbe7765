"""Small folders in the layouts of published sets; what is missing or malformed is listed, the rest is read."""

import hashlib
import json

import pytest

from vireo.errors import InputError
from vireo.evaluation.benchmarks.registry import BENCHMARKS
from vireo.pairs.layouts import TRAINSETS, read_layout

LAYOUTS = {**{name: benchmark.layout for name, benchmark in BENCHMARKS.items()}, **TRAINSETS}


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def problems(listing):
    return {problem["where"]: problem["what"] for problem in listing.problems}


def test_rve_bench(tmp_path):
    put(tmp_path, "a.mp4", "videos/b.mp4")
    good = {"source_video_path": "a.mp4", "target_video_path": "b.mp4", "instruction": "What if\n it rained?"}
    rows = [
        {**good, "type": "Existential"},
        {**good, "source_video_path": "gone.mp4", "type": "Causal"},
        {"source_video_path": "a.mp4", "type": "Causal"},
        "not an object",
        {**good, "type": "In-Context Video Generation", "caption": "rain"},
    ]
    write(tmp_path / "bench.json", rows)
    write(tmp_path / "broken.json", "[{")
    found = read_layout(LAYOUTS["rve-bench"], tmp_path)
    assert [(item.id, item.kind, item.instruction) for item in found.items] == [
        ("bench-0", "Existential", "What if it rained?"),
        ("bench-4", "In-Context Video Generation", "What if it rained?"),
    ]
    assert [item.generates for item in found.items] == [False, True], "of new clips nothing has to stay"
    assert [item.target_caption for item in found.items] == ["", "rain"]
    assert found.items[0].source == tmp_path / "a.mp4"
    listed = problems(found)
    assert listed["bench.json[1]"] == "gone.mp4 is missing"
    assert listed["bench.json[2]"] == "no instruction"
    assert listed["bench.json[3]"] == "no object but str"
    assert listed["broken.json[0]"].startswith("is no JSON")


def test_editverse(tmp_path):
    home = tmp_path / "EditVerseBench"
    put(home, "videos/1.mp4", "images/crown.png")
    item = {
        "<text>": "<video1> Add the crown of <image1> to her head",
        "<video1>": "videos/1.mp4",
        "type": "add object",
    }
    item |= {"target_prompt": "a woman with a crown", "source_prompt": "a woman", "direction": "horizontal"}
    rows = {"0": {**item, "<image1>": "images/crown.png"}, "7": {**item, "<video2>": "videos/1.mp4"}}
    rows["8"] = {**item, "<image1>": "images/crown.png", "<image2>": "images/crown.png"}
    write(home / "test.json", rows)
    found = read_layout(LAYOUTS["editverse"], tmp_path)
    assert len(found.items) == 1
    first = found.items[0]
    assert (first.id, first.kind, first.instruction) == ("0", "add object", "Add the crown of the picture to her head")
    assert (first.reference, first.target_caption) == (home / "images/crown.png", "a woman with a crown")
    assert problems(found)["test.json[7]"].startswith("needs more than one video")
    assert problems(found)["test.json[8]"].startswith("needs more than one picture")
    assert read_layout(LAYOUTS["editverse"], home).items[0].id == "0", "or the inner folder itself"


def test_five(tmp_path):
    put(tmp_path, "images/bus/00001.jpg", "bmasks/bus/00001.jpg", "videos/girl.mp4")
    row = {"video_name": "bus", "save_dir": "bus_1", "source_prompt": "a [red] bus", "target_prompt": "a [blue] bus"}
    asked = {"multiple_choice_question": "a) red b) blue?", "target_yes_no_question": "Is it blue?"}
    girl = {**row, "video_name": "girl", "instruction": "make it blue"}
    write(tmp_path / "edit_prompt/edit3_FiVE.json", [row | asked, girl])
    write(tmp_path / "edit_prompt/edit5_FiVE.json", [{**row, "video_name": "nowhere"}])
    found = read_layout(LAYOUTS["five"], tmp_path)
    bus, girl = found.items
    assert (bus.kind, bus.instruction, bus.source) == ("color", "a blue bus", tmp_path / "images/bus")
    assert bus.mask == tmp_path / "bmasks/bus"
    assert (bus.questions, girl.questions) == (("a) red b) blue?", "Is it blue?", ""), None)
    assert (girl.instruction, girl.source, girl.mask) == ("make it blue", tmp_path / "videos/girl.mp4", None)
    assert problems(found) == {"edit5_FiVE.json[0]": "videos/nowhere.mp4 is missing"}


@pytest.mark.parametrize("name", ["vie-bench", "rvebenchmark", "veggie"])
def test_usual_names(name, tmp_path):
    """Of these no description of the files is published: usual fields, in JSON, JSON lines or CSV."""
    put(tmp_path, "videos/a.mp4", "images/cat.png")
    write(
        tmp_path / "one.json",
        [{"video": "a.mp4", "prompt": "add a cat", "reference_image": "cat.png", "category": "add"}],
    )
    write(tmp_path / "two.jsonl", '{"source_video": "videos/a.mp4", "query": "what holds water?"}\n\n{broken\n')
    write(tmp_path / "three.csv", "id,video_path,instruction\nx 1,a.mp4,make it night\nx2,,make it day\n")
    found = read_layout(LAYOUTS[name], tmp_path)
    assert {item.id: (item.kind, item.instruction) for item in found.items} == {
        "one-0": ("add", "add a cat"),
        "two-1": ("all", "what holds water?"),
        f"three-x_1-{hashlib.sha256(b'three-x 1').hexdigest()[:8]}": ("all", "make it night"),
    }
    assert found.items[0].reference == tmp_path / "images/cat.png"
    assert set(problems(found)) == {"two.jsonl:3", "three.csv:3"}


def test_seed_data_edit(tmp_path):
    one, many = tmp_path / "auto_editing/openimages", tmp_path / "multi_turn_editing"
    put(one, "images/source_images/a.jpg", "images/target_images/a.jpg")
    put(many, *(f"images/{name}.jpg" for name in "abc"))
    row = {"source_image": "source_images/a.jpg", "target_image": "target_images/a.jpg", "instruction": "erase the car"}
    write(one / "annotations/split_0001.jsonl", json.dumps(row))
    turns = {"source_image": "a.jpg", "instruction_1": "add a cat", "edit_image_1": "b.jpg"}
    turns |= {
        "instruction_2": "make it night",
        "edit_image_2": "c.jpg",
        "instruction_3": "now a dog",
        "edit_image_3": "d",
    }
    write(many / "annotations/split_0001.jsonl", json.dumps(turns))
    found = read_layout(LAYOUTS["seed-data-edit"], tmp_path)
    assert [(i.instruction, i.source.name, i.target.name) for i in found.items] == [
        ("erase the car", "a.jpg", "a.jpg"),
        ("add a cat", "a.jpg", "b.jpg"),
        ("make it night", "b.jpg", "c.jpg"),
    ]
    assert len({item.id for item in found.items}) == 3
    assert problems(found) == {"split_0001.jsonl:1, round 3": "d is missing"}


def test_gpt_image_edit(tmp_path):
    home = tmp_path / "omniedit/removal"
    put(home, "input/1.png", "output/1.png")
    row = {"id": "omniedit_removal_1", "task": "removal", "input": "input/1.png", "output": "output/1.png"}
    write(
        home / "metadata/omniedit_removal.json", [{**row, "instruction": "remove it"}, {**row, "instruction": "again"}]
    )
    found = read_layout(LAYOUTS["gpt-image-edit"], tmp_path)
    assert [(i.id, i.kind, i.source.parent.name) for i in found.items] == [("omniedit_removal_1", "removal", "input")]
    assert "second time" in problems(found)["omniedit_removal.json[1]"]


def test_ditto_unpacked_one_folder_deeper(tmp_path):
    put(tmp_path, "videos/source/source/a.mp4", "videos/local/b.mp4")
    row = {"source_path": "./source/a.mp4", "edited_path": "local/b.mp4", "instruction": "make it snow"}
    write(tmp_path / "training_metadata/local.json", [row])
    (item,) = read_layout(LAYOUTS["ditto"], tmp_path).items
    assert (item.source, item.target) == (tmp_path / "videos/source/source/a.mp4", tmp_path / "videos/local/b.mp4")


def test_insvie(tmp_path):
    put(tmp_path, "source_videos/a.mp4", "edited_videos/a.mp4")
    write(tmp_path / "train_insvie_align.csv", "video,instruct\na.mp4,make it red\nb.mp4,make it blue\n")
    found = read_layout(LAYOUTS["insvie"], tmp_path)
    assert [(i.source.parent.name, i.target.parent.name) for i in found.items] == [("source_videos", "edited_videos")]
    assert problems(found) == {"train_insvie_align.csv:3": "b.mp4 is missing"}


def test_senorita_nested_lists_and_moved_folders(tmp_path):
    put(tmp_path, "obj_swap_upload/6/a_org.mp4", "obj_swap_upload/6/a.mp4")
    row = {"source_video_path": "./obj_swap_videos/6/a_org.mp4", "target_video_path": "./obj_swap_videos/6/a.mp4"}
    write(tmp_path / "updated_data_obj_swap_videos.json", [[{**row, "instruction": "swap the cat"}], []])
    (item,) = read_layout(LAYOUTS["senorita"], tmp_path).items
    assert item.source == tmp_path / "obj_swap_upload/6/a_org.mp4"
    assert item.kind == "obj_swap_videos"


@pytest.mark.parametrize("name", LAYOUTS)
def test_folders_that_hold_nothing_of_it(name, tmp_path):
    with pytest.raises(InputError, match="holds nothing of this set"):
        read_layout(LAYOUTS[name], tmp_path)
    with pytest.raises(InputError, match="no folder"):
        read_layout(LAYOUTS[name], tmp_path / "gone")


@pytest.mark.parametrize("value", ["x" * 5000, "a\0b", ".", "", 7, None, ["a.mp4"]])
def test_values_that_no_file_can_have(value, tmp_path):
    write(tmp_path / "bench.json", [{"source_video_path": value, "instruction": "make it red", "type": "x"}])
    found = read_layout(LAYOUTS["rve-bench"], tmp_path)
    assert found.items == []
    assert len(found.problems) == 1


def test_ids_that_had_to_be_changed_stay_apart(tmp_path):
    put(tmp_path, "a.mp4")
    row = {"video": "a.mp4", "instruction": "make it red"}
    names = ["x y", "x_y", "x/y", "編集" * 60, "編集" * 60 + "b"]
    write(tmp_path / "one.json", [{**row, "id": name} for name in names])
    found = read_layout(LAYOUTS["veggie"], tmp_path)
    assert len({item.id for item in found.items}) == len(names)
    assert all(len(item.id.encode()) < 200 and "/" not in item.id for item in found.items)


def test_as_many_as_are_wanted(tmp_path):
    put(tmp_path, "a.mp4")
    row = {"source_video_path": "a.mp4", "instruction": "make it red", "type": "x"}
    write(tmp_path / "bench.json", [row] * 3)
    assert len(read_layout(LAYOUTS["rve-bench"], tmp_path, 2).items) == 2
