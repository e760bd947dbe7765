"""Chat models behind an OpenAI-compatible endpoint: any server that answers POST URL/chat/completions.

Replies are validated, asked for again a bounded number of times, kept on disk by what was asked, and counted.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np
from PIL import Image
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from vireo.errors import InputError
from vireo.judges.chat_model import Answer, ChatJudge, Groups
from vireo.judges.judge import Judge, JudgeKind, JudgeOptions, Usage
from vireo.judges.rubric import RubricName, UnusableReply
from vireo.runtime import whole_file

T = TypeVar("T")

KEY = "OPENAI_API_KEY"
"""Environment variable that holds the key; without it none is sent, as local servers want it."""

LONGEST_REPLY = 1 << 20
_PASSING = (408, 409, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Endpoint:
    """url: up to and without /chat/completions. model: its name there. timeout: seconds of one request.

    attempts: most requests a question. pause: seconds before the second one, doubled before each further.
    workers: requests at a time. prices: of a million tokens in prompts and in replies, in any unit, for the bill.
    """

    url: str
    model: str
    timeout: float = 120.0
    attempts: int = 3
    pause: float = 1.0
    workers: int = 4
    prices: tuple[float, float] | None = None


class _Failed(Exception):
    """A request without a usable answer. passing: whether another one may fare better."""

    def __init__(self, why: str, *, passing: bool = True) -> None:
        super().__init__(why)
        self.passing = passing


@dataclass
class _Spent:
    """What one question has cost so far."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def usage(self, prices: tuple[float, float] | None) -> Usage:
        tokens = (self.prompt_tokens, self.completion_tokens)
        cost = None if prices is None else sum(n * price for n, price in zip(tokens, prices, strict=True)) / 1e6
        return Usage(self.calls, False, *tokens, cost)


class RemoteChat:
    """cache: folder of replies, or None. sleep: waits between attempts. Raises InputError for a URL that is none."""

    def __init__(
        self, endpoint: Endpoint, *, cache: Path | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if not endpoint.url.startswith(("http://", "https://")) or not endpoint.model:
            raise InputError(f"{endpoint.url!r} is no endpoint of a judge", "write https://HOST/v1#MODEL")
        self.endpoint, self.cache, self.sleep = endpoint, cache, sleep
        self.name, self.workers = f"{endpoint.url}#{endpoint.model}", endpoint.workers

    def ask(self, text: str, groups: Groups, read: Callable[[str], T]) -> Answer[T]:
        request = self._request(text, groups)
        known = self._cached(request, read)
        if known is not None:
            return known
        spent = _Spent()

        def attempt() -> T:
            reply = self._reply(request, spent)
            value = read(reply)
            self._keep(request, reply)
            return value

        retrying = Retrying(
            stop=stop_after_attempt(self.endpoint.attempts),
            wait=wait_exponential(self.endpoint.pause),
            retry=retry_if_exception(lambda error: isinstance(error, UnusableReply) or _may_pass(error)),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return Answer(retrying(attempt), usage=spent.usage(self.endpoint.prices))
        except (UnusableReply, _Failed) as error:
            return Answer(None, str(error), spent.usage(self.endpoint.prices))

    def _request(self, text: str, groups: Groups) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": text}]
        for title, pictures in groups:
            content.append({"type": "text", "text": title})
            content += [{"type": "image_url", "image_url": {"url": _data_url(picture)}} for picture in pictures]
        message = {"role": "user", "content": content}
        return {"model": self.endpoint.model, "temperature": 0, "messages": [message]}

    def _reply(self, request: dict[str, Any], spent: _Spent) -> str:
        """The text of a reply."""
        headers = {"Authorization": f"Bearer {key}"} if (key := os.environ.get(KEY)) else {}
        spent.calls += 1
        address, seconds = self.endpoint.url.rstrip("/") + "/chat/completions", self.endpoint.timeout
        deadline = time.monotonic() + seconds
        try:
            # A client of its own a request: a judge is copied into other processes, which no open connection survives.
            with httpx.stream(
                "POST", address, json=request, headers=headers, timeout=seconds, follow_redirects=True
            ) as answer:
                body, status = _body(answer, deadline), answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Failed(f"no answer from the judge: {type(error).__name__}") from None
        if status != 200:
            why = " ".join(body.decode(errors="replace").split())[:200]
            raise _Failed(f"the judge answers {status}: {why}", passing=status in _PASSING)
        try:
            found = json.loads(body)
            reply, counted = found["choices"][0]["message"]["content"], found.get("usage") or {}
            spent.prompt_tokens += int(counted.get("prompt_tokens") or 0)
            spent.completion_tokens += int(counted.get("completion_tokens") or 0)
        except (ValueError, LookupError, TypeError, AttributeError):
            raise _Failed("the judge's answer is no chat completion") from None
        return str(reply or "")

    # Replies by what was asked; the name of a file is the hash of the request and of the server.

    def _place(self, request: dict[str, Any]) -> Path | None:
        if self.cache is None:
            return None
        text = json.dumps([self.endpoint.url, request], sort_keys=True)
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


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, _Failed) and error.passing


def _body(answer: httpx.Response, deadline: float) -> bytes:
    """All of an answer, whose server may dribble or never end."""
    parts, size = [], 0
    for part in answer.iter_bytes():  # as they come in
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline:
            raise _Failed("the judge is too slow")
        if size > LONGEST_REPLY:
            raise _Failed("the judge's answer is too long")
    return b"".join(parts)


def _data_url(picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _open(address: str, rubric: RubricName, options: JudgeOptions) -> Judge:
    url, _, model = address.partition("#")
    return ChatJudge(RemoteChat(Endpoint(url, model, prices=options.prices), cache=options.cache), rubric)


ENDPOINT = JudgeKind(matches=lambda address: "://" in address, open=_open)
"""Addresses are https://HOST/v1#MODEL."""
