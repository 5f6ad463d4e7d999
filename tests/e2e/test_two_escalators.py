"""Two escalators own 16 partitions of open cases, each with a step and a duty that fall due. One is killed with -9 in the middle
of the steps and does not come back: the other takes over, and every step and every duty has fired once, none early.

SW_CASES_COUNT sets the number of cases: 400 in tests/run; 100,000 in a run of its own, which takes a quarter of an hour
(SW_CASES_COUNT=100000 tests/e2e/run test_two_escalators.py -s). Printed: how long the take-over took, and how late steps were,
from their deadline to the step, to the broker and to the commit. Pupils and schools are made up."""
import collections
import hashlib
import os
import re
import resource
import shutil
import subprocess
import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

import foreign
import shouwang as whole
from shouwang import ROOT, wait_until

COUNT = int(os.environ.get("SW_CASES_COUNT", "400"))
RATE = min(1000, COUNT / 2)  # cases opened a second
SPREAD_S = COUNT / RATE
STEP_S = int(9 + 1.4 * SPREAD_S)  # after the opening; all are open by then
DUTY_S = int(STEP_S + 1.2 * SPREAD_S + 7)  # all steps have fired by then, those of the dead process too
SCHOOLS, PARTITIONS = 72, 16
BOUND_S = 120
MARGIN_MS = 1000  # of a deadline's kind: below it nothing waited for the take-over

POLICY = """
policies:
  - id: two/high
    match: {{level: high, kind: [threat], subject: student, place: on_campus}}
    steps:
      - {{at: 0s, notify: [psych_teacher], via: [sms]}}
      - {{at: {step}s, notify: [class_teacher], via: [sms]}}
    obligations:
      - {{id: contact, within: {duty}s, anchor: opened, owner: duty_leader, breach: {{notify: [principal], via: [sms]}}}}
"""
# The causes of a case's notices: when after its opening each is due, and how many it concerns.
DUE_S = {"0": 0, "1": STEP_S, "contact/breach": DUTY_S}
TOLD = {"0": 1, "1": 1, "contact/breach": 2}


@pytest.fixture(scope="module")
def twins(folder):
    running = whole.start(folder, ("kafka", "keys"))
    running.start_topics(PARTITIONS)
    county = folder / "county"
    subprocess.run([ROOT / "tests/support/make_county", "--schools", str(SCHOOLS), "--pupils", str(SCHOOLS), county], check=True)
    running.swctl("import", "directory", *sorted(county.glob("*.yaml")), timeout=120)
    pack = folder / "pack"
    shutil.copytree(ROOT / "config/packs/reference", pack)
    (pack / "policies/two.yaml").write_text(POLICY.format(step=STEP_S, duty=DUTY_S), encoding="utf-8")
    running.start_pack(pack)
    for slot in (0, 1):
        running.launch("escalator", slot)
    for slot in (0, 1):
        running.wait_ready("escalator", slot, BOUND_S)
    wait_until(lambda: [live_partitions(running, slot) for slot in (0, 1)] == [8, 8], "each has half", BOUND_S)
    yield running
    killed = running.stop()
    assert not killed, f"did not end by themselves: {killed}"


def live_partitions(running, slot):
    text = running.admin("escalator", "/metrics", slot)[1]
    found = re.search(r'^sw_stream_partitions\{phase="live"\} (\d+)', text, flags=re.M)
    return int(found[1]) if found else 0


