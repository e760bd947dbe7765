"""A user study as a local web page; see `answers.py`. The page never learns which method made a clip."""

from __future__ import annotations

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

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Which edit is better?</title>
<style>
 body { font: 17px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 1.5rem auto; padding: 0 1rem; color: #222 }
 video { width: 100%; image-rendering: auto; background: #000 } figure { margin: 0; flex: 1 1 14rem; min-width: 12rem }
 #clips { display: flex; flex-wrap: wrap; gap: 1rem } figcaption { text-align: center; font-weight: 600 }
 .ranked { outline: 4px solid #2a6 } fieldset { border: 0; margin: .6rem 0; padding: 0 } legend { font-weight: 600 }
 label { margin-right: 1.5rem } button, input { font: inherit; padding: .3rem .9rem } .small { color: #666 }
</style></head><body>
<form id="who"><p>Your name or a number: <input id="name" maxlength="40" required autofocus> <button>Begin</button></p>
<p class="small">You will see a video, an instruction, and edits of the video by it. Which method made which is hidden.
Your answers are kept after each screen; with the same name you go on where you stopped.</p></form>
<main id="screen" hidden><p><span class="small" id="count"></span></p>
<p>Instruction: <b id="instruction"></b></p><div id="clips"></div><form id="answer"></form></main>
<p id="error" role="alert"></p>
<script>
const element = (id) => document.getElementById(id);
let rater = "", task = null, order = [];
const show = (text) => { element("error").textContent = text; };
async function ask(path, options) {
  const reply = await fetch(path, options), found = await reply.json();
  if (!reply.ok) throw new Error(found.error);
  return found;
}
function figure(title, address, place) {
  const box = document.createElement("figure"), video = document.createElement("video");
  Object.assign(video, { src: address, muted: true, loop: true, autoplay: true, playsInline: true });
  const caption = document.createElement("figcaption");
  caption.textContent = title;
  box.append(video, caption);
  if (place !== null && task.mode === "ranking") {
    box.tabIndex = 0;
    box.onclick = box.onkeyup = (event) => {
      if (event.type === "keyup" && event.key !== "Enter") return;
      order = order.includes(place) ? order.filter((other) => other !== place) : [...order, place];
      document.querySelectorAll("figure[data-place]").forEach((other) => {
        const rank = order.indexOf(Number(other.dataset.place)) + 1;
        other.classList.toggle("ranked", rank > 0);
        other.querySelector("figcaption").textContent = other.dataset.title + (rank ? " - place " + rank : "");
      });
    };
    Object.assign(box.dataset, { place, title });
  }
  return box;
}
function choices() {
  if (task.mode === "ranking") {
    const text = document.createElement("p");
    text.textContent = task.criteria.overall + " Click them in that order; click again to take one back.";
    return [text];
  }
  return Object.entries(task.criteria).map(([name, asks]) => {
    const field = document.createElement("fieldset"), legend = document.createElement("legend");
    legend.textContent = asks;
    field.append(legend);
    for (const [value, text] of [["win", "A is better"], ["tie", "no difference"], ["lose", "B is better"]]) {
      const label = document.createElement("label"), input = document.createElement("input");
      Object.assign(input, { type: "radio", name, value, required: true });
      label.append(input, " " + text);
      field.append(label);
    }
    return field;
  });
}
async function next() {
  task = await ask("/task?rater=" + encodeURIComponent(rater));
  order = [];
  element("who").hidden = true;
  element("screen").hidden = false;
  if (task.finished) {
    element("screen").textContent = "That was all. Thank you!";
    return;
  }
  element("count").textContent = task.done + 1 + " of " + task.total;
  element("instruction").textContent = task.instruction;
  const base = "/clip?rater=" + encodeURIComponent(rater) + "&number=" + task.number + "&place=";
  const boxes = [figure("original", base + "source", null)];
  for (let k = 0; k < task.clips; k += 1) boxes.push(figure(String.fromCharCode(65 + k), base + k, k));
  element("clips").replaceChildren(...boxes);
  const send = document.createElement("button");
  send.textContent = "Next";
  element("answer").replaceChildren(...choices(), send);
}
element("who").onsubmit = (event) => {
  event.preventDefault();
  rater = element("name").value;
  show("");
  next().catch((error) => show(error.message));
};
element("answer").onsubmit = (event) => {
  event.preventDefault();
  const given = task.mode === "ranking" ? order : Object.fromEntries(new FormData(element("answer")));
  const body = JSON.stringify({ rater, number: task.number, given });
  ask("/answer", { method: "POST", headers: { "Content-Type": "application/json" }, body })
    .then(next).then(() => show("")).catch((error) => show(error.message));
};
</script></body></html>
"""


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
        return "text/html; charset=utf-8", PAGE.encode()

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
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= LONGEST_ANSWER:
            raise InputError("this is no answer", "load the page again")
        try:
            answer = json.loads(self.rfile.read(length))
            rater, number, given = answer["rater"], int(answer["number"]), answer["given"]
        except (ValueError, LookupError, TypeError):
            raise InputError("this is no answer", "load the page again") from None
        self._server.study.answer(rater, number, given)
        return "application/json", b"{}"

    def log_message(self, format: str, *args: Any) -> None:
        """Screens are not logged; answers are on disk."""
