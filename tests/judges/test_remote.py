"""A real server on this machine that behaves as badly as real ones do."""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from vireo.errors import InputError
from vireo.judges import remote
from vireo.judges.chat_model import ChatJudge
from vireo.judges.five_acc import Questions, five_accuracy
from vireo.judges.judge import Sample
from vireo.judges.remote import RemoteChat

SCORES = {"instruction_following": 7, "editing_quality": 8, "source_preservation": 9, "reason": "fine"}


class Server:
    """answers: called with (the request, how many came before) for the status and the text of each reply."""

    def __init__(self, answers):
        outer = self
        self.requests, self.lock = [], threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer.lock:
                    count = len(outer.requests)
                    outer.requests.append((self.path, dict(self.headers), body))
                status, text = answers(body, count)
                self.send_response(status)
                self.end_headers()
                try:
                    for piece in [text] if isinstance(text, bytes) else text:
                        self.wfile.write(piece)
                        self.wfile.flush()
                except OSError:
                    pass  # the judge has hung up

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def serve():
    servers = []

    def start(answers):
        servers.append(Server(answers))
        return servers[-1]

    yield start
    for server in servers:
        server.http.shutdown()
        server.http.server_close()


def completion(text, tokens=(100, 20)):
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return 200, json.dumps({"choices": [{"message": {"content": text}}], "usage": usage}).encode()


def sample(number=0, **fields):
    video = np.full((5, 8, 8, 3), number, np.uint8)
    return Sample(video, 255 - video, f"make it {number}", **fields)


def judge_of(server, **fields):
    frames, rubric, cache = fields.pop("frames", 3), fields.pop("rubric", "viva"), fields.pop("cache", None)
    chat = RemoteChat(server.url, "a-model", cache, **{"timeout": 5.0, "pause": 0.0} | fields)
    return ChatJudge(chat, rubric, frames=frames)


def test_what_is_sent_and_what_comes_back(serve, monkeypatch):
    monkeypatch.setenv(remote.KEY, "a secret")
    server = serve(lambda body, count: completion(json.dumps(SCORES)))
    reference = np.zeros((4, 4, 3), np.uint8)
    without = judge_of(server, frames=2, prices=(2.0, 10.0)).judge([sample()])[0]
    assert without.scores == {"instruction_following": 7, "editing_quality": 8, "source_preservation": 9}
    assert (without.reason, without.failure) == ("fine", None)
    usage = without.usage
    assert (usage.calls, usage.prompt_tokens, usage.completion_tokens) == (1, 100, 20)
    assert usage.cost == pytest.approx((100 * 2 + 20 * 10) / 1e6)
    path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer a secret"
    assert (body["model"], body["temperature"]) == ("a-model", 0)
    kinds = Counter(part["type"] for part in body["messages"][0]["content"])
    assert kinds == {"text": 3, "image_url": 4}
    missing = judge_of(server).judge([sample(reference=reference)])[0]
    assert missing.scores is None
    assert "subject_similarity" in missing.failure, "with a reference it has to be scored as well"


def test_good_replies_are_asked_for_once(serve, tmp_path):
    server = serve(lambda body, count: completion(json.dumps(SCORES)))
    first = judge_of(server, cache=tmp_path).judge([sample(1), sample(2)])
    again = judge_of(server, cache=tmp_path).judge([sample(1), sample(2), sample(3)])
    assert len(server.requests) == 3
    assert [j.scores for j in again[:2]] == [j.scores for j in first]
    assert [j.usage.cached for j in again] == [True, True, False]
    other = judge_of(server, cache=tmp_path, frames=1)
    assert not other.judge([sample(1)])[0].usage.cached, "other pictures are another question"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"reply": "ten!"}', b"\xff"])
