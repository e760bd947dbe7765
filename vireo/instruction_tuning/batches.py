"""Batches of packed dialogues for the instructor: about pictures, verdicts on edits, references, texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from transformers import PreTrainedTokenizerFast

from vireo.instruction_tuning.corpus import Corpus
from vireo.instruction_tuning.critic_dialogues import CriticDialogues
from vireo.instruction_tuning.packing import ABSENT, Packed, Turn, pack
from vireo.instruction_tuning.patch_labels import patch_shares
from vireo.instruction_tuning.pictures import STILLS, PictureSet
from vireo.models.instructor.prompts import InstructorTemplate, opening_ids
from vireo.models.tokenizer import IMAGE
from vireo.types import EditPair

TEXT_LENGTHS = (256, 192, 192)
"""Tokens of a sequence beside those of its 0, 1 or 2 pictures. Fixed, so that every step has the same shapes."""

EMPHASIS = {
    **{"material": 3.5, "shape": 3.0, "relation": 2.5, "comparison": 1.5, "color": 1.5, "plan": 1.5, "floor": 0.7},
    **dict.fromkeys(("watermark", "style", "backdrop", "light", "caption"), 0.4),
}
"""How often kinds of turns about a picture come, in proportion: those that are learned late more often."""

Still = tuple[int, int]
"""Number of a clip, and which of its STILLS."""


@dataclass(frozen=True)
class Batch:
    """images: uint8 (B, n, H, W, 3), n pictures a dialogue. packed: their dialogues.

    turn_patches: float32 (T, P + 1), for each turn the patches of the first picture that show the objects it is about,
        in proportion to what they show and summing to one; the last entry for objects that are not there; zeros for
        a turn that is about none.
    name_patches: float32 (M, P + 1), the same for each name of an object.
    highlights: whether the second picture is to be shown as `vireo.models.instructor.states.highlighted`.
    """

    images: np.ndarray
    packed: Packed
    turn_patches: np.ndarray
    name_patches: np.ndarray
    highlights: bool = False


class BatchSampler:
    """Draws batches from a pair set and its corpus; all randomness comes from the generator of each call.

    patch_size: of the vision tower, which takes the pictures as they are.
    pools: of what each sort of batch is drawn, by the name of its method.
    """

    def __init__(
        self,
        pairs_dir: Path,
        pairs: Sequence[EditPair],
        pictures: PictureSet,
        corpus: Corpus,
        tokenizer: PreTrainedTokenizerFast,
        template: InstructorTemplate,
        patch_size: int,
    ) -> None:
        self.pairs, self.pictures, self.corpus = pairs, pictures, corpus
        self.template, self.patch_size = template, patch_size
        height, width = pictures.still(0, 0).shape[:2]
        self.patches = (height // patch_size) * (width // patch_size)
        self.openings = [opening_ids(tokenizer, template, n, self.patches, IMAGE) for n in range(3)]
        self.lengths = [length + n * self.patches for n, length in enumerate(TEXT_LENGTHS)]
        self.critic = CriticDialogues(pairs, pictures, corpus, tokenizer, template)
        self.pools = {
            "about": np.flatnonzero(np.diff(corpus.about.owned)),
            "verdicts": self.critic.edits,
            "references": np.arange(len(corpus.reference_pairs)),
            "texts": np.arange(len(corpus.texts)),
        }
        references = [pairs_dir / str(pairs[k].reference) for k in corpus.reference_pairs]
        self.reference_images = [np.asarray(Image.open(path).convert("RGB")) for path in references]

    def about(self, owners: Sequence[int], rng: np.random.Generator) -> Batch:
        """Dialogues about single pictures; owners as in `Corpus.about`."""
        stills = [divmod(int(owner), len(STILLS)) for owner in owners]
        images = [[self.pictures.still(*still)] for still in stills]
        return self._batch(images, [self.corpus.about.draw(k, rng, emphasis=EMPHASIS) for k in owners], stills)

    def texts(self, owners: Sequence[int], rng: np.random.Generator) -> Batch:
        """Dialogues about captions, without pictures; several captions share a row."""
        bank = self.corpus.texts
        dialogues = [
            [turn for k in (owner, *rng.integers(0, len(bank), 2)) for turn in bank.draw(int(k), rng)]
            for owner in owners
        ]
        packed = pack(self.openings[0], dialogues, self.lengths[0])
        no_patches = np.zeros((0, self.patches + 1), np.float32)
        return Batch(np.zeros((len(owners), 0, 1, 1, 3), np.uint8), packed, no_patches, no_patches)

    def references(self, owners: Sequence[int], rng: np.random.Generator) -> Batch:
        """Dialogues about a source and a reference picture; owners as in `Corpus.references`."""
        stills = [(self._source(self.corpus.reference_pairs[owner]), 0) for owner in owners]
        images = [[self.pictures.still(*s), self.reference_images[k]] for s, k in zip(stills, owners, strict=True)]
        return self._batch(images, [self.corpus.references.draw(owner, rng) for owner in owners], stills)

    def verdicts(self, indices: Sequence[int], rng: np.random.Generator) -> Batch:
        """Dialogues of the critic about edits of these pairs, a candidate each."""
        images, dialogues, stills = [], [], []
        for index in indices:
            stills.append((self._source(index), int(rng.integers(len(STILLS)))))
            edited, turns = self.critic.draw(int(index), stills[-1][1], rng)
            images.append([self.pictures.still(*stills[-1]), edited])
            dialogues.append(turns)
        return self._batch(images, dialogues, stills, self.template.highlights)

    def _source(self, index: int) -> int:
        return self.pictures.number[self.pairs[index].source]

    def _batch(
        self,
        images: Sequence[Sequence[np.ndarray]],
        dialogues: Sequence[Sequence[Turn]],
        stills: Sequence[Still],
        highlights: bool = False,
    ) -> Batch:
        """images: those of each dialogue, of which the first are these stills."""
        count = len(images[0])
        packed = pack(self.openings[count], dialogues, self.lengths[count])
        shares: list[np.ndarray | None] = []
        for number, still in stills:
            masks = self.pictures.instances(number)
            shares.append(None if masks is None else patch_shares(masks[still], self.patch_size))
        turns = self._distributions(shares, packed.question_ends[:, 0].tolist(), packed.objects)
        names = self._distributions(shares, packed.name_ends[:, 0].tolist(), packed.name_objects)
        return Batch(np.array(images), packed, turns, names, highlights)

    def _distributions(
        self, shares: Sequence[np.ndarray | None], rows: Sequence[int], objects: Sequence[int]
    ) -> np.ndarray:
        """`Batch.turn_patches` for these sets of objects. shares: of `patch_shares`, one a row of the batch."""
        result = np.zeros((len(objects), self.patches + 1), np.float32)
        for entry, row, wanted in zip(result, rows, objects, strict=True):
            share = shares[row]
            if wanted == ABSENT:
                entry[-1] = 1
            elif share is not None:
                entry[:-1] = sum(share[index] for index in range(len(share)) if wanted >> index & 1)
        return result / np.maximum(result.sum(1, keepdims=True), 1e-6)
