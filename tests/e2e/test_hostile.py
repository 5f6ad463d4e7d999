"""Hostile input over HTTP and on the topic: each refused with its answer or reject, counted, and nothing of it in Kafka
(or only in `rejects`); after each the next good event flows."""
import subprocess
import time
import uuid

import pytest
from confluent_kafka import Producer
from shouwang import ROOT, UNIT, cloud_event, incident, wait_until


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
    shouwang.post(b" " * (2 << 20), expect=413)


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


# --- on the topic

def foreign(unit=UNIT):
    """An event as another system writes it, encoded by protoc."""
    text = (f'id: "{uuid.uuid4()}" source: "/demo/foreign" unit: "{unit}" kind: "concern" '
            f"occurred_at_ms: {int(time.time() * 1000)} scope {{}} incident {{}}")
    return subprocess.run(["protoc", f"-I{ROOT}/proto", "--encode=shouwang.v1.Event", "shouwang/v1/event.proto"],
                          input=text.encode(), capture_output=True, check=True).stdout


@pytest.mark.parametrize("value, reason", [
    (b"\xff\xff\xff", "bad_protobuf"),
    (foreign().replace(b"concern", b"conc\xff\xffn"), "bad_utf8"),
    (foreign(unit="elsewhere-1"), "unit_unknown"),
], ids=["bad_protobuf", "bad_utf8", "unit_unknown"])
def test_a_bad_record_goes_to_rejects_with_its_place(shouwang, value, reason):
    topic, placed = shouwang.topic_name("events.incident"), []
    producer = Producer({"bootstrap.servers": shouwang.settings["bootstrap_servers"]})
    producer.produce(topic, key=UNIT.encode(), value=value, on_delivery=lambda error, message: placed.append(message))
    assert producer.flush(20) == 0

    def reject():
        rejects = [record["value"] for record in shouwang.read_topic("rejects")]
        return next((found for found in rejects if found["topic"] == topic and int(found.get("partition", 0)) == placed[0].partition()
                     and int(found.get("offset", 0)) == placed[0].offset()), None)
    found = wait_until(reject, "the reject", 20)
    assert found["reason"] == reason
    assert found["service"] == "sw-triage"
    before = shouwang.count("signals")
    shouwang.post(incident("concern"))
    wait_until(lambda: shouwang.count("signals") > before, "the next good event flows")
