"""Attendance, from the gate to the phone: a gate that fails is a question, a pupil on file is looked for at once, and an
interview that has days waits in a queue."""
import collections
import pathlib
import re
import shutil

import pytest

import shouwang as whole
from shouwang import UNIT, cloud_event, incident, wait_until

SAMPLE = pathlib.Path(whole.ROOT / "config/sample" / f"{UNIT}.yaml").read_text()
PUPILS = re.findall(r"numbers: \[\"?(\d+)", SAMPLE)
CLASSES = collections.Counter(re.findall(r"kind: student, .*group: (\w+)", SAMPLE))


@pytest.fixture(scope="module")
def shouwang(folder):
    """With the reference pack, but for the two minutes in which it waits for more to come."""
    pack = folder / "pack"
    shutil.copytree(whole.Shouwang.pack, pack)
    rules = pack / "rules/attendance.yaml"
    text = rules.read_text()
    assert "settle: 2m" in text
    rules.write_text(text.replace("settle: 2m", "settle: 3s"))
    running = whole.start(folder, pack=pack)
    yield running
    killed = running.stop()
    assert not killed, f"did not end by themselves: {killed}"


def absent(pupil, **facts):
    data = {"unit": UNIT, "parties": [{"identifier": pupil, "role": "affected"}], "state": "absent_unexplained", **facts}
    return cloud_event("shouwang.attendance.absent", data, source="/test/gate")


def of_kind(shouwang, kind):
    return [case for case in shouwang.cases() if case["kind"] == kind]


def test_a_gate_that_fails_is_one_question_and_no_call_to_a_parent(shouwang):
    assert len(PUPILS) >= 15
    shouwang.post([absent(pupil) for pupil in PUPILS])
    call = shouwang.wait_phone(role="duty_leader", channel="voice")
    question = shouwang.wait_case("the question", lambda case: case["kind"] == "attendance_doubt")
    assert question["subject"] == UNIT and question["why"][0]["values"][0]["value"] == str(len(PUPILS))
    shouwang.press(call)
    done = shouwang.swctl("met", question["id"], "plausibility", "--as", "yz-leader", "--role", "duty_leader",
                          "--evidence", "answer=fault")
    assert "applied" in done.stdout
    # Each of them was held once, and dropped once; so was what is said of each class with three and more.
    held = len(PUPILS) + sum(count > 2 for count in CLASSES.values())
    wait_until(lambda: shouwang.metric("triage", "sw_triage_held_total") == 2 * held, "all of it is dropped")
    assert len(of_kind(shouwang, "attendance_doubt")) == 1 and of_kind(shouwang, "absent") == []
    assert not shouwang.sends(role="guardians") and not shouwang.sends(role="class_teacher")


def test_one_pupil_is_told_of_and_a_parent_hears_that_the_school_calls(shouwang):
    shouwang.post(absent(PUPILS[1]))
    shouwang.wait_phone(role="class_teacher")
    case = shouwang.wait_case("the absence", lambda case: case["kind"] == "absent")
    assert case["level"] == "warning" and "absent" in case["why"][0]["rule"]


def test_a_pupil_on_file_who_is_missing_is_a_crisis_at_once(shouwang):
    pupil = PUPILS[4]
    shouwang.post(incident("self_harm", affected=pupil, danger="past", injury="untreated"))
    shouwang.wait_case("the file", lambda case: case["kind"] == "self_harm" and case["level"] == "high")
    shouwang.post(absent(pupil, confirmed=True))
    case = shouwang.wait_case("the search", lambda case: case["kind"] == "missing")
    assert case["level"] == "crisis" and case["why"][0]["rule"] == "on_file_absent_confirmed"
    assert len(of_kind(shouwang, "missing")) == 1


def answers(pupil, item9):
    items = [{"item": str(item), "value": item9 if item == 9 else 0} for item in range(1, 10)]
    data = {"unit": UNIT, "parties": [{"identifier": pupil, "role": "affected"}], "instrument": "PHQ-9", "version": "1999",
            "item_count": 9, "informant": "self", "answers": {"items": items, "valid": True}}
    return cloud_event("shouwang.screening.result", data, source="/test/screening")


def names(shouwang, number):
    """The roles that a message with that case number went to."""
    return {send["role"] for send in shouwang.sends() if re.search(rf"编号{number}(?!\d)", send["text"])}


def test_interviews_stand_in_a_queue_and_only_those_of_today_ring(shouwang):
    shouwang.post([answers(PUPILS[6], 1), answers(PUPILS[7], 2), answers(PUPILS[8], 3)])

    def queue():
        found = [case for case in shouwang.swctl_json("cases", "--interviews", "--unit", UNIT)
                 if case["kind"] == "self_harm_risk"]
        return found if len(found) == 3 else None
    first, *others = wait_until(queue, "three interviews")
    assert first["level"] == "high" and [case["level"] for case in others] == ["warning", "warning"]
    assert all(case["queued"] for case in others) and not first.get("queued")
    wait_until(lambda: names(shouwang, first["number"]) >= {"psych_teacher", "duty_leader"}, "the one of today is told")
    assert not any(names(shouwang, case["number"]) for case in others), "the others wait for the digest"
