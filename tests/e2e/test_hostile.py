"""Hostile input over HTTP and on the topic: each refused with its answer or reject, counted, and nothing of it in Kafka
(or only in `rejects`); after each the next good event flows."""
import collections
import re
import http.client
import subprocess
import time
import uuid

import pytest
from confluent_kafka import Producer
from shouwang import ROOT, TOKEN, UNIT, cloud_event, incident, wait_until


@pytest.fixture
def unchanged(shouwang):
    """Nothing reaches the topic while the test runs; afterwards a good event does."""
    before = shouwang.count("events.incident")
    yield
    assert shouwang.count("events.incident") == before
    shouwang.post(incident("concern"))
    assert shouwang.count("events.incident") == before + 1


@pytest.fixture
def counted(shouwang):
    """Something more was counted as refused or ended."""
    def total():
        return (shouwang.metric("intake", "sw_intake_refused_total")
                + shouwang.metric("intake", "sw_intake_http_ended_total"))
    before = total()
    yield
    assert total() > before


def test_too_large_is_413(shouwang, unchanged, counted):
    shouwang.post(incident(text="x" * 70000), expect=413)


def test_a_body_beyond_its_bound_is_413(shouwang, unchanged, counted):
    connection = http.client.HTTPConnection("127.0.0.1", int(shouwang.settings["intake_port"]), timeout=10)
    connection.putrequest("POST", "/v1/events")
    connection.putheader("Authorization", f"Bearer {TOKEN}")
    connection.putheader("Content-Type", "application/cloudevents+json")
    connection.putheader("Content-Length", str(2 << 20))
    connection.endheaders()  # refused by what it announces, before any of it is sent
    assert connection.getresponse().status == 413
    connection.close()


def test_truncated_is_400_with_its_place(shouwang, unchanged, counted):
    answer = shouwang.post(b'{"specversion": "1.0", "id": ', expect=400)
    assert answer["reason"] == "bad_json"
    assert answer["at_byte"] >= 28


def test_invalid_utf8_is_400_with_its_place(shouwang, unchanged, counted):
    answer = shouwang.post(b'{"specversion": "1.0", "id": "\xc3\x28"}', expect=400)
    assert answer["reason"] == "bad_utf8"
    assert answer["at_byte"] == 30


def test_a_bad_field_is_400_with_its_path(shouwang, unchanged, counted):
    answer = shouwang.post(incident(danger="perhaps"), expect=400)
    assert answer["reason"] == "unknown_value"
    assert answer["field"] == "/data/danger"


@pytest.mark.parametrize("token", ["", "demo-only-token-yizhon", "demo-only-token-yizhongg"])
def test_a_wrong_token_is_401(shouwang, unchanged, counted, token):
    shouwang.post(incident(), token=token, expect=401)


def test_another_school_is_403(shouwang, unchanged, counted):
    answer = shouwang.post(incident(unit="qh-erxiao"), expect=403)
    assert answer["reason"] == "unit_not_allowed"


def test_a_kind_that_the_token_may_not_send_is_403(shouwang, unchanged, counted):
    event = incident("concern", source="/demo/panic")
    shouwang.post(event, token="demo-only-token-yizhong-panic", expect=403)


def test_a_batch_answers_for_each_item(shouwang):
    before = shouwang.count("events.incident")
    answer = shouwang.post([incident("concern"), incident(danger="perhaps"), incident("concern")], expect=400)
    assert [item["status"] for item in answer["items"]] == ["accepted", "refused", "accepted"]
    assert answer["items"][1]["field"] == "/data/danger"
    assert shouwang.count("events.incident") == before + 2


def test_an_unknown_kind_is_a_case_at_high(shouwang):
    kind = f"unheard_of_{uuid.uuid4().hex[:8]}"
    shouwang.post(cloud_event(f"shouwang.incident.{kind}", {
        "unit": UNIT, "parties": [{"identifier": "20260010", "role": "affected"}]}))
    case = shouwang.wait_case("a case of the unknown kind", lambda case: case["kind"] == kind)
    assert case["level"] == "high"
    assert shouwang.metric("intake", "sw_intake_unknown_kinds_total") > 0


def signals_of(shouwang, id_):
    return [record["value"] for record in shouwang.read_topic("signals") if record["value"]["event_id"] == id_]


