"""A user study as a local web page; see `answers.py`. The page never learns which method made a clip."""

import hashlib
import json
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vireo.errors import InputError
from vireo.evaluation.study.answers import CRITERIA, Study, checked_name
from vireo.runtime import whole_file
from vireo.video.io import Quality, VideoReader, VideoWriter

LONGEST_ANSWER = 1 << 16

PAGE = Path(__file__).with_name("page.html").read_bytes()


class StudyServer(ThreadingHTTPServer):
    """Serves one study until it is shut down. port 0 takes any free one; `url` says which."""

    daemon_threads = True

    def __init__(self, study: Study, host: str = "127.0.0.1", port: int = 8000) -> None:
        self.study, self._lock = study, threading.Lock()
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise InputError(f"cannot serve at {host}:{port}: {error.strerror}", "choose another --address") from None
        self.url = f"http://{host}:{self.server_port}/"

    def clip(self, path: Path) -> bytes:
        """A clip as VP9 in WebM, which every browser plays; encoded once, kept beside the answers."""
        state = path.stat()
        mark = hashlib.sha256(f"{path.resolve()} {state.st_size} {state.st_mtime_ns}".encode()).hexdigest()[:16]
        kept = self.study.out / "clips" / f"{mark}.webm"
        with self._lock:
            if not kept.is_file():
                kept.parent.mkdir(exist_ok=True)
                with tempfile.TemporaryDirectory(dir=kept.parent) as folder, VideoReader(path) as reader:
                    made = Path(folder) / "clip.webm"
                    with VideoWriter(made, reader.info, quality=Quality("vp9", crf=12)) as writer:
                        for frame in reader:
                            writer.write(frame, frame.pixels)
                    with whole_file(kept) as temporary:
                        temporary.write_bytes(made.read_bytes())
            return kept.read_bytes()


class _Handler(BaseHTTPRequestHandler):
    @property
    def _server(self) -> StudyServer:
        assert isinstance(self.server, StudyServer)
        return self.server

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        places = {"/": self._page, "/task": self._task, "/clip": self._clip}
        self._answered(places.get(address.path), asked)

    def do_POST(self) -> None:
        self._answered(self._answer if self.path == "/answer" else None, {})

    def _answered(self, place: Any, asked: dict[str, str]) -> None:
        try:
            if place is None:
                raise InputError("there is nothing here", "go to /")
            kind, body = place(asked)
            self._send(200, kind, body)
        except InputError as error:
            self._send(400, "application/json", json.dumps({"error": str(error)}).encode())
        except BrokenPipeError:
            pass  # the browser went on

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def _page(self, asked: dict[str, str]) -> tuple[str, bytes]:
        return "text/html; charset=utf-8", PAGE

    def _task(self, asked: dict[str, str]) -> tuple[str, bytes]:
        study, rater = self._server.study, checked_name(asked.get("rater", ""))
        left, total = study.open_tasks(rater), len(study.tasks(rater))
        found: dict[str, Any] = {"finished": not left, "done": total - len(left), "total": total}
        if left:
            task = left[0]
            found |= {"number": task.number, "instruction": task.instruction, "clips": len(task.methods)}
            found |= {"mode": study.mode, "criteria": CRITERIA[study.mode]}
        return "application/json", json.dumps(found).encode()

    def _clip(self, asked: dict[str, str]) -> tuple[str, bytes]:
        study = self._server.study
        tasks = study.tasks(checked_name(asked.get("rater", "")))
        number, place = asked.get("number", ""), asked.get("place", "")
        if not number.isdecimal() or int(number) >= len(tasks):
            raise InputError("there is no such screen", "load the page again")
        task = tasks[int(number)]
        if place != "source" and not (place.isdecimal() and int(place) < len(task.methods)):
            raise InputError("there is no such clip", "load the page again")
        name = "" if place == "source" else task.methods[int(place)]
        return "video/webm", self._server.clip(study.clips[task.item, name])

    def _answer(self, asked: dict[str, str]) -> tuple[str, bytes]:
        try:
            length = int(self.headers.get("Content-Length") or 0)
            answer = json.loads(self.rfile.read(length)) if 0 < length <= LONGEST_ANSWER else {}
            rater, number, given = answer["rater"], int(answer["number"]), answer["given"]
        except (ValueError, LookupError, TypeError, OverflowError):
            raise InputError("this is no answer", "load the page again") from None
        self._server.study.answer(rater, number, given)
        return "application/json", b"{}"

    def log_message(self, format: str, *args: Any) -> None:
        """Screens are not logged; answers are on disk."""
