"""Two processes of each stateful service; one after the other is killed with -9, an escalator and a notifier are stopped
past their session and woken, while a county's incidents flow in. At the end every accepted event is there once: its
signal, its case, its notices; nothing was early, nothing came from the woken twins.

SW_TAKEOVER_COUNT sets the number of incidents: 1,000 in tests/run, 20,000 in a run of its own
(SW_TAKEOVER_COUNT=20000 tests/e2e/run test_takeover.py -s). Pupils, schools and texts are made up."""
import collections
import csv
import os
import signal
import subprocess
import time

import pytest

import shouwang as whole
from shouwang import ROOT, incident, local, wait_until

COUNT = int(os.environ.get("SW_TAKEOVER_COUNT", "1000"))
SCHOOLS = 72
PARTITIONS = 4  # of deploy/local
TOKEN = "load-only-token"
STATEFUL = ("triage", "escalator", "notifier")
STEP_OFFSETS_MS = {"0": 0, "1": 2000, "2": 3000, "3": 10000}  # short/crisis
SESSION_S = 2  # of the fast profile


@pytest.fixture(scope="module")
def twins(folder):
    """The whole with two processes each of the stateful services, the short pack, and a county as large as the load."""
    running = whole.start(folder, ("kafka", "redis", "keys", "topics"))
    running.start_phone("--quota", "off", "--answer-rate", "0.7", "--answer-after", "500ms")
    subprocess.run([ROOT / "tests/support/make_county", "--schools", str(SCHOOLS), "--pupils", str(COUNT + 100),
                    folder / "county"], check=True)
    running.swctl("import", "directory", *sorted((folder / "county").glob("*.yaml")), timeout=300)
    running.start_pack(ROOT / "config/packs/short", "made-up")
    running.start([*local.SERVICES, *(f"{name}-1" for name in STATEFUL)])
    yield running
    killed = running.stop()
    assert not killed, f"did not end by themselves: {killed}"


class Load:
    """bench-load in the background."""

    def __init__(self, running, folder):
        self.out = folder / "accepted"
        self.child = subprocess.Popen(
            [running.binaries / "bench-load", "--url", running.url("intake", "/v1/events"), "--token", TOKEN, "--pupils",
             folder / "county/pupils.csv", "--count", str(COUNT), "--rate", "500", "--out", self.out],
            stdout=subprocess.PIPE, text=True)

    def finish(self):
        said, _ = self.child.communicate(timeout=600)
        assert self.child.returncode == 0, said
        print(said.strip())
        with open(self.out, encoding="utf-8") as file:
            return {line.split()[0] for line in file}


def values(running, topic):
    return [line["value"] for line in running.read_topic(topic) if line.get("value")]


def probe(running, school, number):
    """Seconds from a new crisis at a school to its first call."""
    before = len(running.sends(answer=200, channel="voice", role="duty_leader"))
    began = time.monotonic()
    running.post(incident("self_harm", school, number, place="on_campus", danger="happening"), token=TOKEN)
    wait_until(lambda: len(running.sends(answer=200, channel="voice", role="duty_leader")) > before, "a call", 60)
    return time.monotonic() - began


def restart(running, service, slot):
    running.launch(service, slot)
    running.wait_ready(service, slot, 60)


def wait_all_taken(running, service, slot):
    """Until the process owns every partition and is ready."""
    wait_until(lambda: running.metric(service, "sw_stream_partitions", slot) == PARTITIONS, "the twin has everything", 60)
    running.wait_ready(service, slot, 60)


def kill_each(running):
    """kill -9 of each process in turn; answers the seconds until its twin had taken everything over."""
    took = {}
    for service in STATEFUL:
        for slot in (0, 1):
            began = time.monotonic()
            running.process(f"{service}-{slot}").kill()
            wait_all_taken(running, service, 1 - slot)
            took[f"{service}-{slot}"] = time.monotonic() - began
            restart(running, service, slot)
    return took


def stop_and_wake(running, service):
    """SIGSTOP past the session and back."""
    running.process(f"{service}-0").signal(signal.SIGSTOP)
    stopped = time.monotonic()
    wait_all_taken(running, service, 1)
    wait_until(lambda: time.monotonic() - stopped > 2 * SESSION_S + 1, "the session is over", 30)
    running.process(f"{service}-0").signal(signal.SIGCONT)
    running.wait_ready(service, 0, 60)


class Seen:
    """What the checks need of the long topics, read along while they grow."""

    def __init__(self, running):
        self.running = running
        self.topics = {topic: running.follow(topic)
                       for topic in ("signals", "cases", "notices.urgent", "notices.bulk", "receipts")}
        self.signals, self.cases, self.notices, self.ended = [], {}, [], set()

    def read(self):
        for line in self.topics["signals"].new():
            self.signals.append((line["value"]["event_id"], line["value"]["id"]))
        for line in self.topics["cases"].new():
            if "/case/" in line["key"]:
                case = line["value"]
                self.cases[case["id"]] = (int(case["opened_at_ms"]), case.get("signals", []))
        for topic in ("notices.urgent", "notices.bulk"):
            for line in self.topics[topic].new():
                self.notices.append(tuple(line["value"].get(name) for name in ("id", "case_id", "cause", "level")))
        for line in self.topics["receipts"].new():
            self.ended.add(line["value"]["notice_id"])

    def end(self):
        for follower in self.topics.values():
            follower.end()


