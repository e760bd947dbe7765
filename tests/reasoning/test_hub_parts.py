"""The parts of the hub's perception, opened from small random checkpoints in the layout of the published ones."""

import json
import shutil

import numpy as np
import pytest
import torch
from hub_checkpoints import NOUNS, save_depth, save_grounding_dino, save_owlv2, save_parts
from PIL import Image
from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

from vireo.errors import InputError, ModelError
from vireo.reasoning.events import complete
from vireo.reasoning.opening import thinking_weights
from vireo.reasoning.perception import open_perception
from vireo.reasoning.perception.hub.depth import HubDepth
from vireo.reasoning.perception.hub.detector import HubDetector
from vireo.reasoning.perception.hub.parts import Question
from vireo.reasoning.perception.hub.presets import HUB_PRESETS, PARTS
from vireo.reasoning.perception.hub.reader import HubReader
from vireo.reasoning.perception.hub.segmenter import Sam2Segmenter
from vireo.reasoning.twin import DigitalTwin

PICTURE = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_parts(tmp_path_factory.mktemp("hub") / "parts")


@pytest.fixture(scope="module")
def grounding(folder):
    return HubDetector.from_pretrained(folder / "detector", NOUNS)


class Told:
    """A detector's model that gives the same to every input."""

    device = torch.device("cpu")

    def __init__(self, model, boxes, logits):
        self.config, self.pred_boxes, self.logits = model.config, torch.tensor([boxes]), torch.tensor([logits])

    def __call__(self, **inputs):
        self.inputs = inputs
        return self


def told(detector, boxes, logits):
    made = HubDetector(Told(detector.model, boxes, logits), detector.processor, detector.nouns)
    return made, made.find(PICTURE)


def test_grounding_dino_scores_each_noun_by_its_tokens(grounding):
    """The text is [CLS] cat . surf ##board . red ball . [SEP]."""
    nothing = [-20.0] * 10
    first, second = nothing.copy(), nothing.copy()
    first[1], first[4], first[2] = 0.0, 2.0, 9.0  # "cat", "##board"; a full stop is no noun's
    second[6] = 1.0  # "red"
    boxes = [[0.5, 0.5, 0.25, 0.5], [0.25, 0.25, 0.5, 0.5]]
    made, found = told(grounding, boxes, [first, second])
    ids = made.model.inputs["input_ids"][0].tolist()
    words = made.processor.tokenizer.convert_ids_to_tokens(ids)
    assert words == ["[CLS]", "cat", ".", "surf", "##board", ".", "red", "ball", ".", "[SEP]"]
    assert [each.box for each in found] == [(24, 12, 40, 36), (0, 0, 32, 24)]
    sigmoid = torch.tensor([0.0, 2.0, 1.0]).sigmoid().tolist()
    assert found[0].scores == pytest.approx([sigmoid[0], sigmoid[1], 0], abs=1e-6)
    assert found[1].scores == pytest.approx([0, 0, sigmoid[2]], abs=1e-6)


def test_grounding_dino_is_asked_for_many_nouns_in_parts(tmp_path):
    whole = HubDetector.from_pretrained(save_grounding_dino(tmp_path / "a"), NOUNS)
    parted = HubDetector.from_pretrained(save_grounding_dino(tmp_path / "b", max_text_len=7), NOUNS)
    assert [nouns for _, nouns in whole._parts] == [list(NOUNS)]
    assert [(first, nouns) for first, nouns in parted._parts] == [(0, ["cat", "surfboard"]), (2, ["red ball"])]
    parted.least = 0.0
    assert parted.find(PICTURE)[0].scores.shape == (3,)
    with pytest.raises(InputError, match="too long"):
        HubDetector(parted.model, parted.processor, ["cat surfboard ball a"])