def test_the_same_id_with_another_body_is_taken_flagged_and_counted(shouwang):
    """A repeat changes nothing; other words under the same id may be another child's danger, and are not dropped."""
    id_, before = f"again-{uuid.uuid4()}", triage_counts(shouwang)
    first, other = (incident("concern", id_=id_, affected=pupil) for pupil in ("20260011", "20260012"))
    for event in (first, first, other):
        shouwang.post(event)
    wait_until(lambda: len(signals_of(shouwang, id_)) >= 2, "a signal of each body", 20)
    shouwang.post(first)
    wait_until(lambda: triage_counts(shouwang)["repeated"] == before["repeated"] + 2, "repeats are counted", 20)
    flags = [signal.get("id_reused", False) for signal in signals_of(shouwang, id_)]
    assert sorted(flags) == [False, True]
    assert triage_counts(shouwang)["id_reused"] == before["id_reused"] + 1


def triage_counts(shouwang):
    """sw_triage_events_total by its outcome."""
    counts = collections.Counter()
    for line in shouwang.admin("triage", "/metrics")[1].splitlines():
        found = re.match(r'sw_triage_events_total{.*outcome="(\w+)".*} (\d+)', line)
        if found:
            counts[found[1]] += int(found[2])
    return counts


# --- on the topic

SEALED = 'text { suite: 1 key_class: KEY_CLASS_CONTENT key_id: "k" erasure_id: "qh-yizhong" nonce: "n" bytes: "b" }'


def foreign(unit=UNIT, source="/demo/foreign", more=""):
    """An event as another system writes it, encoded by protoc, and its headers."""
    id_ = str(uuid.uuid4())
    text = (f'id: "{id_}" source: "{source}" unit: "{unit}" kind: "concern" '
            f"occurred_at_ms: {int(time.time() * 1000)} scope {{}} incident {{}} {more}")
    value = subprocess.run(["protoc", f"-I{ROOT}/proto", "--encode=shouwang.v1.Event", "shouwang/v1/event.proto"],
                           input=text.encode(), capture_output=True, check=True).stdout
    return value, {"ce_specversion": "1.0", "ce_id": id_, "ce_source": source, "ce_type": "shouwang.incident.concern",
                   "content-type": "application/protobuf"}


def produce(shouwang, value, headers):
    """Writes a record to the topic of incidents; answers where it lies."""
    placed = []
    producer = Producer({"bootstrap.servers": shouwang.settings["bootstrap_servers"]})
    producer.produce(shouwang.topic_name("events.incident"), key=UNIT.encode(), value=value, headers=headers,
                     on_delivery=lambda error, message: placed.append(message))
    assert producer.flush(20) == 0
    return placed[0].partition(), placed[0].offset()


def rejects_of(shouwang):
    return {(record["partition"], record["offset"]): record["value"] for record in shouwang.read_topic("rejects")}


def broken(event, old, new):
    return event[0].replace(old, new), event[1]


@pytest.mark.parametrize("event, reason, moved", [
    ((b"\xff\xff\xff", {}), "bad_protobuf", False),
    (broken(foreign(), b"concern", b"conc\xff\xffn"), "bad_utf8", False),
    (foreign(unit="elsewhere-1"), "unit_unknown", True),
    (foreign(source="/nobody/knows"), "unit_not_allowed", False),
    (foreign(more=SEALED), "sealed_not_allowed", False),
], ids=["bad_protobuf", "bad_utf8", "unit_unknown", "unit_not_allowed", "sealed"])
def test_a_bad_record_goes_to_rejects_with_its_place(shouwang, event, reason, moved):
    """`moved`: the record names a unit of another partition, is placed there first, and is refused there."""
    topic = shouwang.topic_name("events.incident")
    known = rejects_of(shouwang).keys()
    counted = shouwang.metric("triage", "sw_triage_rejects_total")
    partition, offset = produce(shouwang, *event)
    new = wait_until(lambda: rejects_of(shouwang).keys() - known, "the reject", 20)
    assert len(new) == 1
    found = rejects_of(shouwang)[new.pop()]
    assert (found["topic"], found["reason"], found["service"]) == (topic, reason, "sw-triage")
    place = int(found.get("partition", 0)), int(found.get("offset", 0))
    assert place == (partition, offset) or (moved and place[1] >= 0)
    assert shouwang.metric("triage", "sw_triage_rejects_total") == counted + 1
    before = shouwang.count("signals")
    value, headers = foreign()
    produce(shouwang, value, headers)
    wait_until(lambda: len(signals_of(shouwang, headers["ce_id"])) == 1, "the stranger's next good event flows", 20)
    shouwang.post(incident("concern"))
    wait_until(lambda: shouwang.count("signals") > before + 1, "the next good event flows")
