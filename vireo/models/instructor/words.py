"""An instruction as words: lower case, everyday wordings replaced by those that models may know."""

import re
import unicodedata
from collections.abc import Iterator

from vireo.models.instructor.lexicon import ARTICLES, FILLERS, PHRASES, SYNONYMS

_REFERENCE = re.compile(r"\b(object|thing|one|item) (in|from|of|on) (the|this|my) (picture|image|photo|reference)\b")


def split_words(text: str) -> list[str]:
    """Lower-case words; a comma for each mark between requests; other marks only where they may mean something."""
    text = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")
    text = re.sub(r"'s\b", "", text).replace("'", "").replace("&", " and ").replace("\n", ", ")
    text = _REFERENCE.sub("reference", text.replace("b/w", "bw"))
    words = re.findall(r"#?\w+|[^\w\s!?\"()\[\]_*/:\u2013\u2014\u2026\u201c\u201d\u201e-]", text)
    return ["," if word in ",;.+" else word for word in words]


def replaced(words: list[str]) -> Iterator[str]:
    """Words with PHRASES and SYNONYMS replaced."""
    place = 0
    while place < len(words):
        for length in (5, 4, 3, 2):
            phrase = " ".join(words[place : place + length])
            if phrase in PHRASES:
                yield from PHRASES[phrase].split()
                place += length
                break
        else:
            yield SYNONYMS.get(words[place], words[place])
            place += 1


def content_words(words: list[str]) -> tuple[str, ...]:
    """The words that carry meaning, without fillers and articles."""
    return tuple(word for word in replaced(words) if word not in FILLERS and word not in ARTICLES)