def test_grounding_dino_loaded_finds_what_its_model_says(grounding):
    grounding.least, kept = 0.0, grounding.least
    found = grounding.find(PICTURE)
    grounding.least = kept
    inputs = grounding.processor(images=Image.fromarray(PICTURE), text="cat. surfboard. red ball.", return_tensors="pt")
    with torch.no_grad():
        outputs = grounding.model(**inputs)
    theirs = grounding.processor.post_process_grounded_object_detection(
        outputs, inputs["input_ids"], threshold=0.0, target_sizes=[(48, 64)]
    )[0]
    best = theirs["boxes"].clamp(min=0) @ torch.eye(4)
    best = torch.minimum(best, torch.tensor([64.0, 48.0, 64.0, 48.0]))
    assert len(found) >= 1
    assert torch.isclose(best, torch.tensor(found[0].box), atol=1e-3).all(-1).any()
    assert 0 <= found[-1].score <= found[0].score <= 1


def test_owlv2_boxes_lie_in_a_square(tmp_path):
    detector = HubDetector.from_pretrained(save_owlv2(tmp_path / "owl"), NOUNS)
    made, found = told(detector, [[0.5, 0.25, 0.25, 0.25], [0.5, 0.9, 0.2, 0.1]], [[-9.0, 3.0, -9.0], [3.0, 0.0, 0.0]])
    assert [each.box for each in found] == [(24, 8, 40, 24)], "what lies below the picture is none"
    assert found[0].score == pytest.approx(float(torch.tensor(3.0).sigmoid()))
    asked = made.processor.tokenizer.batch_decode(made.model.inputs["input_ids"], skip_special_tokens=True)
    assert [text.replace(" ", "") for text in asked] == ["aphotoofacat", "aphotoofasurfboard", "aphotoofaredball"]
    detector.least = 0.0
    inputs = detector.processor(text=[list(asked)], images=Image.fromarray(PICTURE), return_tensors="pt")
    with torch.no_grad():
        outputs = detector.model(**inputs)
    theirs = detector.processor.post_process_grounded_object_detection(outputs, 0.0, torch.tensor([[48, 64]]))[0]
    found = detector.find(PICTURE)
    assert max(each.score for each in found) <= float(theirs["scores"].max()) + 1e-3


def test_sam2_follows_one_picture_after_another_as_its_whole_videos(folder):
    """The same frames as a video in one piece, through transformers' own iterator."""
    segmenter = Sam2Segmenter.from_pretrained(folder / "segmenter")
    with torch.no_grad():  # random weights see nothing: let them always see something
        segmenter.model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(1e3)
    clip = np.random.default_rng(1).integers(0, 255, (9, 48, 64, 3), dtype=np.uint8)
    follower, boxes = segmenter.start(), [(4.0, 4.0, 40.0, 30.0), (20.0, 10.0, 60.0, 44.0)]
    assert follower.advance(clip[0]) == []
    ours = [follower.add(boxes), *(follower.advance(picture) for picture in clip[1:])]
    assert all(mask.shape == (48, 64) and mask.dtype == bool for masks in ours for mask in masks)

    model, video = segmenter.model, []
    for picture in clip:
        one = segmenter.start()
        one.advance(picture)
        video.append(one.pixels)
    session = Sam2VideoInferenceSession(torch.stack(video), 48, 64, dtype=torch.float32)
    for name, box in enumerate(boxes):
        corners = torch.tensor(box).reshape(1, 1, 2, 2)
        points = {"point_coords": corners * torch.tensor([1.0, 64 / 48]), "point_labels": torch.tensor([[[2, 3]]])}
        session.add_point_inputs(session.obj_id_to_idx(name), 0, points)
    session.obj_with_new_inputs = [0, 1]
    theirs = []
    with torch.no_grad():
        for output in model.propagate_in_video_iterator(session, start_frame_idx=0):
            whole = torch.nn.functional.interpolate(output.pred_masks, (48, 64), mode="bilinear")
            theirs.append(list((whole[:, 0] > 0).numpy()))
    assert all(np.array_equal(np.array(one), np.array(other)) for one, other in zip(ours, theirs, strict=True))
    assert len({np.array(masks).tobytes() for masks in ours}) > 1
    kept = follower.session.output_dict_per_obj[0]["non_cond_frame_outputs"]
    assert min(kept) >= 4, "memory does not grow with the clip"
    assert list(follower.session.processed_frames) == [8]