def open_cases(running, records):
    """COUNT signals, each of a pupil of its own, as triage would write them."""
    producer = Producer({"bootstrap.servers": running.settings["bootstrap_servers"], "linger.ms": 20})
    topic = running.topic_name("signals")
    began = time.monotonic()
    for number in range(COUNT):
        unit = f"zaihe-{number % SCHOOLS + 1:02d}"
        now_ms = int(time.time() * 1000)
        signal = records.Signal(
            id=hashlib.sha256(b"%d" % number).digest()[:16], unit=unit, event_source="/made-up/two", event_id=str(number),
            kind="threat", event_kind="incident.threat", subject=f"p-made-up-{number:07d}", subject_kind=1, level=4, layer=4,
            rule="two", pack=bytes(32), opens_episode=True, place=1, danger=4, injury=4, occurred_at_ms=now_ms,
            discovered_at_ms=now_ms, reported_at_ms=now_ms, group="c0")
        producer.produce(topic, key=unit, partition=foreign.partition_of(unit, PARTITIONS), value=signal.SerializeToString())
        while (ahead_s := number / RATE - (time.monotonic() - began)) > 0.01:
            producer.poll(ahead_s)
    assert producer.flush(60) == 0
    return began


def read_committed(running, topic):
    """(partition, ms at the broker, bytes) of every record that was committed."""
    consumer = Consumer({"bootstrap.servers": running.settings["bootstrap_servers"], "group.id": "two", "isolation.level": "read_committed",
                         "enable.auto.commit": False, "enable.partition.eof": True})
    name = running.topic_name(topic)
    consumer.assign([TopicPartition(name, partition, 0) for partition in range(PARTITIONS)])
    ended = set()
    while len(ended) < PARTITIONS:
        for message in consumer.consume(10000, 1):
            if message.error() is None:
                yield message.partition(), message.timestamp()[1], message.value()
            else:
                ended.add(message.partition())
    consumer.close()


def children_cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def parts_of(values):
    values = sorted(values)
    at = {name: values[int(part * (len(values) - 1))] for name, part in (("p50", .5), ("p99", .99), ("p99.9", .999), ("max", 1))}
    return " ".join(f"{name} {value:.0f} ms" for name, value in at.items())


def histogram(running, slot, name):
    """{upper bound in ms: how many so far} of a histogram in seconds."""
    text = running.admin("escalator", "/metrics", slot)[1]
    return {float(bound) * 1000: int(count) for bound, count in re.findall(rf'^{name}_bucket{{le="([^"]+)"}} (\d+)', text, flags=re.M)}


def within(buckets, before):
    """At most how late half and 99 of 100 were, of what a histogram got since `before`."""
    grown = {bound: count - before.get(bound, 0) for bound, count in buckets.items()}
    total = max(grown.values(), default=0)
    return " ".join(f"{name} <= {min((bound for bound, count in grown.items() if count >= part * total), default=0):.0f} ms"
                    for name, part in (("p50", .5), ("p99", .99))) + f" of {total}"


LATENESS = {"deadline to step": "sw_stream_timer_lateness_seconds", "deadline to committed": "sw_stream_timer_committed_seconds"}


def measure(running, slot=1):
    return {what: histogram(running, slot, name) for what, name in LATENESS.items()}


def take_over(running):
    """Kills the first; answers the ms of its death and how many seconds until the other has everything, live."""
    died_ms, began = time.time() * 1000, time.monotonic()
    running.process("escalator-0").kill()
    wait_until(lambda: live_partitions(running, 1) == PARTITIONS, "the other has everything", BOUND_S)
    return died_ms, time.monotonic() - began


def read_notices(running, records):
    """By case and cause: [(partition, ms at the broker, notice)]."""
    found = collections.defaultdict(list)
    for topic in ("notices.urgent", "notices.bulk"):
        for partition, at_ms, value in read_committed(running, topic):
            notice = records.Notice.FromString(value)
            found[notice.case_id, notice.cause].append((partition, at_ms, notice))
    return found


def check_once(found):
    cases = {case for case, _ in found}
    assert len(cases) == COUNT
    wrong = [(case.hex(), cause, len(found[case, cause])) for case in cases for cause in DUE_S
             if not len(found[case, cause]) == len({notice.person for *_, notice in found[case, cause]}) == TOLD[cause]]
    assert not wrong, f"{len(wrong)} steps or duties that did not fire once, {wrong[:3]}"
    assert found.keys() == {(case, cause) for case in cases for cause in DUE_S}