def test_what_was_kept_and_is_damaged_is_asked_again(serve, tmp_path, damage):
    server = serve(lambda body, count: completion(json.dumps(SCORES)))
    judge_of(server, cache=tmp_path).judge([sample()])
    next(tmp_path.glob("*.json")).write_bytes(damage)
    found = judge_of(server, cache=tmp_path).judge([sample()])[0]
    assert (found.failure, found.usage.cached, len(server.requests)) == (None, False, 2)
    assert judge_of(server, cache=tmp_path).judge([sample()])[0].usage.cached


def test_bad_replies_are_not_kept(serve, tmp_path):
    server = serve(lambda body, count: completion("ten!" if count < 2 else json.dumps(SCORES)))
    assert judge_of(server, cache=tmp_path, attempts=2).judge([sample()])[0].failure.startswith("no JSON object")
    kept = judge_of(server, cache=tmp_path).judge([sample()])[0]
    assert (kept.scores is not None, kept.usage.cached) == (True, False)


def test_attempts_are_bounded_and_counted(serve):
    waits = []
    server = serve(lambda body, count: completion(json.dumps(SCORES | {"editing_quality": 11})))
    judge = ChatJudge(RemoteChat(server.url, "m", attempts=4, pause=1.0, sleep=waits.append), "viva")
    found = judge.judge([sample()])[0]
    assert (found.scores, found.usage.calls, found.usage.prompt_tokens) == (None, 4, 400)
    assert "editing_quality is 11" in found.failure
    assert waits == [1, 2, 4]
    assert len(server.requests) == 4


@pytest.mark.parametrize(("status", "calls"), [(503, 3), (429, 3), (401, 1), (404, 1)])
def test_only_what_may_pass_is_tried_again(serve, status, calls):
    server = serve(lambda body, count: (status, b"no <b>way</b>"))
    found = judge_of(server).judge([sample()])[0]
    assert found.failure == f"the judge answers {status}: no <b>way</b>"
    assert len(server.requests) == calls


def test_a_server_that_is_down():
    judge = ChatJudge(RemoteChat("http://127.0.0.1:9", "m", pause=0.0), "viva")
    assert judge.judge([sample()])[0].failure == "no answer from the judge: ConnectError"


def test_slow_and_endless_servers_are_left(serve):
    def dribble():
        while True:
            time.sleep(0.05)
            yield b"."

    server = serve(lambda body, count: (200, dribble()))
    began = time.monotonic()
    found = judge_of(server, timeout=0.4, attempts=2).judge([sample()])[0]
    assert found.failure == "the judge is too slow"
    assert time.monotonic() - began < 30
    endless = serve(lambda body, count: (200, (b"." * 65536 for _ in range(10**6))))
    assert judge_of(endless, attempts=1, timeout=30.0).judge([sample()])[0].failure == "the judge's answer is too long"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{"message": {}}]}'])
def test_what_is_no_completion(serve, body):
    server = serve(lambda request, count: (200, body))
    assert judge_of(server, attempts=1).judge([sample()])[0].failure == "the judge's answer is no chat completion"


def test_a_third_of_all_calls_may_fail(serve):
    """Down, prose, 11, nothing, no completion: every sample still gets its judgement or a failure with its reason."""
    bad = [(500, b"down"), completion("nice"), completion('{"editing_quality": 11}'), completion(""), (200, b"??")]
    draw = np.random.default_rng(0)
    lock = threading.Lock()

    def answers(body, count):
        with lock:
            fails = draw.random() < 0.3
        return bad[count % len(bad)] if fails else completion(json.dumps(SCORES))

    found = judge_of(serve(answers), attempts=2).judge([sample(k) for k in range(100)])
    failed = [judgement for judgement in found if judgement.failure]
    assert len(found) == 100
    assert all((judgement.scores is None) == (judgement.failure is not None) for judgement in found)
    assert 1 <= len(failed) <= 25, "0.3 squared, about"
    assert sum(judgement.usage.calls for judgement in found) > 110


