import pytest

from vireo.errors import InputError
from vireo.pairs.format import one_a_source, read_pairs
from vireo.types import PairFiles


def files(name, source, family="recolor"):
    return PairFiles(
        id=name,
        family=family,
        source=source,
        target="t",
        mask="m",
        instruction="i",
        paraphrases=[],
        source_caption="a",
        target_caption="b",
    )


def test_only_the_pairs_at_these_places_are_looked_at(tmp_path):
    lines = [files(str(k), "s").model_dump_json() for k in range(4)]
    lines[2] = "no pair at all"
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines))
    assert [pair.id for pair in read_pairs(tmp_path, PairFiles, {0, 3})] == ["0", "3"]
    assert list(read_pairs(tmp_path, PairFiles, {})) == []
    with pytest.raises(InputError, match="line 3 is no pair"):
        list(read_pairs(tmp_path, PairFiles, {1, 2}))
    with pytest.raises(InputError, match="line 3 is no pair"):
        list(read_pairs(tmp_path, PairFiles))


def test_one_pair_a_source_and_all_families():
    families = ["recolor", "material", "remove"]
    pairs = [files(f"{s}-{family}", f"s{s}", family) for s in range(6) for family in families]
    chosen = [pairs[place] for place in one_a_source(pairs)]
    assert [pair.source for pair in chosen] == [f"s{s}" for s in range(6)]
    assert [pair.family for pair in chosen] == families * 2
    assert one_a_source([]) == []