def test_sam2_takes_up_what_comes_later(folder):
    follower = Sam2Segmenter.from_pretrained(folder / "segmenter").start()
    follower.advance(PICTURE)
    assert len(follower.add([(4.0, 4.0, 30.0, 30.0)])) == 1
    assert len(follower.advance(PICTURE)) == 1
    assert len(follower.add([(10.0, 10.0, 50.0, 40.0), (0.0, 0.0, 9.0, 9.0)])) == 2
    assert len(follower.advance(PICTURE)) == 3


@pytest.mark.parametrize(("kind", "sign"), [("metric", 1), ("relative", -1)])
def test_depths_rise_with_the_distance(tmp_path, kind, sign):
    estimator = HubDepth.from_pretrained(save_depth(tmp_path / kind, kind))
    found = estimator.estimate([PICTURE, PICTURE[::-1].copy()])
    assert estimator.ratios == (kind == "metric")
    assert found.shape == (2, 48, 64)
    inputs = estimator.processor(images=Image.fromarray(PICTURE), return_tensors="pt")
    with torch.no_grad():
        theirs = estimator.model(**inputs).predicted_depth[:, None]
    theirs = torch.nn.functional.interpolate(theirs, (48, 64), mode="bilinear")[0, 0].numpy()
    assert found[0] == pytest.approx(sign * theirs, abs=1e-5)


def test_the_reader_gives_the_chance_of_each_letter(folder):
    reader = HubReader.from_pretrained(folder / "reader")
    tokenizer, model = reader.processor.tokenizer, reader.model
    with torch.no_grad():  # a model that always says the same
        head = torch.zeros(len(tokenizer))
        head[tokenizer.encode("B", add_special_tokens=False)[0]] = 8.0
        head[tokenizer.encode(" A", add_special_tokens=False)[0]] = 7.0
        model.lm_head = torch.nn.Linear(16, len(tokenizer))
        model.lm_head.weight.zero_()
        model.lm_head.bias.copy_(head)
    assert len(tokenizer.encode(" A", add_special_tokens=False)) == 1, "the test's tokenizer has such a token"
    red, long = Question("what?", ("red", "blue")), Question("what colour is it, if it has one?", ("a", "b", "c"))
    answers = reader.answer([(PICTURE, red), (PICTURE[:20], long), *[(PICTURE, red)] * 4])
    chances = head.softmax(0)
    assert answers[0] == pytest.approx([float(chances.max() / np.e), float(chances.max())], rel=2e-2)
    assert [len(answer) for answer in answers] == [2, 3, 2, 2, 2, 2]
    assert answers[1][2] < 1e-3


def test_what_is_read_in_a_batch_is_what_is_read_alone(folder):
    reader = HubReader.from_pretrained(folder / "reader")
    asked = [(PICTURE, Question("what?", ("red", "blue"))), (PICTURE[:20], Question("what is it?", ("a", "b", "c")))]
    together = reader.answer(asked)
    for each, alone in zip(together, [reader.answer([one])[0] for one in asked], strict=True):
        assert each == pytest.approx(alone, rel=1e-3)


def test_a_folder_of_parts_makes_a_twin(folder):
    perception = open_perception(f"{folder}@cat,surfboard,red ball")
    assert perception.detector.nouns == NOUNS
    perception.detector.least = 0.0  # random weights see nothing surely
    with torch.no_grad():
        perception.segmenter.model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(1e3)
    frames = np.random.default_rng(2).integers(0, 255, (3, 48, 64, 3), dtype=np.uint8)
    clock = [frame / 8 for frame in range(3)]
    twin = complete(perception.perceive(iter(frames), clock))
    assert DigitalTwin.model_validate_json(twin.model_dump_json()) == twin
    assert (twin.maker, twin.width, twin.height, twin.frames) == ("hub", 64, 48, 3)
    assert twin.objects
    assert all(entry.category.value in NOUNS for entry in twin.objects)
    assert {name for entry in twin.objects for name in entry.attributes} == {"color", "material"}
    assert all(value.value is None for entry in twin.objects for value in entry.attributes.values()), "random weights"
    depths = [depth for entry in twin.objects for depth in entry.track.depths if depth is not None]
    assert depths
    assert all(0 < depth < 20 for depth in depths)
    assert complete(perception.perceive(frames, clock)) == twin
    assert thinking_weights("nowhere", str(folder)) == [folder / part for part in PARTS]