def settle(running, seen, accepted):
    """Waits until every accepted event has its case, then ends the calls that go on until somebody answers (the
    escalators are stopped in order), and waits until of every notice something is known."""
    def lag(service):
        return sum(running.metric(service, "sw_stream_lag_records", slot) for slot in (0, 1))

    def case_count():
        return sum(running.metric("escalator", "sw_escalator_cases", slot) for slot in (0, 1))

    wait_until(lambda: lag("triage") == 0 and lag("escalator") == 0 and case_count() >= len(accepted),
               "every event has its case", 600, 2)
    for slot in (0, 1):
        running.process(f"escalator-{slot}").stop(30)

    def heard():
        seen.read()
        return lag("notifier") == 0 and not {id_ for id_, *_ in seen.notices} - seen.ended
    wait_until(heard, "of every notice something is known", 600, 3)


def check_once(name, keys):
    repeated = [key for key, times in collections.Counter(keys).items() if times > 1]
    assert not repeated, f"{len(repeated)} {name} more than once, {repeated[:3]}"


def check_events(seen, accepted):
    signals = [(event, id_) for event, id_ in seen.signals if event in accepted]
    missing = accepted - {event for event, _ in signals}
    assert not missing, f"{len(missing)} events without a signal, {sorted(missing)[:3]}"
    check_once("signals", [id_ for _, id_ in signals])
    merged = collections.Counter(id_ for _, merged in seen.cases.values() for id_ in merged)
    lost = [id_ for _, id_ in signals if merged[id_] != 1]
    assert not lost, f"{len(lost)} signals not in exactly one case"
    print(f"events {len(accepted)} signals {len(signals)} cases {len(seen.cases)}")


def check_notices(running, seen):
    check_once("notices", [id_ for id_, *_ in seen.notices])
    by_id = {id_: (case, cause, level) for id_, case, cause, level in seen.notices}
    sends = running.sends(answer=200)
    rang = [send for send in sends if not send.get("repeat")]
    check_once("messages on a phone", [send["notice_id"] for send in rang])
    again = len(sends) - len(rang)
    declared = sum(running.metric("notifier", "sw_notifier_sent_again_total", slot) for slot in (0, 1))
    early = [send for send in rang if early_by(send, *by_id[send["notice_id"]], seen.cases) > 0]
    assert not early, f"{len(early)} messages before their time"
    unheard = by_id.keys() - seen.ended
    assert not unheard, f"{len(unheard)} notices of which nothing became known"
    print(f"notices {len(seen.notices)} rang {len(rang)} handed over again {again} (counted {declared:.0f})")


def early_by(send, case, cause, level, cases):
    """Milliseconds by which a step's message came before its offset; 0 when it did not."""
    offset = STEP_OFFSETS_MS.get(cause)
    if case not in cases or offset is None or level != "crisis":
        return 0
    return max(0, cases[case][0] + offset - send["at"])


def test_an_acknowledgement_in_the_log_beats_the_overdue_step(twins, folder):
    """Written while no escalator runs; the principal's step (3 s) falls due meanwhile."""
    with open(folder / "county/pupils.csv", encoding="utf-8") as file:
        school, number = list(csv.reader(file))[-1]
    known = {case["id"] for case in twins.cases()}
    twins.post(incident("self_harm", school, number, place="on_campus", danger="happening"), token=TOKEN)
    case = twins.wait_case("a new case", lambda case: case["id"] not in known)["id"]
    for slot in (0, 1):
        twins.process(f"escalator-{slot}").kill()
    for role in ("duty_leader", "psych_teacher", "class_teacher"):
        person = twins.sends(answer=200, role=role, channel="voice")[-1]["person"]
        twins.swctl("ack", case, "--as", person, "--role", role, check=False)
    fell_due = time.monotonic() + 4
    wait_until(lambda: time.monotonic() > fell_due, "the step is due", 10)
    restart(twins, "escalator", 0)
    restart(twins, "escalator", 1)
    wait_until(lambda: any(line["value"].get("what") == "acked" and line["value"].get("case_id") == case
                           for line in twins.read_topic("journal")), "the acknowledgement is applied", 30)
    told = [value for value in values(twins, "notices.urgent") if value["case_id"] == case and value["cause"] == "2"]
    assert not told, "the principal was called although it had been acknowledged"


def test_nothing_is_lost_repeated_or_early(twins, folder):
    load = Load(twins, folder)
    seen = Seen(twins)
    took = kill_each(twins)
    for service in ("escalator", "notifier"):
        stop_and_wake(twins, service)
    accepted = load.finish()
    assert len(accepted) == COUNT
    settle(twins, seen, accepted)
    seen.end()
    check_events(seen, accepted)
    check_notices(twins, seen)
    print("taken over after kill -9, s:", {name: round(seconds, 1) for name, seconds in took.items()})
