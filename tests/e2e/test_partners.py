"""Whom a case reaches by machine: two partners' feeds with different areas, read by kcat; a webhook whose signature Python's
hmac checks; and mail, read by Python's imaplib and email from a real server. Every name, number and secret is made up."""
import base64
import email
import email.policy
import email.utils
import hashlib
import hmac
import http.server
import json
import re
import subprocess
import threading

import pytest
from confluent_kafka.admin import AdminClient

import mail_server
import shouwang as whole
from shouwang import ROOT, wait_until

SECRETS = ["whsec_" + base64.b64encode(b"a new secret of twenty-four bytes").decode(), "the old secret, made up, of long ago"]
PUPIL_NAME = "林小满"  # of config/sample
OTHER_PUPIL = "20260008"
PLACE_DETAIL = "canary-behind-the-gym"
CALLBACK = "10000099001"


class Hook:
    """A partner's server: keeps what is posted, and answers as it is told."""

    def __init__(self):
        self.posts, self.alerts, self.answers = [], [], []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_alert = self.path == "/alerts"
                status, headers = hook.answers.pop(0) if hook.answers and not is_alert else (204, {})
                (hook.alerts if is_alert else hook.posts).append((status, dict(self.headers), body))
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def hook():
    hook = Hook()
    yield hook
    hook.server.shutdown()


@pytest.fixture(scope="module")
def mail():
    server = mail_server.MailServer()
    try:
        yield server.start()
    finally:
        server.stop()


# Of the county's police liaison and hospital.
MORE_ADDRESSES = {"10000010008": "{feed: qh-police}, {mail: full@mail.example}",
                  "10000010010": "{webhook: qh-hospital}, {mail: hospital@mail.example}"}

DIRECTORY = """
partners:
  - {id: province, area: qinghe, audience: integrator, label: 省平台（虚构）, channel: feed}
  - {id: erxiao-desk, area: qh-erxiao, audience: bureau_duty, label: 片区值班（虚构）, channel: feed, level: high}
  - {id: qh-police, area: qinghe, audience: police, label: 公安联络（虚构）, channel: feed}
  - {id: qh-hospital, area: qinghe, audience: hospital, label: 医院（虚构）, channel: webhook,
     url: "%(url)s/hook", secrets: ["%(new)s", "%(old)s"]}
  - {id: yizhong-system, area: qh-yizhong, audience: integrator, label: 校内平台（虚构）, channel: webhook,
     url: "%(url)s/alerts", secrets: ["%(old)s"]}
"""


@pytest.fixture(scope="module")
def shouwang(folder, hook, mail):
    running = whole.start(folder, mail_smtp=f"smtp://localhost:{mail.smtp}", mail_user=mail_server.USER,
                          mail_password=mail_server.PASSWORD, mail_ca=str(mail.certificate),
                          mail_from="no-reply@shouwang.example")
    try:
        path = folder / "county.yaml"
        county = (ROOT / "config/sample/county.yaml").read_text(encoding="utf-8")
        for phone, more in MORE_ADDRESSES.items():
            assert f'[{{phone: "{phone}"}}]' in county
            county = county.replace(f'[{{phone: "{phone}"}}]', f'[{{phone: "{phone}"}}, {more}]')
        path.write_text(county + DIRECTORY % {"url": hook.url, "new": SECRETS[0], "old": SECRETS[1]}, encoding="utf-8")
        running.swctl("import", "directory", *sorted((ROOT / "config/sample").glob("qh-*.yaml")), path)
        yield running
    finally:
        killed = running.stop()
    assert not killed


@pytest.fixture(scope="module")
def case(shouwang, mail):
    """A crisis at one school, and one at another; the first asks police and hospital for help. The police's mailbox is full."""
    mail.set_full(True)
    shouwang.post(whole.incident(danger="imminent", injury="needs_treatment", place="on_campus", place_detail=PLACE_DETAIL,
                                 callback=CALLBACK, occurred_at="2026-11-24T08:15:00+08:00"))
    shouwang.post(whole.incident(kind="missing", unit="qh-erxiao", affected=OTHER_PUPIL, danger="imminent"),
                  token="demo-only-token-erxiao")
    case = shouwang.wait_case("the first", lambda case: case["unit"] == "qh-yizhong" and case["level"] == "crisis")
    shouwang.wait_case("the second", lambda case: case["unit"] == "qh-erxiao")
    for role in ("police_liaison", "hospital"):
        shouwang.swctl("help", case["id"], role, "--as", "yz-leader", "--role", "duty_leader")
    return case


