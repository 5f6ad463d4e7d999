"""One whole Shouwang for an end-to-end test: deploy/local with what tests ask of it.

    def test_a_crisis_reaches_the_duty_leader(shouwang):
        shouwang.post(incident("self_harm", danger="imminent", place="on_campus"))
        call = shouwang.wait_phone(role="duty_leader", channel="voice")
        shouwang.press(call)

Nothing here sleeps: every wait is for a condition, with a bound. Persons are made up (config/sample).
"""
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import subprocess
import urllib.parse
import uuid

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

ROOT = pathlib.Path(__file__).resolve().parents[2]
_loader = importlib.machinery.SourceFileLoader("shouwang_local", str(ROOT / "deploy/local"))
_spec = importlib.util.spec_from_loader("shouwang_local", _loader)
local = importlib.util.module_from_spec(_spec)
_loader.exec_module(local)
wait_until = local.wait_until

# Of config/sample: a school, the token of its own system and of the county's, and the number of a pupil.
UNIT = "qh-yizhong"
TOKEN = "demo-only-token-yizhong"
COUNTY_TOKEN = "demo-only-token-county"
PUPIL = "20260001"


def cloud_event(type_, data, source="/test/school", id_=None, time=None):
    """A CloudEvent in structured mode, as a dictionary."""
    event = {"specversion": "1.0", "id": id_ or str(uuid.uuid4()), "source": source, "type": type_,
             "datacontenttype": "application/json", "data": data}
    if time:
        event["time"] = time
    return event


def incident(kind="self_harm", unit=UNIT, affected=PUPIL, **facts):
    """An incident of one affected pupil, named by the school's own number; with danger="imminent" it is a crisis."""
    parties = facts.pop("parties", None)
    if parties is None:
        parties = [{"identifier": affected, "role": "affected"}] if affected else []
    source = facts.pop("source", "/test/school")
    id_ = facts.pop("id_", None)
    return cloud_event(f"shouwang.incident.{kind}", {"unit": unit, "parties": parties, **facts}, source, id_)