def lateness_of(found, cause):
    """(partition, ms at the broker, how late in ms) of what is due at that time after its case opened."""
    opened = {case: notices[0][2].created_at_ms for (case, due), notices in found.items() if due == "0"}
    late = [(partition, at_ms, at_ms - opened[case] - DUE_S[cause] * 1000)
            for (case, due), notices in found.items() if due == cause for partition, at_ms, _ in notices]
    assert min(row[2] for row in late) >= 0, "something was early"
    return late


def test_every_step_and_duty_fires_once_though_one_dies(twins, folder):
    signals, notices = foreign.compile_records(folder, "signal", "notice")
    began = open_cases(twins, signals)
    opened_s = time.monotonic() - began
    wait_until(lambda: sum(twins.metric("escalator", "sw_escalator_cases", slot) for slot in (0, 1)) == COUNT, "all are open",
               SPREAD_S + BOUND_S, 0.5)
    print(f"\n{COUNT} cases written in {opened_s:.1f} s, all open after {time.monotonic() - began:.1f} s")
    assert time.monotonic() < began + STEP_S, "opening took so long that steps are due already: this machine is too busy"
    middle = began + STEP_S + SPREAD_S / 2
    wait_until(lambda: time.monotonic() >= middle, "the middle of the steps", STEP_S + SPREAD_S + 10)
    undisturbed = measure(twins)
    for what, buckets in undisturbed.items():
        print(f"before: {what} {within(buckets, {})}")
    died_ms, took_s = take_over(twins)
    wait_until(lambda: time.monotonic() >= began + DUTY_S - 1, "the duties are due", DUTY_S + 10)
    taken = measure(twins)
    for what, buckets in taken.items():
        print(f"over the take-over: {what} {within(buckets, undisturbed[what])}")
    wait_until(lambda: twins.metric("escalator", "sw_escalator_notices_total", 1) > 0 and
               time.monotonic() >= began + opened_s + DUTY_S + 3, "all duties have been due", DUTY_S + BOUND_S)
    for what, buckets in measure(twins).items():
        print(f"after, one process: {what} {within(buckets, taken[what])}")
    twins.process("escalator-1").stop(30)  # in order: what was stepped is committed
    found = read_notices(twins, notices)
    check_once(found)
    steps = lateness_of(found, "1")
    waited = [row for row in steps if row[2] > MARGIN_MS and row[1] > died_ms]
    print("deadline to the broker: steps", parts_of([late for _, at_ms, late in steps if at_ms < died_ms]), "before the death;",
          "duties", parts_of([late for _, _, late in lateness_of(found, "contact/breach")]), "after it")
    print(f"take-over: live again after {took_s:.1f} s; {len(waited)} steps waited for it, the last was written "
          f"{max((at_ms for _, at_ms, _ in waited), default=died_ms) / 1000 - died_ms / 1000:.1f} s after the death, at most "
          f"{max((late for _, _, late in waited), default=0) / 1000:.1f} s late")
    lines = collections.Counter()
    for what in re.findall(r"ce_type=shouwang\.journal\.(\w+)", twins.kcat("journal", "-f", "%h\n")):
        lines[what] += 1
    assert (lines["case_opened"], lines["step_fired"], lines["obligation_breached"]) == (COUNT, 2 * COUNT, COUNT), lines
    began, began_cpu = time.monotonic(), children_cpu_s()
    verified = twins.swctl("journal", "verify", timeout=600).stdout
    took_s, cpu_s = time.monotonic() - began, children_cpu_s() - began_cpu
    assert "BROKEN" not in verified
    print(f"journal: {sum(lines.values())} lines verified in {took_s:.2f} s and {cpu_s:.2f} s of CPU time: "
          f"{sum(lines.values()) / took_s:.0f} and {sum(lines.values()) / cpu_s:.0f} a second")
