"""What every editor has to do, the stand-in of the other tests included."""

import threading

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLWan, FlowMatchEulerDiscreteScheduler, WanTransformer3DModel, WanVideoToVideoPipeline
from rule_editor import RuleEditor
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from vireo import edit_video
from vireo.errors import Cancelled, ModelError
from vireo.models.editors.opening import ADAPTERS, open_editor
from vireo.models.editors.protocol import Sampling, Window
from vireo.models.editors.viva_editor import VivaEditor
from vireo.monitor import STAGES, Monitor
from vireo.pipeline.stream import edit_frames
from vireo.types import EditRequest, EditSettings
from vireo.video.io import read_clip, write_lossless

EDITORS = ("rule", "viva", "wan")


def wan_folder(folder):
    """A video-to-video pipeline of Wan's classes, tiny and untrained, as it would be published."""
    torch.manual_seed(0)
    words = Tokenizer(models.WordLevel({"<pad>": 0, "</s>": 1, "<unk>": 2, "night": 3}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    text = UMT5Config(vocab_size=32, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, tie_word_embeddings=False)
    pipe = WanVideoToVideoPipeline(
        tokenizer=PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="</s>"),
        text_encoder=UMT5EncoderModel(text).eval(),
        transformer=WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=4,
            out_channels=4,
            text_dim=16,
            freq_dim=16,
            ffn_dim=16,
            num_layers=1,
        ),
        vae=AutoencoderKLWan(
            base_dim=4,
            z_dim=4,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    )
    pipe.save_pretrained(folder)
    facts = '{"frame_size": [32, 48], "window_frames": 9, "overlap": 2, "steps": 2, "weights": "float32"}'
    (folder / "editor.json").write_text(facts)
    return folder


@pytest.fixture(scope="module")
def editors(tiny_pipe, tmp_path_factory):
    wan = open_editor(wan_folder(tmp_path_factory.mktemp("wan")), device="cpu")
    return {"rule": RuleEditor(), "viva": VivaEditor(tiny_pipe), "wan": wan}


@pytest.fixture(params=EDITORS)
def editor(request, editors):
    return editors[request.param]


def windows(editor, count=2):
    rng, (height, width) = np.random.default_rng(0), editor.facts.frame_size
    length = 2 * editor.facts.temporal_stride + 1
    clips = rng.integers(0, 256, (count, length, height, width, 3), dtype=np.uint8)
    return [Window(frames=clip, text="make it night") for clip in clips]


SAMPLING = Sampling(seed=1, steps=2, guidance=1.0)


def test_windows_come_back_edited(editor):
    given, monitor = windows(editor), Monitor()
    before = [window.frames.copy() for window in given]
    edited = editor.edit(given, SAMPLING, monitor)
    for window, frames, clip in zip(given, edited, before, strict=True):
        assert frames.shape == window.frames.shape
        assert frames.dtype == np.float32
        assert np.isfinite(frames).all()
        assert frames.min() >= 0
        assert frames.max() <= 1
        assert (window.frames == clip).all(), "what is given stays as it is"
    assert set(monitor.seconds) == set(STAGES)
    assert monitor.seconds["denoise"] > 0


def test_a_result_depends_on_its_window_and_the_seed_alone(editor):
    given = windows(editor, 3)
    together = editor.edit(given, SAMPLING, Monitor())
    for window, frames in zip(given, together, strict=True):
        assert (editor.edit([window], SAMPLING, Monitor())[0] == frames).all()


def test_a_reconstruction_has_the_clips_shape_and_saves_work_only(editor):
    window = windows(editor, 1)[0]
    found = editor.reconstruct(window.frames)
    assert found.frames.shape == window.frames.shape
    assert 0 <= found.frames.min() <= found.frames.max() <= 1
    again = Window(frames=window.frames, text=window.text, reconstruction=found)
    one, other = (editor.edit([each], SAMPLING, Monitor())[0] for each in (window, again))
    assert (one == other).all()


def test_every_step_is_told_and_a_cancelled_request_ends_there(editor):
    steps, cancelled = [], threading.Event()
    editor.edit(windows(editor, 1), SAMPLING, Monitor(on_step=lambda: steps.append(1)))
    assert len(steps) >= 1
    cancelled.set()
    with pytest.raises(Cancelled):
        editor.edit(windows(editor, 1), SAMPLING, Monitor(cancelled=cancelled))


def test_the_digest_tells_weights_apart(editor):
    assert editor.digest() == editor.digest()
    assert len(editor.digest()) == 64


@pytest.mark.parametrize("shape", [(7, 40, 56), (1, 96, 96), (23, 64, 48)])
def test_clips_of_any_size_and_length(editor, shape):
    frames = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    request = EditRequest(instruction="darker", settings=EditSettings(steps=2, gate=False))
    assert edit_frames(editor, frames, request).edited.shape == frames.shape


def test_another_thread_cancels_an_edit_of_a_file_and_nothing_is_left(tmp_path):
    cancelled = threading.Event()
    write_lossless(tmp_path / "in.mkv", np.zeros((40, 96, 96, 3), np.uint8), 8)

    def progress(done, total, label):
        if done == 7:
            cancelled.set()

    options = {"model": RuleEditor(), "look": False, "cancelled": cancelled, "on_progress": progress}
    with pytest.raises(Cancelled):
        edit_video(tmp_path / "in.mkv", "darker", tmp_path / "out.mkv", **options)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_a_short_clip_is_not_filled_up_for_a_model_that_takes_it(editors, monkeypatch):
    seen = []
    original = type(editors["wan"]).edit
    monkeypatch.setattr(
        type(editors["wan"]),
        "edit",
        lambda self, given, *rest: seen.extend(len(w.frames) for w in given) or original(self, given, *rest),
    )
    request = EditRequest(instruction="night", settings=EditSettings(steps=2))
    edit_frames(editors["wan"], np.zeros((4, 32, 48, 3), np.uint8), request)
    assert seen == [5]


def test_a_folder_edits_a_file_by_the_class_that_it_names_or_the_adapter_that_is_named(tmp_path):
    folder = wan_folder(tmp_path / "wan")
    write_lossless(tmp_path / "in.mkv", np.full((5, 32, 48, 3), 90, np.uint8), 8)
    result = edit_video(
        tmp_path / "in.mkv", "night", tmp_path / "out.mkv", model=str(folder), executor="model", steps=2
    )
    assert read_clip(tmp_path / "out.mkv").frames.shape == (5, 32, 48, 3)
    assert result.found is None, "nobody looks for such a model"
    index = folder / "model_index.json"
    index.write_text(index.read_text().replace("WanVideoToVideoPipeline", "WanPipeline"))
    with pytest.raises(ModelError, match="holds a WanPipeline, for which there is no adapter"):
        open_editor(folder)
    assert open_editor(folder, device="cpu", adapter="WanVideoToVideoPipeline").facts.name == "wan"
    with pytest.raises(ModelError, match="no adapter 'wan'"):
        open_editor(folder, adapter="wan")
    (folder / "editor.json").write_text("[]")
    with pytest.raises(ModelError, match="no JSON object"):
        open_editor(folder, device="cpu", adapter="WanVideoToVideoPipeline")
    for wrong, says in (('{"step": 2}', "step: Extra"), ('{"steps": 0}', "steps: Input should be greater")):
        (folder / "editor.json").write_text(wrong)
        with pytest.raises(ModelError, match=says):
            open_editor(folder, device="cpu", adapter="WanVideoToVideoPipeline")
    assert set(ADAPTERS) >= {"VireoPipeline", "WanVideoToVideoPipeline"}
