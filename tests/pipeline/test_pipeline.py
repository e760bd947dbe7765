"""The pipeline with an untrained editor: shapes, seeds, guidance, callbacks, storage, refusals."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from vireo.errors import InputError, ModelError
from vireo.models.editors.viva import VireoPipeline


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_frames_have_the_shapes_of_diffusers(tiny_pipe, clip):
    frames = tiny_pipe("make it blue", clip, generator=seeded()).frames
    assert frames.shape == (1, 9, 96, 96, 3)
    assert frames.dtype == np.float32
    assert frames.min() >= 0
    assert frames.max() <= 1
    assert tiny_pipe("make it blue", clip, generator=seeded(), output_type="pt").frames.shape == (1, 9, 3, 96, 96)
    assert tiny_pipe("make it blue", clip, generator=seeded(), output_type="latent").frames.shape == (1, 8, 3, 12, 12)
    pictures = tiny_pipe("make it blue", clip, generator=seeded(), output_type="pil").frames
    assert isinstance(pictures[0][0], Image.Image)


def test_uint8_float_and_pil_clips_mean_the_same(tiny_pipe, clip):
    expected = tiny_pipe("remove the cube", clip, generator=seeded()).frames
    pictures = [Image.fromarray(frame) for frame in clip]
    for same in (clip.astype(np.float32) / 255, pictures):
        np.testing.assert_array_equal(tiny_pipe("remove the cube", same, generator=seeded()).frames, expected)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tiny_pipe, clip):
    first, again, other = (tiny_pipe("remove the cube", clip, generator=seeded(seed)).frames for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_a_batch_gives_what_its_clips_give_alone(tiny_pipe, clip):
    prompts, clips = ["remove the cube", "make the red ball blue"], [clip, clip[::-1].copy()]
    both = tiny_pipe(prompts, clips, generator=[seeded(1), seeded(2)]).frames
    for i in range(2):
        alone = tiny_pipe(prompts[i], clips[i], generator=seeded(i + 1)).frames[0]
        np.testing.assert_allclose(both[i], alone, atol=0.02)


def test_guidance_is_classifier_free_on_the_instruction_only(tiny_pipe, clip):
    """v = v(empty) + g (v(instruction) - v(empty)): with one step the latents are linear in g."""
    noise = torch.randn(1, 8, 3, 12, 12, generator=seeded())

    def latents(prompt, guidance):
        return tiny_pipe(
            prompt, clip, latents=noise, num_inference_steps=1, guidance_scale=guidance, output_type="latent"
        ).frames

    empty, within, guided = latents("", 1.0), latents("remove the cube", 1.0), latents("remove the cube", 3.0)
    assert (within - empty).abs().max() > 0
    torch.testing.assert_close(guided, empty + 3 * (within - empty), atol=0.05, rtol=0.05)


def test_a_reference_changes_the_result_but_not_its_length(tiny_pipe, clip):
    picture = Image.new("RGB", (40, 30), (250, 20, 20))
    with_picture = tiny_pipe("replace it", clip, image=picture, generator=seeded()).frames
    without = tiny_pipe("replace it", clip, generator=seeded()).frames
    assert with_picture.shape == without.shape
    assert not np.array_equal(with_picture, without)


def test_callbacks_see_every_step_may_change_it_and_end_the_work(tiny_pipe, clip):
    class Enough(Exception):
        pass

    seen = []

    def watch(pipe, step, timestep, tensors):
        seen.append((step, float(timestep), tensors["clean"].shape))
        if step == 1:
            raise Enough
        return {"latents": torch.zeros_like(tensors["latents"])}

    tensors = ("latents", "clean")
    options = {"callback_on_step_end": watch, "callback_on_step_end_tensor_inputs": tensors, "generator": seeded()}
    with pytest.raises(Enough):
        tiny_pipe("remove the cube", clip, num_inference_steps=5, **options)
    assert [(step, shape) for step, _, shape in seen] == [(0, (1, 8, 3, 12, 12)), (1, (1, 8, 3, 12, 12))]
    assert seen[0][1] == 1000
    made = tiny_pipe("remove the cube", clip, num_inference_steps=1, output_type="latent", **options).frames
    assert not made.any()


def test_threads_share_one_pipeline(tiny_pipe, clip):
    prompts = ["remove the cube", "make the red ball blue"] * 3
    alone = [tiny_pipe(prompt, clip, num_inference_steps=2, generator=seeded()).frames for prompt in prompts[:2]]
    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(tiny_pipe, p, clip, num_inference_steps=2, generator=seeded()) for p in prompts]
        for number, job in enumerate(jobs):
            np.testing.assert_array_equal(job.result().frames, alone[number % 2])


def test_stored_pipelines_come_back(tiny_pipe, clip, tmp_path):
    tiny_pipe.save_pretrained(tmp_path / "model")
    again = VireoPipeline.from_pretrained(tmp_path / "model")
    again.set_progress_bar_config(disable=True)
    assert (again.facts, again.wiring) == (tiny_pipe.facts, tiny_pipe.wiring)
    for name in ("vae", "transformer", "instructor"):
        weights = getattr(again, name).state_dict()
        assert all(torch.equal(weights[key], value) for key, value in getattr(tiny_pipe, name).state_dict().items())
    found = again("remove the cube", clip, generator=seeded()).frames
    # A new instructor computes attention as is fastest in training, a loaded one as transformers chooses.
    np.testing.assert_allclose(found, tiny_pipe("remove the cube", clip, generator=seeded()).frames, atol=1 / 255)
    again.save_pretrained(tmp_path / "twice")
    twice = VireoPipeline.from_pretrained(tmp_path / "twice")
    twice.set_progress_bar_config(disable=True)
    np.testing.assert_array_equal(twice("remove the cube", clip, generator=seeded()).frames, found)


@pytest.mark.parametrize("index", ["{", '{"facts": {"weights": "float7"}}'])
def test_a_broken_configuration_is_named(index, tiny_pipe, tmp_path):
    tiny_pipe.save_pretrained(tmp_path / "model")
    (tmp_path / "model" / "model_index.json").write_text(index)
    with pytest.raises(ModelError, match="does not hold weights of this model"):
        VireoPipeline.from_pretrained(tmp_path / "model")


def test_broken_weights_are_named(tiny_pipe, tmp_path):
    tiny_pipe.save_pretrained(tmp_path / "model")
    path = next((tmp_path / "model" / "transformer").glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match="truncated"):
        VireoPipeline.from_pretrained(tmp_path / "model")


def test_windows_that_do_not_fit_are_refused(tiny_pipe, clip):
    with pytest.raises(InputError, match="4k \\+ 1"):
        tiny_pipe("remove the cube", clip[:8])
    with pytest.raises(InputError, match="multiples of 16"):
        tiny_pipe("remove the cube", clip[:, :90])
    with pytest.raises(InputError, match="one of each"):
        tiny_pipe(["a", "b"], clip)
