"""A unique string in every sensitive field of directory, events and commands, and a crisis played with them: each appears
only in the messages in which core/disclose/audiences.def lets its audience see it over that channel, and in no topic, log,
metric, Redis value, dead letter or answer. The strings are looked for as they are, in hexadecimal and in base64.

Persons are config/sample's, under canaries instead of their names and numbers; everything is made up."""
import base64
import collections
import json
import pathlib
import re
import urllib.parse
import uuid

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

import shouwang as whole
from shouwang import COUNTY_TOKEN, ROOT, TOKEN, UNIT, incident, local, wait_until

RUN = uuid.uuid4().hex[:10]
TEXT_MARK = f"kanari{RUN}"                                    # of texts: kanari<run>x<number>
DIGIT_MARK = f"19{int(RUN, 16) % 10**8:08d}"                  # of telephone numbers: 19<run><number>
SECRETS = [TOKEN, COUNTY_TOKEN, "demo-only-leader", "demo-only-principal"]
ADMIN_PAGES = ("/metrics", "/show/state", "/show/queues", "/show/config", "/show/counters", "/show/stream", "/readyz")


class Canaries:
    """Every string that was handed out, and the field of core/disclose/fields.def that it is ("" where it is none)."""

    def __init__(self):
        self.fields = {}

    def text(self, field=""):
        canary = f"{TEXT_MARK}x{len(self.fields):04d}"
        self.fields[canary] = field
        return canary

    def number(self, field=""):
        canary = f"{DIGIT_MARK}{len(self.fields):04d}"
        self.fields[canary] = field
        return canary

    def found_in(self, text):
        return {canary for canary in re.findall(f"{TEXT_MARK}x\\d{{4}}|{DIGIT_MARK}\\d{{4}}", text)}


def patterns(text):
    """The bytes that betray a text: itself, hexadecimal, and the inside of its base64 at each of three alignments."""
    raw = text.encode()
    found = [raw, raw.hex().encode(), raw.hex().upper().encode()]
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        inside = encoded[(0, 2, 3)[shift]:-1]
        found += [inside, inside.replace(b"+", b"-").replace(b"/", b"_")]
    return found


BETRAYING = [pattern for text in (TEXT_MARK, DIGIT_MARK, *SECRETS) for pattern in patterns(text)]


def betrays(blob):
    """The first place that betrays something, with what stands around it; "" when there is none."""
    for pattern in BETRAYING:
        at = blob.find(pattern)
        if at >= 0:
            return repr(blob[max(0, at - 40):at + len(pattern) + 40])
    return ""