@pytest.mark.parametrize("url", ["", "example.org/v1", "file:///etc/passwd", "ftp://example.org"])
def test_other_addresses_are_refused(url):
    with pytest.raises(InputError, match="no endpoint"):
        RemoteChat(url, "m")
    with pytest.raises(InputError, match="no endpoint"):
        RemoteChat("https://example.org/v1", "")


def editverse(following):
    return {"prompt_following": following, "edit_quality": 3, "background_consistency": 2}


def test_editverse_judges_frame_by_frame(serve, tmp_path):
    """Frames 0, 2, 4, 6 of seven, each beside the source's; the clip's scores are their means, its cost their sum."""
    following = iter([0, 1, 2, 3])
    server = serve(lambda body, count: completion(json.dumps(editverse(next(following)))))
    source = np.arange(7, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8)
    clip = Sample(source, source + 100, "make it red", reference=source[0])
    judge = judge_of(server, rubric="editverse", prices=(1.0, 1.0), workers=1, cache=tmp_path)
    assert "frames_shown" not in judge.settings, "the rubric says which frames"
    found = judge.judge([clip])[0]
    assert found.scores == {"prompt_following": 1.5, "edit_quality": 3, "background_consistency": 2}
    assert (found.usage.calls, found.usage.cost, found.usage.cached) == (4, pytest.approx(4 * 120e-6), False)
    for _, _, body in server.requests:
        pictures = [part for part in body["messages"][0]["content"] if part["type"] == "image_url"]
        assert len(pictures) == 2, "one before, one after, and no reference"
    assert judge.judge([clip])[0].usage.cached
    assert len(server.requests) == 4


def test_one_frame_without_scores_is_a_clip_without_scores(serve):
    answers = iter([3, 4, 3])
    server = serve(lambda body, count: completion(json.dumps(editverse(next(answers)))))
    found = judge_of(server, rubric="editverse", attempts=1, workers=1).judge([sample()])[0]
    assert (found.scores, found.failure) == (None, "prompt_following is 4, not from 0 to 3")


QUESTIONS = Questions("What is the bus? a) red b) blue", "Is the bus blue?", "Is the bus red?")


@pytest.mark.parametrize(
    ("replies", "yn", "mc"),
    [
        (("b) blue", "YES.", "No"), 1, 1),
        (("(B)", "yes", "yes"), 0, 1),
        (("The answer is: b)", "**Yes**", "No, it is not."), 1, 1),
        (("a", "Yes, it is", "NO"), 1, 0),
        (("A.", "no", "no"), 0, 0),
    ],
)
def test_five_accuracy_by_hand(serve, replies, yn, mc):
    server = serve(lambda body, count: completion(replies[count]))
    found = five_accuracy(judge_of(server).chat, sample().edited, QUESTIONS)
    expected = {"YN": yn, "MC": mc, "union": max(yn, mc), "intersection": yn * mc}
    assert found.scores == expected | {"FiVE-Acc": sum(expected.values()) / 4}
    assert found.usage.calls == 3


def test_five_accuracy_without_a_question_about_the_source(serve):
    server = serve(lambda body, count: completion(["b", "yes"][count]))
    found = five_accuracy(judge_of(server).chat, np.zeros((16, 8, 8, 3), np.uint8), Questions("a) or b)?", "done?"))
    assert found.scores["FiVE-Acc"] == 1
    shown = [part for part in server.requests[0][2]["messages"][0]["content"] if part["type"] == "image_url"]
    assert len(shown) == 4, "every fourth of sixteen frames"


@pytest.mark.parametrize("reply", ["", "perhaps", "yesterday", "blue", "I cannot tell"])
def test_what_is_no_answer_is_a_failure(serve, reply):
    server = serve(lambda body, count: completion(reply))
    found = five_accuracy(judge_of(server, attempts=1).chat, sample().edited, QUESTIONS)
    assert (found.scores, found.usage.calls) == (None, 3)
    assert found.failure
