"""The journal proves itself: `swctl journal verify` finds a changed line, a missing one, two that changed places, and an end
that was cut off. The forgeries are copies under a prefix of their own."""
import json
import uuid

import pytest
from confluent_kafka import Producer

from shouwang import UNIT, incident


def read(shouwang, topic):
    """(partition, key, value) of every committed record of the unit, in its order."""
    return [(message.partition(), message.key(), message.value()) for message in shouwang.read_messages(topic)
            if message.key().decode().split("/")[0] == UNIT]


@pytest.fixture(scope="module")
def honest(shouwang):
    """The journal and the cases of a school where something has happened."""
    shouwang.post(incident("self_harm", danger="imminent", place="on_campus"))
    case = shouwang.wait_case("the case", lambda case: case["level"] == "crisis")
    for _ in range(3):
        shouwang.swctl("note", case["id"], "made up", "--as", "yz-leader")
    return read(shouwang, "journal"), read(shouwang, "cases")


def verify(shouwang, journal, cases):
    """What swctl says of such topics: its exit code, and the unit's line."""
    prefix = f"forged{uuid.uuid4().hex[:8]}"
    own = ["--set", f"topic.prefix={prefix}"]
    shouwang.swctl(*own, "topics", "--single", "--partitions", "4")
    producer = Producer({"bootstrap.servers": shouwang.settings["bootstrap_servers"], "acks": "all"})
    for topic, records in (("journal", journal), ("cases", cases)):
        for partition, key, value in records:
            producer.produce(f"{prefix}.{topic}.v1", key=key, value=value, partition=partition)
    assert producer.flush(20) == 0
    done = shouwang.swctl(*own, "--json", "journal", "verify", UNIT, check=False)
    return done.returncode, json.loads(done.stdout)


def test_an_honest_copy_verifies(shouwang, honest):
    journal, cases = honest
    code, said = verify(shouwang, journal, cases)
    assert (code, said["verified"], said["lines"]) == (0, True, len(journal))


@pytest.mark.parametrize("forge, line, why", [
    (lambda lines: lines[:2] + [changed(lines[2])] + lines[3:], 3, "changed"),
    (lambda lines: lines[:2] + lines[3:], 3, "does not follow"),
    (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2, "does not follow"),
    (lambda lines: lines[1:], 1, "does not follow"),
    (lambda lines: lines[:3] + [(*lines[3][:2], b"\xff\xff")] + lines[4:], 4, "bad_protobuf"),
    (lambda lines: lines[:-1], None, "missing"),
], ids=["changed", "left_out", "swapped", "first_gone", "no_record", "cut_off"])
def test_a_forgery_is_found_where_it_is(shouwang, honest, forge, line, why):
    journal, cases = honest
    code, said = verify(shouwang, forge(journal), cases)
    assert (code, said["verified"]) == (1, False)
    assert said["why"].startswith(f"line {line or len(journal)} ") and why in said["why"]


def changed(record):
    """The same line with another word in it."""
    partition, key, value = record
    assert b"plan_started" in value or b"step_fired" in value or b"case_opened" in value, value
    for word in (b"plan_started", b"step_fired", b"case_opened"):
        value = value.replace(word, b"x" + word[1:])
    return partition, key, value
