"""A crisis in real time, with the short policy (a second for each minute): steps at their offsets and not before, what an
acknowledgement stops and what it does not, and a conflict that keeps back what was already queued. Made-up people."""
import datetime
import time

import pytest

import shouwang as whole
from shouwang import ROOT, incident, local, wait_until

UNIT, TOKEN = "qh-yizhong", "demo-only-token-yizhong"
STEPS_MS = {"duty_leader": 0, "psych_teacher": 0, "class_teacher": 0, "guardians": 2000, "principal": 3000, "bureau_duty": 10000}


@pytest.fixture(scope="module")
def shouwang(folder):
    """The whole with the short pack and phones without a quota."""
    running = whole.start(folder, ("kafka", "redis", "keys", "topics", "phone", "directory"))
    running.process("phone").stop()
    running.start_phone("--quota", "off")
    running.start_pack(ROOT / "config/packs/short", "fenyang")
    running.start(local.SERVICES)
    yield running
    killed = running.stop()
    assert not killed, f"did not end by themselves: {killed}"


def open_case(shouwang, pupil):
    known = {case["id"] for case in shouwang.cases()}
    shouwang.post(incident("self_harm", unit=UNIT, affected=pupil, place="on_campus", danger="happening"), token=TOKEN)
    return shouwang.wait_case("a new crisis", lambda case: case["level"] == "crisis" and case["id"] not in known)


def opened_ms(case):
    return datetime.datetime.fromisoformat(case["opened_at"]).timestamp() * 1000


def told(shouwang, case):
    """What the phones were sent for the case, with the notice each came from."""
    notices = {line["value"]["id"]: line["value"] for line in shouwang.read_topic("notices.urgent")
               if line["value"]["case_id"] == case["id"]}
    return [(send, notices[send["notice_id"]]) for send in shouwang.sends(answer=200)
            if send["notice_id"] in notices and not send.get("repeat")]


def steps(shouwang, case, role):
    return [send["at"] for send, notice in told(shouwang, case) if notice["role"] == role and notice["cause"].isdigit()]


def acknowledge(shouwang, case, role):
    person = next(send["person"] for send, notice in told(shouwang, case) if notice["role"] == role)
    shouwang.swctl("ack", case["id"], "--as", person, "--role", role)
    return time.time() * 1000


def test_steps_come_at_their_offsets_and_repeat(shouwang):
    case = open_case(shouwang, "20260001")
    opened = opened_ms(case)
    wait_until(lambda: len(steps(shouwang, case, "bureau_duty")) >= 2, "the bureau is called, and called again", 40)
    for role, offset in STEPS_MS.items():
        first = min(steps(shouwang, case, role))
        assert first >= opened + offset, f"{role} {opened + offset - first} ms early"
        assert first < opened + offset + 5000, f"{role} {first - opened - offset} ms late"
    assert len(steps(shouwang, case, "duty_leader")) > 3, "the calls go round"


def test_an_acknowledgement_stops_what_it_covers_and_nothing_else(shouwang):
    case = open_case(shouwang, "20260002")
    opened = opened_ms(case)
    wait_until(lambda: all(steps(shouwang, case, role) for role in ("duty_leader", "psych_teacher", "class_teacher")), "they ring", 15)
    done = max(acknowledge(shouwang, case, role) for role in ("duty_leader", "psych_teacher", "class_teacher"))
    wait_until(lambda: steps(shouwang, case, "bureau_duty"), "the on-scene step still comes", 30)
    assert min(steps(shouwang, case, "bureau_duty")) >= opened + STEPS_MS["bureau_duty"]
    for role in ("duty_leader", "psych_teacher", "class_teacher"):
        late = [at for at in steps(shouwang, case, role) if at > done + 1000]
        assert not late, f"{role} was paged {late[0] - done:.0f} ms after the acknowledgement"
    warned = [notice["cause"] for _, notice in told(shouwang, case) if "/warn" in notice["cause"] or "/breach" in notice["cause"]]
    assert warned or wait_until(lambda: [notice for _, notice in told(shouwang, case) if "/" in notice["cause"]], "a warning still comes", 30)


def test_a_conflict_keeps_back_what_is_queued(shouwang):
    before = open_case(shouwang, "20260003")
    wait_until(lambda: steps(shouwang, before, "guardians") and steps(shouwang, before, "class_teacher"), "both are told", 20)

    assert local.http("POST", shouwang.phone + "/v1/hold")[0] == 200
    case = open_case(shouwang, "20260005")

    def queued():
        return {line["value"]["role"]: line["value"]["person"] for line in shouwang.read_topic("notices.urgent")
                if line["value"]["case_id"] == case["id"]}
    wait_until(lambda: {"guardians", "class_teacher"} <= queued().keys(), "both are queued", 20)
    guardians = {line["value"]["person"] for line in shouwang.read_topic("notices.urgent")
                 if line["value"]["case_id"] == case["id"] and line["value"]["role"] == "guardians"}
    leader = queued()["duty_leader"]
    accused = queued()["class_teacher"]  # from now on the substitute has the role
    for person in {accused, *guardians}:
        shouwang.swctl("conflict", case["id"], person, "--reason", "pupil_fears", "--as", leader, "--role", "duty_leader")
    assert local.http("POST", shouwang.phone + "/v1/release")[0] == 200
    wait_until(lambda: steps(shouwang, case, "duty_leader"), "the duty leader's phone rings", 20)
    wait_until(lambda: steps(shouwang, case, "bureau_duty"), "time goes on", 40)
    reached = {send["person"] for send, _ in told(shouwang, case)}
    assert not reached & guardians, "a guardian in conflict was told"
    assert accused not in reached, "the accused teacher was told"
