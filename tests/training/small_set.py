"""A pair set without rendering: real scenes and edits, flat discs for pictures, for tests of the learning stages."""

import json
from dataclasses import dataclass

import numpy as np
from PIL import Image

from vireo.instruction_tuning.batches import BatchSampler
from vireo.instruction_tuning.corpus import Corpus, CorpusTexts
from vireo.instruction_tuning.pictures import STILLS, PictureSet
from vireo.models.editors.mini import MINI_TEMPLATE, PATCH_SIZE
from vireo.models.tokenizer import train_tokenizer
from vireo.pairs.format import EditPair
from vireo.pairs.frame_cache import FrameCache
from vireo.training.pair_sets import STUDIO_FAMILIES
from vireo.world import language
from vireo.world.camera import frame_cameras
from vireo.world.captions import caption
from vireo.world.families import Situation, draw_changes
from vireo.world.palette import COLORS
from vireo.world.sampling import sample_scene
from vireo.world.visibility import visible_objects


def draw(scene):
    """Frames (9, 96, 96, 3) and instance masks (9, 96, 96): a disc of the object's colour for each object."""
    frames = np.full((9, 96, 96, 3), 90 + 10 * len(scene.floor.kind), np.uint8)
    masks = np.zeros((9, 96, 96), np.uint8)
    rows, columns = np.mgrid[:96, :96]
    for k, view in enumerate(frame_cameras(scene)):
        for index, body in enumerate(scene.bodies):
            column, row, _ = view.project(np.array(body.track[k][:3]))
            disc = (rows - row) ** 2 + (columns - column) ** 2 < (40 * body.radius) ** 2
            frames[k][disc] = np.array(COLORS[body.color]) * 255
            masks[k][disc] = index + 1
    return frames, masks


@dataclass
class SmallSet:
    pairs: list
    pictures: PictureSet
    tokenizer: object
    sampler: BatchSampler


def make_small_set(folder, scenes=4, seed=7):
    clips, masks, pairs = {}, {}, []
    for number in range(scenes):
        scene = sample_scene(seed + number)
        frames, instances = draw(scene)
        clips[f"s{number}"], masks[f"i{number}"] = frames, instances[list(STILLS)]
        seen = visible_objects(scene, instances)
        now = Situation(scene, seen, tuple(s.index for s in seen))
        for family in STUDIO_FAMILIES:
            rng = np.random.default_rng([number, len(family)])
            changes = next((c for c in (draw_changes(family, now, rng) for _ in range(20)) if c), ())
            if not changes or family == "watermark":
                continue
            change = changes[0]
            target = change.apply(scene)
            instruction, paraphrases = language.instruct(changes, seen, "train", rng)
            path = f"s{number}" if target == scene else f"t{number}-{family}"
            clips.setdefault(path, draw(target)[0])
            reference = None
            if change.reference_object is not None:
                reference = f"{number}.png"
                Image.fromarray(np.full((96, 96, 3), 128, np.uint8)).save(folder / reference)
            pairs.append(
                EditPair(
                    id=f"{number}-{family}",
                    family=family,
                    seed=seed + number,
                    split="train",
                    source=f"s{number}",
                    target=path,
                    mask="",
                    instruction=instruction,
                    paraphrases=paraphrases,
                    source_caption=caption(scene),
                    target_caption=caption(target),
                    reference=reference,
                    scene=scene.model_dump(mode="json"),
                    target_scene=target.model_dump(mode="json"),
                    instances=f"i{number}",
                    concerned=list(change.objects),
                )
            )
    np.save(folder / "frames.npy", np.stack(list(clips.values())))
    (folder / "frames.json").write_text(json.dumps({path: row for row, path in enumerate(clips)}))
    pictures = PictureSet(pairs, FrameCache(folder), masks)
    texts = CorpusTexts(pairs, pictures, clips=100)
    tokenizer = train_tokenizer([*texts.every(), *(f" {p.caption}" for p in pictures.pictures)], 900)
    corpus = Corpus.make(texts, tokenizer, MINI_TEMPLATE, folder / "corpus")
    sampler = BatchSampler(folder, pairs, pictures, corpus, tokenizer, MINI_TEMPLATE, PATCH_SIZE)
    return SmallSet(pairs, pictures, tokenizer, sampler)
