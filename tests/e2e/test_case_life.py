"""How a case ends, in real time by the short policy: a false alarm, a close when nothing is owed any more, and a second
incident while it is watched over. Pupils, teachers and texts are made up."""
import pytest

import shouwang as whole
from shouwang import ROOT, incident, wait_until

FIRST, PRINCIPAL = "0", "2"  # steps of short/crisis, as causes of notices


@pytest.fixture(scope="module")
def crisis(folder):
    running = whole.start(folder, pack=ROOT / "config/packs/short")
    yield running
    killed = running.stop()
    assert not killed, f"did not end by themselves: {killed}"


def open_case(running, pupil):
    known = {case["id"] for case in running.cases()}
    running.post(incident("self_harm", affected=pupil, danger="happening", place="on_campus"))
    return running.wait_case("a new crisis", lambda case: case["level"] == "crisis" and case["id"] not in known, 30)


def notices(running, case):
    """Of the case, oldest first."""
    values = [line["value"] for topic in ("notices.urgent", "notices.bulk") for line in running.read_topic(topic)]
    return [value for value in values if value["case_id"] == case["id"]]


def sends(running, case, **wanted):
    """What the phones accepted of the case, each with its notice."""
    by_id = {notice["id"]: notice for notice in notices(running, case)}
    return [{**send, "notice": by_id[send["notice_id"]]} for send in running.sends(answer=200, **wanted)
            if send["notice_id"] in by_id]


def of_cause(found, cause):
    return [send for send in found if send["notice"]["cause"] == cause]


def wait_sends(running, case, cause, count=1, seconds=40, **wanted):
    return wait_until(lambda: (lambda found: found if len(found) >= count else None)(
        of_cause(sends(running, case, **wanted), cause)), f"{count} of {cause} with {wanted}", seconds, 1)


def command(running, *words, who="yz-leader", role="duty_leader"):
    done = running.swctl("--json", *words, "--as", who, "--role", role, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout} {done.stderr}"


def test_a_false_alarm_is_told_to_everyone_told(crisis):
    case = open_case(crisis, "20260005")
    wait_sends(crisis, case, PRINCIPAL, role="principal")
    told = {send["person"] for send in sends(crisis, case)}
    command(crisis, "stand-down", case["id"], "--reason", "mistaken")
    wait_until(lambda: told <= {send["person"] for send in of_cause(sends(crisis, case), "stood_down")},
               "everyone told is told", 30, 1)
    command(crisis, "stand-down", case["id"], "--confirm", who="yz-principal", role="principal")
    assert crisis.wait_case("stood down", lambda one: one["id"] == case["id"])["state"] == "stood_down"


def test_it_closes_when_all_is_met_and_a_second_incident_rings_again(crisis):
    case = open_case(crisis, "20260006")
    wait_sends(crisis, case, FIRST, role="duty_leader", channel="voice")
    command(crisis, "ack", case["id"], who="yz-principal", role="principal")
    done = (("emergency_call", "--evidence", "caller=made up", "--evidence", "call=120"), ("on_scene",),
            ("guardian_contact", "--evidence", "attempts=made up"), ("phone_report",), ("written_report",))
    for words in done:
        refused = crisis.swctl("close", case["id"], "true", "--as", "yz-principal", "--role", "principal", check=False)
        assert refused.returncode == 1, "closed while something was owed"
        command(crisis, "met", case["id"], *words)
    command(crisis, "settle", case["id"])
    command(crisis, "met", case["id"], "final_report", who="yz-principal", role="principal")
    before = len(of_cause(sends(crisis, case, role="duty_leader", channel="voice"), FIRST))
    crisis.post(incident("self_harm", affected="20260006", danger="happening", place="on_campus"))
    wait_sends(crisis, case, FIRST, count=before + 1, role="duty_leader", channel="voice")
    assert crisis.wait_case("it is open", lambda one: one["id"] == case["id"])["state"] == "open"
