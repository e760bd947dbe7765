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

import numpy as np
import requests
from PIL import Image

from vireo.errors import InputError
from vireo.judges.chat_model import Answer, Groups
from vireo.judges.judge import Usage
from vireo.judges.rubric import UnusableReply
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
    """A request without a usable answer. final: whether another one would fare no better."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


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
        spent, why = _Spent(), ""
        for attempt in range(self.endpoint.attempts):
            if attempt:
                self.sleep(self.endpoint.pause * 2 ** (attempt - 1))
            try:
                reply = self._reply(request, spent)
                value = read(reply)
            except UnusableReply as error:
                why = str(error)
                continue
            except _Failed as error:
                why = str(error)
                if error.final:
                    break
                continue
            self._keep(request, reply)
            return Answer(value, usage=spent.usage(self.endpoint.prices))
        return Answer(None, why, spent.usage(self.endpoint.prices))

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
            with requests.post(address, json=request, headers=headers, timeout=seconds, stream=True) as answer:
                body = _body(answer, deadline)
        except requests.RequestException as error:
            raise _Failed(f"no answer from the judge: {type(error).__name__}") from None
        if answer.status_code != 200:
            why = " ".join(body.decode(errors="replace").split())[:200]
            raise _Failed(f"the judge answers {answer.status_code}: {why}", final=answer.status_code not in _PASSING)
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


def _body(answer: requests.Response, deadline: float) -> bytes:
    """All of an answer, whose server may dribble or never end."""
    parts, size = [], 0
    for part in answer.iter_content(1):  # larger pieces wait until they are full
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
