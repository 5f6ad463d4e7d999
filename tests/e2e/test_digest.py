"""What may wait: concerns about several pupils become one message to each teacher at the pack's next digest time, although
the notifier is killed while they wait; and a crisis waits for nothing, quiet hours or not."""
import datetime

import pytest

from digests import ZONE, activate, clock, next_slots
from shouwang import UNIT, cloud_event, incident, wait_until

PUPILS = ["20260001", "20260002", "20260003"]


@pytest.fixture(scope="module")
def bulk(shouwang):
    """The notices that wait, as they were written, when each of the teachers is told of all three pupils."""
    def written():
        found = [record["value"] for record in shouwang.read_topic("notices.bulk")]
        cases = {}
        for notice in found:
            cases.setdefault(notice["person"], set()).add(notice["case_id"])
        return found if len(cases) >= 2 and all(len(ids) == len(PUPILS) for ids in cases.values()) else None

    def of(folder):
        activate(shouwang, folder, next_slots())
        for pupil in PUPILS:
            shouwang.post(incident("concern", affected=pupil, text="canary-of-a-concern"))
        return wait_until(written, "the notices of three cases", 30, every=0.5)
    return of


def test_concerns_become_one_message_and_a_kill_changes_nothing(shouwang, folder, bulk):
    notices = bulk(folder)
    begun = datetime.datetime.now(ZONE)
    waiting = {}
    for notice in notices:
        assert notice["may_wait"]
        waiting.setdefault((notice["person"], notice["channel"]), []).append(notice["id"])
    assert all(len(ids) >= len(PUPILS) for ids in waiting.values())
    held = lambda: shouwang.metric("notifier", "sw_notifier_held") or 0
    wait_until(lambda: held() >= len(notices), "all of them are held", 30)
    assert not shouwang.sends(), "nothing before the digest time"
    shouwang.process("notifier-0").kill()
    shouwang.start_service("notifier")
    persons = {person for person, _ in waiting}
    wait_until(lambda: persons <= {send["person"] for send in shouwang.sends(answer=200)}, "the digests", 150)
    sends = shouwang.sends(answer=200)
    assert (datetime.datetime.now(ZONE).minute - begun.minute) % 60 >= 1, "not before the slot"
    assert len({(send["person"], send["channel"]) for send in sends}) == len(sends), "one to a person and channel"
    for send in sends:
        ids = waiting[send["person"], send["channel"]]
        assert f"有{len(ids)}项" in send["text"] and "canary" not in send["text"]
        assert send["notice_id"] not in ids
    # Every part's case hears of it.
    told = {(person, channel) for person, channel in waiting if any(
        send["person"] == person and send["channel"] == channel for send in sends)}
    parts = {id_ for key in told for id_ in waiting[key]}

    def heard():
        receipts = [record["value"] for record in shouwang.read_topic("receipts")]
        return parts <= {receipt["notice_id"] for receipt in receipts if receipt["state"] == "accepted"}
    wait_until(heard, "a receipt for each part", 20, every=0.5)


def test_quiet_hours_hold_back_what_may_wait_and_nothing_else(shouwang, folder):
    activate(shouwang, folder, [clock(12 * 60)], quiet=(clock(-60), clock(60)))
    before = len(shouwang.sends())
    shouwang.post(incident("concern", affected="20260011", text="canary"))
    shouwang.post(incident(affected="20260012", danger="imminent"))
    case = shouwang.wait_case("the crisis", lambda case: case["level"] == "crisis")
    shouwang.wait_phone(channel="voice", role="duty_leader")
    assert case
    assert not [send for send in shouwang.sends()[before:] if "项待查看" in send["text"]]


def answers(pupil):
    """A screening whose item 9 asks for an interview within three school days, and for no call."""
    items = [{"item": str(item), "value": 1 if item == 9 else 0} for item in range(1, 10)]
    return cloud_event("shouwang.screening.result",
                       {"unit": UNIT, "parties": [{"identifier": pupil, "role": "affected"}], "instrument": "PHQ-9",
                        "version": "1999", "item_count": 9, "informant": "self", "answers": {"items": items, "valid": True}},
                       source="/test/screening")


def test_pupils_who_wait_for_an_interview_are_one_message_without_a_score(shouwang, folder):
    activate(shouwang, folder, next_slots())
    before = len(shouwang.sends())
    for pupil in ("20260004", "20260005", "20260006"):
        shouwang.post(answers(pupil))
    digest = wait_until(lambda: next((send for send in shouwang.sends()[before:] if "约谈" in send["text"]), None), "the digest", 150)
    assert digest["role"] == "psych_teacher" and "有3名学生等待约谈" in digest["text"]
    for word in ("PHQ", "分", "抑郁", "自杀", "第9题"):
        assert word not in digest["text"]
    assert len([send for send in shouwang.sends()[before:] if "约谈" in send["text"]]) == 1
