"""What triage's windows hold outlives it: while the same events flow in once more, two processes are killed with -9 in turn and
take over from each other, and every signal is, to the byte of each value, the one of the run that nobody disturbed; so are
the windows in the changelog at the end. Every operator, in every scope, the county's among them.

The records of the second run are those of the first, copied from topic to topic. All pupils are made up."""
import datetime
import itertools
import pathlib
import random
import re
import shutil
import threading

import pytest
from confluent_kafka import Producer

import shouwang as whole
from shouwang import UNIT, cloud_event, wait_until

SAMPLE = pathlib.Path(whole.ROOT / "config/sample" / f"{UNIT}.yaml").read_text()
PUPILS = re.findall(r"numbers: \[\"?(\d+)", SAMPLE)[:10]
EVENTS, DAYS, RATE, PARTITIONS, SEED = 600, 12, 60, 4, 5
KILLS = 4  # at least
LATE = 0.2  # so many come behind later ones

NUMBERS = "sum: \"sum(event.absent_share, 5d)\", max: max(event.absent_share), min: min(event.absent_share), last: last(event.absent_share)"
RULES = "features:\n" + "".join(f"""
  - id: of_{scope}
    from: attendance
    where: event.kind == "absent"
    scope: {scope}
    window: {window}
    lateness: 14d
    ops: {{count: count(), values: distinct({value})}}
  - {{id: streak_of_{scope}, from: attendance, where: "true", scope: {scope}, window: 40d, lateness: 14d, ops: {{days: streak()}}}}
  - id: numbers_of_{scope}
    from: attendance
    where: event.kind == "absent"
    scope: {scope}
    window: {window}
    lateness: 14d
    ops: {{{NUMBERS}}}
""" for scope, window, value in (("student", "8d", "event.session"), ("class", "5d", "event.subject"), ("grade", "3d", "event.subject"),
                                 ("school", "36h", "event.subject"), ("county", "4d", "event.session"))) + "rules:\n" + "".join(f"""
  - id: all_of_{scope}
    on: attendance.absent
    about: {about}
    when: {" && ".join(f"features.{term}" for term in (
        f"of_{scope}.count >= 1", f"of_{scope}.values >= 0", f"streak_of_{scope}.days >= 0", *(
            f"numbers_of_{scope}.{op} >= 0.0" for op in ("sum", "max", "min", "last"))))}
    then: {{level: attention, layer: {layer}, kind: {kind}}}
""" for scope, about, layer, kind in (("student", "subject", "class", "absent"), ("class", "class", "class", "absence_cluster"),
                                      ("grade", "grade", "grade", "absence_cluster"), ("school", "school", "school", "absence_cluster"),
                                      ("county", "county", "county", "absence_cluster")))


def make_pack(folder):
    pack = folder / "pack"
    shutil.copytree(whole.Shouwang.pack, pack)
    shutil.rmtree(pack / "rules")
    shutil.rmtree(pack / "examples")
    (pack / "rules").mkdir()
    (pack / "rules/state.yaml").write_text(RULES, encoding="utf-8")
    return pack


@pytest.fixture(scope="module")
def runs(folder):
    """The one that is let alone, with intake and one triage; and one with two processes of triage, on the same keys."""
    pack = make_pack(folder)
    calm = whole.start(folder / "calm", ("kafka", "keys", "topics", "intake", "triage", "directory", "pack"), pack=pack)
    shutil.copytree(folder / "calm/keys", folder / "killed/keys")
    killed = whole.start(folder / "killed", ("keys", "topics", "triage", "triage-1", "directory", "pack"), pack=pack,
                         bootstrap_servers=calm.settings["bootstrap_servers"])
    yield calm, killed
    left = killed.stop() + calm.stop()
    assert not left, f"did not end by themselves: {left}"


def absences():
    """Of as many days as any window still takes, most in the order of their time."""
    dice = random.Random(SEED)
    now = datetime.datetime.now(datetime.timezone.utc)
    times = sorted(dice.random() * DAYS for _ in range(EVENTS))
    places = sorted(range(EVENTS), key=lambda i: i + (dice.randrange(200) if dice.random() < LATE else 0))
    for i in places:
        at = (now - datetime.timedelta(days=DAYS - times[i])).isoformat(timespec="milliseconds")
        yield cloud_event("shouwang.attendance.absent", {
            "unit": UNIT, "parties": [{"identifier": dice.choice(PUPILS), "role": "affected"}], "state": "absent_unexplained",
            "occurred_at": at, "session": dice.choice(("am", "pm", "night")), "absent_share": dice.randrange(1, 10000)},
            source="/test/gate")


def wait_all_judged(running, slots):
    """Until the events, and the facts that they made for the county, are judged."""
    def lag():
        return sum(running.metric("triage", "sw_stream_lag_records", slot) for slot in slots)
    wait_until(lambda: len({record["value"]["event_id"] for record in running.read_topic("signals")
                            if record["value"]["subject"] == "qinghe"}) == EVENTS and lag() == 0, "all is judged", 120, 1)


class Copying:
    """The events of one run, at a steady rate, into the other."""

    def __init__(self, records, running):
        self.records, self.running = records, running
        self.done = 0
        self.clock = threading.Event()
        self.thread = threading.Thread(target=self.go_on)
        self.thread.start()

    def go_on(self):
        producer = Producer({"bootstrap.servers": self.running.settings["bootstrap_servers"], "acks": "all"})
        name = self.running.topic_name("events.attendance")
        for record in self.records:
            producer.produce(name, key=record.key(), value=record.value(), headers=record.headers(), partition=record.partition())
            producer.flush(20)
            self.done += 1
            self.clock.wait(1 / RATE)

    def goes_on(self):
        return self.thread.is_alive()


def kill(running, slot):
    """kill -9; the other one takes over; the killed one comes back."""
    running.process(f"triage-{slot}").kill()
    wait_until(lambda: running.metric("triage", "sw_stream_partitions", 1 - slot) == PARTITIONS, "the twin has everything", 60)
    running.launch("triage", slot)
    running.wait_ready("triage", slot, 60)


def signals(running):
    """Of each unit, as they were written."""
    found = {}
    for record in running.read_topic("signals"):
        found.setdefault(record["key"], []).append(record["value"])
    return found


def windows(running):
    """The newest record of every window in the changelog."""
    return {record.key(): record.value() for record in running.read_messages("state.triage") if b"/window/" in record.key()}


def test_kills_and_take_overs_change_no_signal(runs):
    calm, killed = runs
    events = list(absences())
    for at in range(0, EVENTS, 50):
        calm.post(events[at:at + 50])
    wait_all_judged(calm, (0,))
    copying = Copying(calm.read_messages("events.attendance"), killed)
    kills = 0
    for slot in itertools.cycle((0, 1)):
        if not copying.goes_on():
            break
        kill(killed, slot)
        kills += 1
    assert kills >= KILLS, "the flow was over too soon"
    wait_all_judged(killed, (0, 1))
    wanted, given = signals(calm), signals(killed)
    assert wanted.keys() == given.keys() == {UNIT, "qinghe"}
    for unit, ones in wanted.items():
        assert len(given[unit]) == len(ones)
        for one, other in zip(ones, given[unit]):
            assert one == other
    assert {len(why["values"]) for ones in wanted.values() for one in ones for why in one["why"]} == {7}, "every operator shows"
    assert windows(calm) == windows(killed)
    print(f"{EVENTS} events, {sum(map(len, wanted.values()))} signals, {len(windows(calm))} windows, {kills} kills")
