"""The pretend phones by themselves: what they accept, refuse, repeat and tell back (services/ctl/phone.h)."""
import contextlib
import http.server
import json
import os
import pathlib
import subprocess
import threading

import pytest

from shouwang import ROOT, local, wait_until

SWCTL = pathlib.Path(os.environ.get("SW_TEST_BIN", ROOT / "build/dev/bin")) / "swctl"


class Notifier(http.server.ThreadingHTTPServer):
    """Takes callbacks; answers `status`."""

    def __init__(self):
        self.told, self.status = [], 204

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.server.told.append(json.loads(body))
                self.send_response(self.server.status)
                self.end_headers()

            def log_message(self, *_):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def states(self, ref):
        return [told["state"] for told in self.told if told["ref"] == ref]


class Phones:
    def __init__(self, url, log):
        self.url, self.log = url, log

    def call(self, method, path, body=None):
        status, answer = local.http(method, self.url + path, None if body is None else json.dumps(body).encode())
        return status, json.loads(answer)

    def send(self, number, channel="sms", to="10000000001", **more):
        return self.call("POST", "/v1/send", {"notice_id": f"{number:032x}", "channel": channel, "to": to,
                                              "text": "made up", **more})

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextlib.contextmanager
def running(folder, *options):
    log = folder / "sends.jsonl"
    process = subprocess.Popen([SWCTL, "--json", "phone", "--listen", "127.0.0.1:0", "--log", log, *options],
                               stdout=subprocess.PIPE, text=True)
    try:
        yield Phones(json.loads(process.stdout.readline())["listening"], log)
    finally:
        process.terminate()
        assert process.wait(10) == 0


@pytest.fixture
def notifier():
    server = Notifier()
    yield server
    server.shutdown()
    server.server_close()


def callbacks(notifier):
    return ["--callbacks", f"http://127.0.0.1:{notifier.server_port}/v1/callbacks"]


def test_a_notice_rings_once(tmp_path):
    with running(tmp_path) as phones:
        status, first = phones.send(1)
        assert status == 200
        assert phones.send(1) == (200, first), "a repeat is answered as the first time"
        assert phones.call("GET", f"/v1/messages/{1:032x}")[1]["state"] in ("accepted", "delivered")
        assert phones.call("GET", f"/v1/messages/{2:032x}")[0] == 404
        assert phones.call("GET", "/v1/counts")[1]["accepted"] == 1
        assert [line.get("repeat", False) for line in phones.lines()] == [False, True]


def test_bad_sends_are_refused_for_good(tmp_path):
    with running(tmp_path) as phones:
        assert phones.call("POST", "/v1/send", {"notice_id": "12"})[0] == 400
        assert phones.send(1, text="")[0] == 400
        assert phones.send(1, text="x" * 4097)[0] == 400
        assert local.http("POST", phones.url + "/v1/send", b"{\"notice_id\": \"\xff\"}")[0] == 400
        assert local.http("POST", phones.url + "/v1/send", b"x" * 20000)[0] == 413
        assert phones.send(1)[0] == 200
        assert phones.call("GET", "/v1/counts")[1]["bad"] == 4


def test_quota_is_of_an_address_and_channel(tmp_path):
    with running(tmp_path) as phones:
        assert phones.send(1, "voice")[0] == 200
        status, answer = phones.send(2, "voice")
        assert status == 429 and 50000 < answer["retry_after_ms"] <= 60000
        assert phones.send(3, "voice", to="10000000002")[0] == 200
        assert phones.send(4, "sms")[0] == 200
        assert phones.send(5, "sms")[0] == 429
        assert phones.send(6, "wecom")[0] == phones.send(7, "wecom")[0] == 200
    with running(tmp_path, "--quota", "off") as phones:
        assert phones.send(1, "voice")[0] == phones.send(2, "voice")[0] == 200


def test_hold_and_release(tmp_path):
    with running(tmp_path, "--hold") as phones:
        assert phones.send(1)[0] == 503
        assert phones.call("POST", "/v1/release", {}) == (200, {"hold": False})
        assert phones.send(1)[0] == 200
        assert phones.call("POST", "/v1/hold", {}) == (200, {"hold": True})
        assert phones.send(2)[0] == 503
        assert phones.send(1)[0] == 200, "what was accepted stays so"
        assert [line["answer"] for line in phones.lines()] == [503, 200, 503, 200]


def test_a_slow_provider_answers_late(tmp_path):
    with running(tmp_path, "--delay", "300ms") as phones:
        before = local.time.monotonic()
        assert phones.send(1)[0] == 200
        assert local.time.monotonic() - before >= 0.299  # the phones count whole milliseconds


def test_the_notifier_is_told_until_it_takes_it(tmp_path, notifier):
    with running(tmp_path, *callbacks(notifier)) as phones:
        notifier.status = 503
        phones.send(1, "voice", ref="r1", keys="12")
        wait_until(lambda: len(notifier.told) >= 2, "told again after 503")
        notifier.status = 204
        taken = wait_until(lambda: phones.call("GET", "/v1/counts")[1]["callbacks_taken"], "taken")
        assert taken == 1 and set(notifier.states("r1")) == {"delivered"}

        status, message = phones.call("POST", "/v1/press",
                                      {"notice_id": f"{1:032x}", "state": "reached", "digits": "1"})
        assert status == 200 and message["state"] == "reached" and message["digits"] == "1"
        wait_until(lambda: notifier.states("r1")[-1] == "reached", "the key-press is told")
        assert notifier.told[-1]["digits"] == "1" and notifier.told[-1]["message_id"] == message["message_id"]
        assert phones.call("POST", "/v1/press", {"notice_id": f"{1:032x}", "state": "refused"})[0] == 409


def test_some_phones_answer_by_themselves(tmp_path, notifier):
    with running(tmp_path, "--quota", "off", "--receipts", "off", "--answer-rate", "0.5", "--answer-after", "50ms",
                 *callbacks(notifier)) as phones:
        for number in range(200):
            phones.send(number * 7919, "voice", ref=f"r{number}", keys="1")
        phones.send(10**6, "sms", ref="sms")
        wait_until(lambda: len(notifier.told) >= 60, "answers")
        wait_until(lambda: phones.call("GET", "/v1/counts")[1]["callbacks_waiting"] == 0, "all told")
        answered = {told["ref"] for told in notifier.told}
        assert 60 <= len(answered) <= 140 and "sms" not in answered
        assert {told["digits"] for told in notifier.told} == {"1"}


def test_screens_are_served(tmp_path):
    with running(tmp_path) as phones:
        phones.send(1, person="p-1", role="duty_leader")
        phones.send(2, to="10000000002", person="p-2", role="principal")
        for path in ("/", "/person/p-1", "/phone.js", "/phone.css"):
            assert local.http("GET", phones.url + path)[0] == 200
        status, messages = phones.call("GET", "/v1/messages?screen=p-2")
        assert status == 200 and [message["role"] for message in messages] == ["principal"]


def test_wrong_options_are_told(tmp_path):
    for words in (["--quota", "maybe"], ["--delay", "3"], ["--answer-rate", "2"], ["--listen", "x"], ["--nonsense"], ["x"]):
        done = subprocess.run([SWCTL, "phone", *words], capture_output=True, text=True, check=False, timeout=10)
        assert done.returncode == 2 and done.stderr.startswith("swctl: "), words