class Shouwang(local.Local):
    """deploy/local's Local, and what a test asks of it. No call becomes an SMS for coming too soon after another: tests
    do not wait a minute between two calls."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.cookies = {}

    def start_phone(self, *options):
        super().start_phone("--quota", "off", *options)

    def post(self, event, token=TOKEN, expect=202):
        """Posts a CloudEvent, a list of them (a batch), or bytes as they are; answers the body, as JSON where it is."""
        kind = "application/cloudevents-batch+json" if isinstance(event, list) else "application/cloudevents+json"
        body = event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False).encode()
        status, answer = local.http("POST", self.url("intake", "/v1/events"), body,
                                    {"Content-Type": kind, "Authorization": f"Bearer {token}"})
        assert status == expect, f"{status}, not {expect}: {answer.decode(errors='replace')}"
        return json.loads(answer) if answer.startswith(b"{") else answer.decode()

    # --- the pretend phones

    def sends(self, **wanted):
        """What the phones were sent, oldest first, as dictionaries of services/ctl/phone.h's log; only those whose
        members equal `wanted`."""
        try:
            lines = (self.process("phone").folder / "sends.jsonl").read_text().splitlines()
        except OSError:
            return []
        found = [json.loads(line) for line in lines if line.endswith("}")]
        return [send for send in found if all(send.get(name) == value for name, value in wanted.items())]

    def wait_phone(self, seconds=15, count=1, **wanted):
        """The first such send that was accepted; the `count` first, as a list, when that is more than 1."""
        def accepted():
            found = self.sends(answer=200, **wanted)
            return found if len(found) >= count else None
        found = wait_until(accepted, f"a phone with {wanted}", seconds)
        return found[0] if count == 1 else found[:count]

    def press(self, send, digits="1"):
        """Answers a call and presses keys, as its person would."""
        body = json.dumps({"notice_id": send["notice_id"], "state": "acked", "digits": digits}).encode()
        status, answer = local.http("POST", self.phone + "/v1/press", body, {"Content-Type": "application/json"})
        assert status == 200, answer.decode(errors="replace")

    def hold_phones(self, is_held=True):
        """While they are held the phones accept nothing, as a provider that is down."""
        assert local.http("POST", self.phone + ("/v1/hold" if is_held else "/v1/release"), b"")[0] == 200

    # --- topics and cases

    def count(self, topic):
        """How many records a topic has been given, markers of transactions among them."""
        consumer = Consumer({"bootstrap.servers": self.settings["bootstrap_servers"], "group.id": "count"})
        try:
            name = self.topic_name(topic)
            partitions = consumer.list_topics(name, timeout=10).topics[name].partitions
            return sum(consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=10)[1]
                       for partition in partitions)
        finally:
            consumer.close()

    def topic_name(self, topic):
        return f"{self.settings['topic_prefix']}.{topic}.v1"

    def read_topic(self, topic):
        """Every record of a topic: {"partition", "offset", "key", "headers", "value": the decoded message}, oldest first
        within each partition."""
        done = self.swctl("--json", "tail", topic, "--from-start", "--to-end")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def read_messages(self, topic):
        """Every committed record of a topic as it lies there (confluent_kafka's Message), oldest first within each partition."""
        consumer = Consumer({"bootstrap.servers": self.settings["bootstrap_servers"], "group.id": "messages",
                             "enable.auto.commit": False, "enable.partition.eof": True})
        name = self.topic_name(topic)
        partitions = consumer.list_topics(name, timeout=10).topics[name].partitions
        consumer.assign([TopicPartition(name, partition, OFFSET_BEGINNING) for partition in partitions])
        found, ended = [], set()

        def more():
            for message in consumer.consume(1000, 0.2):
                if message.error() is None:
                    found.append(message)
                else:
                    ended.add(message.partition())
            return len(ended) == len(partitions)
        wait_until(more, f"{topic} is read", 30)
        consumer.close()
        return found

    def follow(self, topic):
        """A Follower of a topic, for those that are too long to be read again and again."""
        return Follower(self, topic)

    def kcat(self, topic, *options):
        """The text that kcat prints of a topic, from its start to its end, as a stranger's consumer sees it."""
        done = subprocess.run(["kcat", "-C", "-e", "-q", "-b", self.settings["bootstrap_servers"],
                               "-t", self.topic_name(topic),
                               "-X", "isolation.level=read_committed", *options],
                              capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    def cases(self):
        return self.swctl_json("cases")

    def board(self, login="bureau", password="demo-only-bureau"):
        """What the board shows to somebody who signs in; None while it cannot be had."""
        form = urllib.parse.urlencode({"login": login, "password": password}).encode()
        if login not in self.cookies:
            self.cookies[login] = local.cookie_of("POST", self.url("console", "/login"), form)
        status, body = local.http("GET", self.url("console", "/api/board"), headers={"Cookie": self.cookies[login]})
        return json.loads(body) if status == 200 else None

    def wait_case(self, what, condition, seconds=15):
        """The first case for which `condition` holds."""
        return wait_until(lambda: next((case for case in self.cases() if condition(case)), None), what, seconds)


class Follower:
    """The records of a topic as they come, read once, through a file: `new` answers those since the last call."""

    def __init__(self, running, topic):
        self.path = running.folder / f"follow-{topic}.jsonl"
        with open(self.path, "wb") as out:
            self.child = subprocess.Popen([running.binaries / "swctl", "--json", "tail", topic, "--from-start"], stdout=out,
                                          env={**os.environ, **running.environment()})
        self.file = open(self.path, encoding="utf-8")
        self.rest = ""

    def new(self):
        while chunk := self.file.read(1 << 22):
            *lines, self.rest = (self.rest + chunk).split("\n")
            yield from map(json.loads, lines)

    def end(self):
        self.child.terminate()
        self.child.wait(10)
        self.file.close()


def start(folder, parts=local.EVERYTHING, sample=Shouwang.sample, pack=Shouwang.pack, **settings):
    """A running Shouwang on the Kafka and Redis of tests/run if there are any, under a topic prefix of its own, with the
    directory of the folder `sample` and a pack."""
    shouwang = Shouwang(folder, os.environ.get("SW_TEST_BIN"))
    shouwang.sample, shouwang.pack = sample, pack
    shouwang.remember(topic_prefix=f"t{uuid.uuid4().hex[:8]}", quota_voice="false", **settings)
    if "SW_TEST_BOOTSTRAP" in os.environ:
        shouwang.remember(bootstrap_servers=os.environ["SW_TEST_BOOTSTRAP"])
        parts = [part for part in parts if part != "kafka"]
    try:
        shouwang.start(parts)
    except BaseException:
        shouwang.stop()
        raise
    return shouwang