def test_depth_and_reader_may_be_left_out(tmp_path):
    perception = open_perception(save_parts(tmp_path / "parts", depth=None, reader=None))
    assert (perception.depth, perception.reader) == (None, None)
    assert "person" in perception.detector.nouns


def test_what_is_missing_or_another_models_is_said(tmp_path, folder, monkeypatch):
    with pytest.raises(ModelError, match=r"has no folder segmenter \(put each checkpoint"):
        open_perception(save_parts(tmp_path / "parts", segmenter=None, depth=None, reader=None))
    with pytest.raises(ModelError, match="kind 'depth_anything', no segmenter of videos"):
        open_perception(save_parts(tmp_path / "other", segmenter=save_depth, depth=None, reader=None))
    with pytest.raises(ModelError, match=r"there is no perception 'hubb' \(use mini, hub, "):
        open_perception("hubb")
    with pytest.raises(ModelError, match="mini cannot be told what to look for"):
        open_perception("mini@cat")
    with pytest.raises(InputError, match="no noun to look for"):
        open_perception(f"{folder}@cat,3")
    cut = tmp_path / "cut"
    shutil.copytree(folder, cut)
    weights = cut / "depth" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(ModelError, match="truncated"):
        HubDepth.from_pretrained(cut / "depth")
    (cut / "detector" / "config.json").unlink()
    with pytest.raises(ModelError, match=r"holds no detector .* no config\.json"):
        open_perception(cut)
    config = json.loads((folder / "depth" / "config.json").read_text())
    (cut / "depth" / "config.json").write_text(json.dumps(config | {"neck_hidden_sizes": [4, 8, 8, 24]}))
    shutil.copy(folder / "depth" / "model.safetensors", weights)
    with pytest.raises(ModelError):
        HubDepth.from_pretrained(cut / "depth")


def test_a_reader_without_a_chat_template_is_none(tmp_path, folder):
    shutil.copytree(folder / "reader", tmp_path / "reader")
    (tmp_path / "reader" / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match="no chat template"):
        HubReader.from_pretrained(tmp_path / "reader")


def test_gaps_in_weights_are_not_filled_with_random_numbers(tmp_path):
    from safetensors.torch import load_file, save_file

    path = save_depth(tmp_path / "depth") / "model.safetensors"
    tensors = load_file(path)
    tensors.pop("head.conv3.weight")
    save_file(tensors, path, {"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks 1 tensors, among them head\.conv3\.weight"):
        HubDepth.from_pretrained(tmp_path / "depth")


def test_presets_are_fetched_part_by_part(folder, monkeypatch):
    import huggingface_hub

    fetched = []

    def snapshot(name, allow_patterns):
        fetched.append(name)
        part = next(part for part, each in HUB_PRESETS["hub-indoor"].parts.items() if each.hub_id == name)
        return str(folder / part)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    perception = open_perception("hub-indoor@cat")
    assert fetched == [part.hub_id for part in HUB_PRESETS["hub-indoor"].parts.values()]
    assert perception.detector.nouns == ("cat",)
    assert perception.depth.ratios


def test_presets_that_cannot_be_fetched_say_what_to_do(monkeypatch):
    import huggingface_hub

    def fails(*args, **options):
        raise OSError("no route\nto anywhere")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fails)
    with pytest.raises(ModelError, match=r"hub: no route \(check the network, or put checkpoints into FOLDER/detector"):
        open_perception("hub")


@pytest.mark.parametrize("name", HUB_PRESETS)
def test_presets_name_their_parts_and_licences(name):
    preset = HUB_PRESETS[name]
    assert tuple(preset.parts) == PARTS
    assert all("/" in part.hub_id and part.licence for part in preset.parts.values())
