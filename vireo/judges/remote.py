"""Chat models behind an OpenAI-compatible endpoint: any server that answers POST URL/chat/completions.

Replies are validated, asked for again a bounded number of times, kept on disk by what was asked, and counted.
"""

import base64
import hashlib
import io
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np
import tenacity
from PIL import Image

from vireo.errors import InputError
from vireo.judges.chat_model import Answer, ChatJudge, Groups, user_message
from vireo.judges.judge import Judge, JudgeKind, JudgeOptions, Usage
from vireo.judges.rubric import RubricName, UnusableReply
from vireo.runtime import whole_file

T = TypeVar("T")

KEY = "OPENAI_API_KEY"
"""Environment variable that holds the key; without it none is sent, as local servers want it."""

LONGEST_REPLY = 1 << 20
_MAY_PASS = (408, 409, 425, 429, 500, 502, 503, 504)


class _Refused(UnusableReply):
    """A request that failed and would fail again."""


@dataclass
class RemoteChat:
    """url: up to and without /chat/completions. model: its name there. cache: folder of replies, or None.

    timeout: seconds of one request. attempts: most requests a question. pause: seconds before the second one, doubled
    before each further. workers: requests at a time. prices: of a million tokens in prompts and in replies, in any
    unit, for the bill. sleep: waits between attempts. Raises InputError for a URL that is none.
    """

    url: str
    model: str
    cache: Path | None = None
    timeout: float = 120.0
    attempts: int = 3
    pause: float = 1.0
    workers: int = 4
    prices: tuple[float, float] | None = None
    sleep: Callable[[float], None] = time.sleep
    name: str = field(init=False)

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")) or not self.model:
            raise InputError(f"{self.url!r} is no endpoint of a judge", "write https://HOST/v1#MODEL")
        self.name = f"{self.url}#{self.model}"

    def ask(self, text: str, groups: Groups, read: Callable[[str], T]) -> Answer[T]:
        message = user_message(text, groups, _as_part)
        request = {"model": self.model, "temperature": 0, "messages": [message]}
        known = self._cached(request, read)
        if known is not None:
            return known
        spent: list[Usage] = []

        def attempt() -> T:
            reply = self._reply(request, spent)
            value = read(reply)
            self._keep(request, reply)
            return value

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=tenacity.wait_exponential(self.pause),
            retry=tenacity.retry_if_exception_type(UnusableReply) & tenacity.retry_if_not_exception_type(_Refused),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return Answer(retrying(attempt), usage=self._total(spent))
        except UnusableReply as error:
            return Answer(None, str(error), self._total(spent))

    def _reply(self, request: dict[str, Any], spent: list[Usage]) -> str:
        """The text of a reply; adds what it costs, also where there is none. Raises UnusableReply."""
        headers = {"Authorization": f"Bearer {key}"} if (key := os.environ.get(KEY)) else {}
        spent.append(Usage(calls=1))
        address, deadline = self.url.rstrip("/") + "/chat/completions", time.monotonic() + self.timeout
        options: dict[str, Any] = {"headers": headers, "timeout": self.timeout, "follow_redirects": True}
        try:
            # A client of its own a request: a judge is copied into other processes, which no open connection survives.
            with httpx.stream("POST", address, json=request, **options) as answer:
                body, status = _body(answer, deadline), answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnusableReply(f"no answer from the judge: {type(error).__name__}") from None
        if status != 200:
            why = " ".join(body.decode(errors="replace").split())[:200]
            kind = UnusableReply if status in _MAY_PASS else _Refused
            raise kind(f"the judge answers {status}: {why}")
        try:
            found = json.loads(body)
            reply, counted = found["choices"][0]["message"]["content"], found.get("usage") or {}
            tokens = [int(counted.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")]
        except (ValueError, LookupError, TypeError, AttributeError):
            raise UnusableReply("the judge's answer is no chat completion") from None
        spent.append(Usage(0, False, *tokens))
        return str(reply or "")

    def _total(self, spent: list[Usage]) -> Usage:
        total = sum(spent, start=Usage())
        if self.prices is None:
            return total
        tokens = (total.prompt_tokens, total.completion_tokens)
        return replace(total, cost=sum(n * price for n, price in zip(tokens, self.prices, strict=True)) / 1e6)

    # Replies by what was asked; the name of a file is the hash of the request and of the server.

    def _place(self, request: dict[str, Any]) -> Path | None:
        if self.cache is None:
            return None
        text = json.dumps([self.url, request], sort_keys=True)
        return self.cache / f"{hashlib.sha256(text.encode()).hexdigest()}.json"

    def _cached(self, request: dict[str, Any], read: Callable[[str], T]) -> Answer[T] | None:
        """What was kept; None where nothing was, or nothing that can be used."""
        place = self._place(request)
        if place is None:
            return None
        try:
            value = read(json.loads(place.read_text(encoding="utf-8"))["reply"])
        except (OSError, ValueError, LookupError, TypeError, UnusableReply):
            return None
        return Answer(value, usage=Usage(cached=True, cost=0.0))

    def _keep(self, request: dict[str, Any], reply: str) -> None:
        place = self._place(request)
        if place is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(place) as temporary:
                temporary.write_text(json.dumps({"reply": reply}, ensure_ascii=False), encoding="utf-8")


def _body(answer: httpx.Response, deadline: float) -> bytes:
    """All of an answer, whose server may dribble or never end."""
    parts, size = [], 0
    for part in answer.iter_bytes():  # as they come in
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline:
            raise UnusableReply("the judge is too slow")
        if size > LONGEST_REPLY:
            raise UnusableReply("the judge's answer is too long")
    return b"".join(parts)


def _as_part(picture: np.ndarray) -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _open(address: str, rubric: RubricName, options: JudgeOptions) -> Judge:
    url, _, model = address.partition("#")
    return ChatJudge(RemoteChat(url, model, options.cache, prices=options.prices), rubric)


ENDPOINT = JudgeKind(matches=lambda address: "://" in address, open=_open)
"""Addresses are https://HOST/v1#MODEL."""