def sample_with_canaries(folder, canaries):
    """config/sample with a canary for each name, address and number; answers the pupils' new numbers by the old ones."""
    folder.mkdir()
    replaced = {}

    def unique(old, make):
        return replaced.setdefault(old, make())

    for path in sorted((ROOT / "config/sample").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        guardians = set(re.findall(r"kind: guardian, name: [^,]+, household: [^,]+,\s+addresses: \[{phone: \"(\d+)\"}", text))
        text = re.sub(r"(kind: (\w+), name: )([^,]+),", lambda m: m[1] + canaries.text(
            "pupil_name" if m[2] == "student" else "person_name") + ",", text)
        text = re.sub(r'phone: "(\d+)"', lambda m: 'phone: "' + unique(m[1], lambda: canaries.number(
            "guardian_contact" if m[1] in guardians else "")) + '"', text)
        text = re.sub(r"wecom: (\w+)", lambda m: "wecom: " + unique(m[1], canaries.text), text)
        text = re.sub(r'numbers: \["(\d+)"\]', lambda m: 'numbers: ["' + unique(m[1], canaries.text) + '"]', text)
        (folder / path.name).write_text(text, encoding="utf-8")
    return replaced


@pytest.fixture(scope="module")
def canaries():
    return Canaries()


@pytest.fixture(scope="module")
def sample(folder, canaries):
    return sample_with_canaries(folder / "sample", canaries)


@pytest.fixture(scope="module")
def played(folder, canaries, sample):
    """A running whole in which everything sensitive was said, to its last message."""
    running = whole.start(folder / "run", sample=folder / "sample", pack=ROOT / "config/packs/short",
                          log_level="debug")
    try:
        play(running, canaries, sample)
        yield running
    finally:
        killed = running.stop()
    assert not killed, f"did not end by themselves: {killed}"


def told(canaries, pupil, **more):
    """An incident in which every free field is a canary."""
    return incident(
        "self_harm", danger="happening", place="on_campus", source="/test/school",
        parties=[{"identifier": pupil, "role": "affected"}, {"identifier": canaries.text(), "role": "witness"}],
        text=canaries.text("gist"), reporter_name=canaries.text("reporter"), callback=canaries.number("callback"),
        with_pupil=canaries.text("with_pupil"), place_detail=canaries.text("place_detail"),
        **{canaries.text(): canaries.text(), "nested": {"member": [canaries.text()]}}, **more)


def refused(running, canaries):
    """What is not taken leaves no trace, either."""
    answers = [running.post(incident(danger=canaries.text()), expect=400),
               running.post(incident(affected=canaries.text() + "\x01"), expect=400),
               running.post(f'{{"id": "{canaries.text()}", '.encode(), expect=400),
               running.post(incident(unit=canaries.text()), expect=403),
               running.post(incident(text=canaries.text() * 4000), expect=413),
               running.post(incident(), token=canaries.text(), expect=401)]
    assert not betrays(json.dumps(answers).encode()), answers


def reject(running, canaries):
    """A dead letter: bytes of a foreign producer that are no record. They stand in the topic to which it wrote them."""
    canary = canaries.text("foreign")
    producer = Producer({"bootstrap.servers": running.settings["bootstrap_servers"]})
    producer.produce(running.topic_name("events.incident"), key=UNIT.encode(), value=b"\xff" + canary.encode(),
                     headers={"ce_source": b"/demo/foreign"})
    assert producer.flush(20) == 0
    wait_until(lambda: running.count("rejects") > 0, "a dead letter", 20)


def command(running, *words):
    """One command of the case; refused ones leave their words in the topic as well."""
    done = running.swctl(*words, "--as", "yz-leader", check=False)
    assert done.returncode in (0, 1), done.stderr
    assert not betrays((done.stdout + done.stderr).encode()), done.stdout + done.stderr
    return done.returncode == 0


def commands(running, canaries, case):
    applied = [
        command(running, "ack", case),
        command(running, "met", case, "emergency_call", "--evidence", f"caller={canaries.text()}", "--evidence", "call=120",
                "--evidence", f"reason={canaries.text()}"),
        command(running, "note", case, canaries.text("notes")),
        command(running, "help", case, "police_liaison", "--reason", canaries.text()),
        command(running, "help", case, "hospital", "--reason", canaries.text()),
        command(running, "waive", case, "phone_report", "--reason", canaries.text()),
        command(running, "conflict", case, "p-nobody", "--reason", "unfit_now", "--note", canaries.text()),
        command(running, "level", case, "warning", "--reason", canaries.text()),
        command(running, "settle", case, "--summary", canaries.text()),
        command(running, "respond", case, "phone_report", "disputed", "--note", canaries.text()),
        command(running, "close", case, "true", "--summary", canaries.text()),
        command(running, "stand-down", case, "--reason", "mistaken", "--note", canaries.text()),
    ]
    assert applied.count(True) >= 6, applied


def press_buttons(running, canaries, case):
    """The same in the console: what is typed into its forms."""
    cookie = sign_in(running, "yz-leader", "demo-only-leader")
    forms = {"note": {"text": canaries.text("notes")}, "waive": {"obligation": "phone_report", "reason": canaries.text()},
             "met": {"obligation": "guardian_contact", "evidence.0.key": "attempts", "evidence.0.value": canaries.text()},
             "level": {"level": "crisis", "reason": canaries.text()}}
    for action, form in forms.items():
        status, answer = local.http(
            "POST", running.url("console", f"/api/cases/{case}/{action}"), urllib.parse.urlencode({**form, "unit": UNIT}).encode(),
            {"Cookie": cookie, "X-Requested-With": "test", "Content-Type": "application/x-www-form-urlencoded"})
        assert status == 200 and not betrays(answer), answer
    wrong = urllib.parse.urlencode({"login": "yz-leader", "password": canaries.text()}).encode()
    assert not local.cookie_of("POST", running.url("console", "/login"), wrong)


def sign_in(running, login, password):
    form = urllib.parse.urlencode({"login": login, "password": password}).encode()
    cookie = local.cookie_of("POST", running.url("console", "/login"), form)
    assert cookie, login
    return cookie


def play(running, canaries, sample):
    pupil = sample["20260001"]
    refused(running, canaries)
    reject(running, canaries)
    running.post(told(canaries, pupil, id_="canary-1"))
    running.post(told(canaries, pupil, id_="canary-1"))  # the same id with another body
    running.post(told(canaries, canaries.text()))        # nobody whom the directory knows
    running.wait_phone(seconds=30, role="bureau_duty")   # the last step: nobody has acknowledged
    case = running.wait_case("the pupil's case", lambda case: case["level"] == "crisis" and not case.get("unresolved"))
    press_buttons(running, canaries, case["id"])
    commands(running, canaries, case["id"])
    for role in ("police_liaison", "hospital", "guardians", "principal", "class_teacher", "psych_teacher"):
        running.wait_phone(seconds=30, role=role)


# --- where canaries may be: the messages, each as its audience may see it over its channel

def table():
    """core/disclose as it is written: {role: audience}, {audience: fields}."""
    text = (ROOT / "services/core/disclose/audiences.def").read_text()
    rows, macros = {}, {}
    for name, body in re.findall(r"#define (DISCLOSE_\w+)((?:.|\\\n)+?)(?=\n[^ ])", text):
        macros[name] = body
    for audience, body in re.findall(r"DISCLOSE_AUDIENCE\(\w+, (\w+),([^;]*?)\)\n(?=/\*|#|DISCLOSE)", text):
        for name in ("DISCLOSE_STAFF", "DISCLOSE_COMMON"):
            body = body.replace(name, macros[name])
        rows[audience] = {field.lower() for field in re.findall(r"F\((\w+)\)", body)}
    roles = re.findall(r'\{"(\w+)", DISCLOSE_AUDIENCE_(\w+)\}', (ROOT / "services/core/disclose/audience.c").read_text())
    return {role: audience.lower() for role, audience in roles}, rows


def may_see(role, channel):
    roles, rows = table()
    fields = rows[roles[role]]
    cut = {"sms": "screen", "voice": "voice"}.get(channel)
    return fields & rows[cut] if cut else fields


def test_messages_say_what_their_audience_may_see(played, canaries):
    seen = collections.defaultdict(set)
    for send in played.sends():
        allowed = may_see(send["role"], send["channel"])
        for canary in canaries.found_in(send["text"]):
            field = canaries.fields[canary]
            assert field in allowed, f"{field or 'a secret'} told to {send['role']} over {send['channel']}: {send['text']}"
            seen[field].add((send["role"], send["channel"]))
    # None of this is shown by a text that never fills anything in.
    for field in ("pupil_name", "callback", "with_pupil", "place_detail"):
        assert seen[field], f"no message says {field}"
    assert all(role == "psych_teacher" for role, _ in seen["gist"])


def test_a_message_goes_to_its_own_address_only(played, canaries):
    for send in played.sends():
        rest = {name: value for name, value in send.items() if name not in ("to", "text")}
        assert not betrays(json.dumps(rest).encode()), rest
        assert canaries.fields.get(send["to"]) in ("", "guardian_contact"), send["to"]


@pytest.mark.parametrize("login, password, role", [
    ("bureau", "demo-only-bureau", "bureau_duty"), ("yz-principal", "demo-only-principal", "principal"),
    ("yz-leader", "demo-only-leader", "duty_leader"), ("yz-class", "demo-only-class", "class_teacher"),
    ("yz-psych", "demo-only-psych", "psych_teacher")])
def test_a_page_shows_what_its_reader_may_see(played, canaries, login, password, role):
    """Who may see the pupil's name may see those of the people who were told, too."""
    cookie = {"Cookie": sign_in(played, login, password)}
    paths = ["/api/board", *(f"/api/cases/{case['id']}" for case in played.cases())]
    answers = [local.http("GET", played.url("console", path), headers=cookie) for path in paths]
    assert len(answers) > 2 and all(status == 200 for status, _ in answers)
    pages = [page for _, page in answers]
    allowed = may_see(role, None)
    allowed |= {"person_name"} if "pupil_name" in allowed else set()
    shown = {canaries.fields[canary] for page in pages for canary in canaries.found_in(page.decode())}
    assert shown <= allowed, shown - allowed
    assert ("pupil_name" in shown) == ("pupil_name" in allowed)


# --- where none may be

def raw_records(running):
    """(topic, key, value, headers) of every record of every topic, committed or not."""
    consumer = Consumer({"bootstrap.servers": running.settings["bootstrap_servers"], "group.id": "canaries",
                         "isolation.level": "read_uncommitted", "enable.auto.commit": False})
    topics = {name: topic for name, topic in consumer.list_topics(timeout=20).topics.items()
              if name.startswith(running.settings["topic_prefix"] + ".")}
    ends = {(name, partition): consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=20)[1]
            for name, topic in topics.items() for partition in topic.partitions}
    left = {place for place, end in ends.items() if end > 0}
    consumer.assign([TopicPartition(name, partition, OFFSET_BEGINNING) for name, partition in left])
    found = []

    def read():
        for message in consumer.consume(1000, 0.5):
            assert message.error() is None, message.error()
            found.append(message)
        for part in consumer.position([TopicPartition(name, partition) for name, partition in left]):
            if part.offset >= ends[part.topic, part.partition]:
                left.discard((part.topic, part.partition))
        return not left
    wait_until(read, "every topic is read", 60)
    consumer.close()
    return found