def feed(shouwang, partner):
    """A feed as a stranger reads it: kcat for keys, headers and bytes, protoc and the .proto files for what they mean.
    Answers (unit, what, everything as text, the bytes) of each entry."""
    command = ["kcat", "-C", "-e", "-q", "-b", shouwang.settings["bootstrap_servers"], "-t", shouwang.topic_name(f"feed.{partner}"),
               "-X", "isolation.level=read_committed"]
    stream = subprocess.run([*command, "-f", "%R%s"], capture_output=True, check=True, timeout=60).stdout
    heads = subprocess.run([*command, "-f", "%k %h\n"], capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    found = []
    while stream:
        size = int.from_bytes(stream[:4], "big")
        value, stream = stream[4:4 + size], stream[4 + size:]
        text = subprocess.run(["protoc", f"--proto_path={ROOT}/proto", "--decode=shouwang.v1.FeedEntry",
                               "shouwang/v1/feed.proto"], input=value, capture_output=True, check=True).stdout.decode()
        unit, what = (re.search(f'^{name}: "(.*)"$', text, re.M)[1] for name in ("unit", "what"))
        assert any(head.startswith(unit) and f"ce_type=shouwang.feed.{what}" in head for head in heads)
        found.append((unit, what, text, value))
    return found


def wait_feed(shouwang, partner, *whats):
    def seen():
        found = feed(shouwang, partner)
        return found if set(whats) <= {entry[1] for entry in found} else None
    return wait_until(seen, f"the feed of {partner} with {whats}", 20, every=0.5)


def test_a_feed_holds_its_area_and_nothing_else(shouwang, case):
    wait_until(lambda: len({entry[0] for entry in feed(shouwang, "province")}) == 2, "both schools", 20, every=0.5)
    district = wait_feed(shouwang, "erxiao-desk", "opened")
    assert {entry[0] for entry in district} == {"qh-erxiao"}
    assert all('level: LEVEL_CRISIS' in text for _, _, text, _ in district), "its level is high"
    wait_until(lambda: any('level: LEVEL_ATTENTION' in text for _, _, text, _ in feed(shouwang, "province")), "who was exposed, too", 20)
    police = wait_feed(shouwang, "qh-police", "help")
    assert [(unit, what) for unit, what, _, _ in police] == [("qh-yizhong", "help")], "it hears of what it is asked for only"


def test_a_feed_names_nobody_and_says_what_its_audience_may_see(shouwang, case):
    (_, _, police, _), = wait_feed(shouwang, "qh-police", "help")
    for wanted in ('kind: "self_harm"', 'danger: "imminent"', 'place: "on_campus"', "happened_at_ms: 1795479300000",
                   "subject:", "text:"):
        assert wanted in police, police
    assert "injury:" not in police and "state:" not in police, "not for this audience"
    for _, _, text, value in feed(shouwang, "province"):
        assert "danger:" not in text and "text:" not in text and "case_number:" not in text
    for partner in ("province", "erxiao-desk", "qh-police"):
        for _, _, _, value in feed(shouwang, partner):
            for secret in (PUPIL_NAME, PLACE_DETAIL, CALLBACK):
                assert secret.encode() not in value


def signature_of(secret, headers, body):
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def test_a_webhook_is_signed_with_each_secret_and_says_what_the_hospital_may_know(shouwang, case, hook):
    _, headers, body = wait_until(lambda: next((post for post in hook.posts if post[0] == 204), None), "a webhook", 20)
    assert headers["webhook-signature"].split(" ") == [signature_of(secret, headers, body) for secret in SECRETS]
    assert headers["Content-Type"] == "application/cloudevents+json"
    event = json.loads(body)
    assert event["specversion"] == "1.0" and event["type"] == "shouwang.feed.help"
    assert event["id"] == headers["webhook-id"] == event["data"]["id"]
    data = event["data"]
    assert data["pupil_name"] == PUPIL_NAME and data["place_detail"] == PLACE_DETAIL and data["callback"] == CALLBACK
    assert data["injury"] == "needs_treatment" and data["kind"] == "self_harm" and PUPIL_NAME in data["text"]
    assert "state" not in data
    assert len([post for post in hook.posts if post[0] == 204]) == 1


def test_a_webhook_is_tried_again_when_told_so_and_ends_with_410(shouwang, case, hook):
    before = len(hook.posts)
    hook.answers += [(503, {"Retry-After": "1"}), (429, {"Retry-After": "1"}), (410, {})]
    shouwang.swctl("help", case["id"], "hospital", "--as", "yz-leader", "--role", "duty_leader")
    wait_until(lambda: len(hook.posts) >= before + 3, "three posts", 20)
    posts = hook.posts[before:]
    assert [post[0] for post in posts] == [503, 429, 410]
    assert len({post[1]["webhook-id"] for post in posts}) == 1, "one id for every attempt"
    times = [int(post[1]["webhook-timestamp"]) for post in posts]
    assert times[1] >= times[0] + 1 and times[2] >= times[1] + 1, "not before it was asked for"
    failed = wait_until(lambda: [line["value"] for line in shouwang.read_topic("receipts")
                                 if line["value"].get("reason") == "http_410"], "the receipt", 20, every=0.5)
    assert len(failed) == 1 and failed[0]["state"] == "failed" and failed[0]["channel"] == "webhook"


def test_alerts_of_its_area_are_posted_to_an_integrator(shouwang, case, hook):
    def opened():
        events = [(headers, body, json.loads(body)) for _, headers, body in hook.alerts]
        return [(headers, body) for headers, body, event in events
                if event["type"] == "shouwang.feed.opened" and event["data"]["case_id"] == case["id"]]
    (headers, body), = wait_until(opened, "the alert", 20)
    assert headers["webhook-signature"] == signature_of(SECRETS[1], headers, body)
    data = json.loads(body)["data"]
    assert data["unit"] == "qh-yizhong" and data["level"] == "crisis" and data["case_id"] == case["id"]
    for unseen in ("pupil_name", "place_detail", "callback", "text", "subject", "danger", "case_number"):
        assert unseen not in data
    assert all(json.loads(body)["data"]["unit"] == "qh-yizhong" for _, _, body in hook.alerts)
    ids = [headers["webhook-id"] for _, headers, _ in hook.alerts]
    assert len(ids) == len(set(ids)), "each once"


def wait_mail(mail, to):
    return wait_until(lambda: next((raw for raw in mail.messages() if f"\r\nTo: <{to}>\r\n".encode() in raw), None),
                      f"a mail to {to}", 20)


def test_a_mail_is_read_from_a_real_server(shouwang, case, mail):
    raw = wait_mail(mail, "hospital@mail.example")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert re.fullmatch(r"<[0-9a-f]{32}@shouwang\.example>", message["Message-ID"])
    assert message.get_content_type() == "text/plain" and message.get_content_charset() == "utf-8"
    assert message["Subject"].startswith("【守望】") and PUPIL_NAME not in message["Subject"]
    assert email.utils.parsedate_to_datetime(message["Date"]).utcoffset().total_seconds() == 8 * 3600
    text = message.get_content()
    assert PUPIL_NAME in text and PLACE_DETAIL in text and CALLBACK in text and "医疗协助" in text
    assert b"esmtpsa" in raw, "TLS and a login"
    sent = [line["value"] for line in shouwang.read_topic("receipts") if line["value"].get("channel") == "mail"]
    assert sent and sent[0]["state"] == "accepted"
    assert message["Message-ID"][1:33] in {receipt["notice_id"] for receipt in sent}
    assert not shouwang.sends(channel="mail"), "no mail to the phones"


def test_a_mail_that_is_put_off_comes_later(shouwang, case, mail):
    wait_mail(mail, "hospital@mail.example")
    assert not [raw for raw in mail.messages() if b"full@mail.example" in raw]
    mail.set_full(False)
    assert "公安协助" in email.message_from_bytes(wait_mail(mail, "full@mail.example"), policy=email.policy.default).get_content()


def test_a_missing_feed_stops_nobody(shouwang, case):
    admin = AdminClient({"bootstrap.servers": shouwang.settings["bootstrap_servers"]})
    topic = shouwang.topic_name("feed.province")
    admin.delete_topics([topic], operation_timeout=10)[topic].result()
    wait_until(lambda: topic not in admin.list_topics(timeout=10).topics, "the topic is gone", 20, every=0.5)
    before = len(feed(shouwang, "erxiao-desk"))
    shouwang.post(whole.incident(kind="missing", unit="qh-erxiao", affected="20260022", danger="imminent"),
                  token="demo-only-token-erxiao")
    wait_until(lambda: len(feed(shouwang, "erxiao-desk")) > before, "the other feed", 60, every=0.5)
    shouwang.wait_phone(60, role="duty_leader", channel="voice", person=[
        notice["person"] for notice in (record["value"] for record in shouwang.read_topic("notices.urgent"))
        if notice["unit"] == "qh-erxiao" and notice["role"] == "duty_leader"][-1])
    wait_until(lambda: shouwang.metric("notifier", "sw_stream_feed_missing_total"), "what was left out is counted", 20)