def test_no_topic_holds_one(played, canaries):
    foreign = {canary for canary, field in canaries.fields.items() if field == "foreign"}
    counts = collections.Counter()
    for message in raw_records(played):
        counts[message.topic().split(".", 1)[1]] += 1
        blob = b"\n".join([message.key() or b"", message.value() or b"",
                           *(name.encode() + b"=" + (value or b"") for name, value in message.headers() or [])])
        if message.topic() == played.topic_name("events.incident"):
            for canary in foreign:  # a stranger's own words, where the stranger wrote them
                blob = blob.replace(canary.encode(), b"")
        assert not betrays(blob), f"{message.topic()}/{message.partition()}@{message.offset()}"
    for topic in ("events.incident", "signals", "cases", "journal", "notices.urgent", "receipts", "commands", "directory",
                  "keys", "alerts", "rejects", "state.triage", "state.notifier"):
        assert counts[f"{topic}.v1"] > 0, f"nothing in {topic}: the play was too short"


def files(folder):
    """What the processes have written, but for their keys, the shared broker and the phones' own memory."""
    for path in sorted(pathlib.Path(folder).rglob("*")):
        inside = path.relative_to(folder).parts
        if path.is_file() and inside[0] not in ("keys", "kafka") and inside != ("phone", "sends.jsonl"):
            yield path


def test_no_log_and_no_redis_value_holds_one(played):
    names = set()
    for path in files(played.folder):
        names.add(path.parent.name)
        assert not betrays(path.read_bytes()), path
    # Redis writes every command as it is into its append-only file.
    written = b"".join(path.read_bytes() for path in files(played.folder / "redis") if path.name.endswith(".incr.aof"))
    assert written.count(b"\r\nFCALL\r\n") + written.count(b"\r\nSET\r\n") + written.upper().count(b"HSET") > 0
    assert {"intake-0", "triage-0", "escalator-0", "notifier-0", "relay-0", "console-0", "appendonlydir"} <= names


def test_no_metric_and_no_admin_page_holds_one(played):
    for service in local.SERVICES:
        assert played.admin(service, "/metrics")[0] == 200
        for page in ADMIN_PAGES:
            assert not betrays(played.admin(service, page)[1].encode()), f"{service}{page}"


def test_no_tool_and_no_bureau_board_shows_one(played):
    for words in (["cases"], ["--json", "cases"], *(["case", "show", case["id"]] for case in played.cases())):
        assert not betrays(played.swctl(*words).stdout.encode()), words
    assert not betrays(json.dumps(played.board()).encode())
    assert played.swctl("journal", "verify").returncode == 0
