"""Every process of Shouwang is killed with -9 in turn, an escalator and a notifier are stopped past their session and woken,
while a county's screening, attendance and incidents flow in, mixed. At the end every accepted event led to what it must
(tests/e2e/mixed.py, from its own content), once: its signals, their cases, the notices to whom it concerns, a board and a live
wire that say the same; nothing was early, nothing came from the woken twins.

SW_TAKEOVER_COUNT sets the number of events: 1,000 in tests/run, where each process dies once; 100,000 in a run of its own
(SW_TAKEOVER_COUNT=100000 tests/e2e/run test_takeover.py -s), where they die in turn until all have come. Pupils, schools and
texts are made up."""
import collections
import concurrent.futures
import csv
import faulthandler
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse

import mixed
import pytest

import shouwang as whole
from shouwang import ROOT, Follower, incident, local, wait_until

COUNT = int(os.environ.get("SW_TAKEOVER_COUNT", "1000"))
ROUND_S = 15  # about what it takes each process to die once
RATE = min(400, COUNT / ROUND_S)  # a second
ROUNDS = max(1, round(COUNT / RATE / ROUND_S))
SCHOOLS, SPARE = 72, 10
PARTITIONS = 4  # of deploy/local
TOKEN, PASSWORD = "load-only-token", "load-only-bureau"
STATEFUL = ("triage", "escalator", "notifier")
STATELESS = ("intake", "relay", "console")
SESSION_S = 2  # of the fast profile
BOUND_S = 180  # a large county takes its time to read
SEED = 20260901
SINGLE = "single"  # id of the event of a test of its own
FIRST = "0"  # cause of the first step's notices


def make_pack(folder):
    """The short policies, and the rules by which mixed.py judges."""
    pack = folder / "pack"
    shutil.copytree(ROOT / "config/packs/reference", pack)
    shutil.copytree(ROOT / "config/packs/short/policies", pack / "policies", dirs_exist_ok=True)
    shutil.rmtree(pack / "rules")
    (pack / "rules").mkdir()
    (pack / "rules/mixed.yaml").write_text(mixed.RULES, encoding="utf-8")
    return pack


@pytest.fixture(scope="module")
def twins(folder):
    """The whole with two processes each of the stateful services, the short pack, and a county as large as the load."""
    running = whole.start(folder, ("kafka", "redis", "keys", "topics"))
    running.start_phone("--quota", "off", "--answer-rate", "0.7", "--answer-after", "500ms")
    county = folder / "county"
    subprocess.run([ROOT / "tests/support/make_county", "--schools", str(SCHOOLS), "--pupils",
                    str(max(mixed.pupils_for(COUNT), 40 * SCHOOLS) + SPARE), county], check=True)
    with open(county / "county.yaml", "a", encoding="utf-8") as file:
        file.write(f"users:\n  - {{login: bureau, person: B0, unit: zaihe, password: {PASSWORD}}}\n")
    running.swctl("import", "directory", *sorted(county.glob("*.yaml")), timeout=600)
    running.start_pack(make_pack(folder), "made-up")
    with open(running.settings["wire_clients"], "a", encoding="ascii") as file:
        print("province", running.swctl("keys", "curve", folder / "province.key").stdout.strip(), "alerts.zaihe.", file=file)
    processes = [(name, 0) for name in local.SERVICES] + [(name, 1) for name in STATEFUL]
    for service, slot in processes:
        running.launch(service, slot)
    for service, slot in processes:
        running.wait_ready(service, slot, BOUND_S)
    yield running
    killed = running.stop()
    assert not killed, f"did not end by themselves: {killed}"


@pytest.fixture(scope="module")
def pupils(folder):
    """(unit, number) of each, schools and classes mixed; those at the end are for single tests."""
    with open(folder / "county/pupils.csv", encoding="utf-8") as file:
        found = [tuple(row) for row in csv.reader(file)]
    random.Random(SEED).shuffle(found)
    return found


class Load:
    """The mixed events, posted by bench-load in the background: without an answer, or with 503, the same is posted again."""

    def __init__(self, running, folder, events):
        self.out = folder / "accepted"
        self.lines = mixed.write(folder / "events", events, SEED)
        self.child = subprocess.Popen(
            [running.binaries / "bench-load", "--url", running.url("intake", "/v1/events"), "--token", TOKEN, "--events",
             folder / "events", "--count", str(self.lines), "--rate", str(RATE), "--out", self.out],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def goes_on(self):
        return self.child.poll() is None

    def finish(self):
        """When each event was posted first, by its id; all of them were accepted."""
        said, _ = self.child.communicate(timeout=120 + 3 * COUNT / RATE)
        assert self.child.returncode == 0, said
        with open(self.out, encoding="utf-8") as file:
            answered = [line.split() for line in file]
        again = sum(int(tries) > 1 for *_, tries, _, _ in answered)
        print(said.strip(), "posted again", again)
        assert again > 0 or COUNT < 20000, "no intake was killed while events flowed"
        assert len(answered) == self.lines
        posted = {}
        for id_, *_, at, _ in answered:
            posted[id_] = min(int(at), posted.get(id_, int(at)))
        return posted


class Presses:
    """Somebody of the bureau who acknowledges at the board whatever is on top of it, and presses again until told what
    became of it."""

    def __init__(self, running):
        self.running = running
        self.outcomes = {}  # by case
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.go_on)
        self.thread.start()

    def go_on(self):
        while not self.ended.wait(0.2):
            board = self.running.board("bureau", PASSWORD) or {"cases": []}
            new = next((case for case in board["cases"] if case["id"] not in self.outcomes), None)
            if new is not None:
                self.press(new["id"], new["unit"])

    def press(self, case, unit):
        form = urllib.parse.urlencode({"unit": unit}).encode()
        headers = {"Cookie": self.running.cookies["bureau"], "X-Requested-With": "test",
                   "Content-Type": "application/x-www-form-urlencoded"}
        url = self.running.url("console", f"/api/cases/{case}/acknowledge")
        while not self.ended.is_set():
            status, answer = local.http("POST", url, form, headers)
            if status == 200 and b"unavailable" not in answer:
                self.outcomes[case] = answer
                return
            self.ended.wait(0.1)

    def finish(self):
        self.ended.set()
        self.thread.join()
        return set(self.outcomes)


class Province:
    """An integrator on the live wire, from the first event on (swctl subscribe)."""

    def __init__(self, running, folder):
        self.running, self.folder = running, folder
        self.child = subprocess.Popen(self.words(), stdout=open(folder / "wire.jsonl", "wb"), stderr=subprocess.DEVNULL,
                                      env={**os.environ, **running.environment()})

    def words(self, *more):
        settings = self.running.settings
        return [self.running.binaries / "swctl", "subscribe", "--server", settings["wire_publish"], "--ask", settings["wire_ask"],
                "--server-key", settings["wire_public_key"], "--key", self.folder / "province.key", "--since", self.folder / "wire.state",
                *more]

    def finish(self):
        """The sequences of all that came, what it had missed at last included."""
        self.child.terminate()
        self.child.wait(20)
        rest = self.running.swctl(*self.words("--to-end")[1:], timeout=120)
        text = (self.folder / "wire.jsonl").read_text(encoding="utf-8") + rest.stdout
        return [json.loads(line)["sequence"] for line in text.splitlines()]


# --- who dies


def wait_all_taken(running, service, slot):
    """Until the process owns every partition and is ready."""
    wait_until(lambda: running.metric(service, "sw_stream_partitions", slot) == PARTITIONS, "the twin has everything", BOUND_S)
    running.wait_ready(service, slot, BOUND_S)


def kill(running, service, slot=0):
    """kill -9, and a new start; answers the seconds until its work went on, by its twin or, of what has none, by itself."""
    began = time.monotonic()
    running.process(f"{service}-{slot}").kill()
    if service in STATEFUL:
        wait_all_taken(running, service, 1 - slot)
    took = time.monotonic() - began
    running.launch(service, slot)
    if service in STATEFUL:
        return took
    running.wait_ready(service, slot, BOUND_S)
    return time.monotonic() - began


class Stopped:
    """Slot 0 of two services is stopped, and woken once its session is over and its twin has everything."""
    services = ("escalator", "notifier")

    def __init__(self, running):
        self.running = running
        for service in self.services:
            running.process(f"{service}-0").signal(signal.SIGSTOP)
        self.since = time.monotonic()

    def wake(self):
        for service in self.services:
            wait_all_taken(self.running, service, 1)
        wait_until(lambda: time.monotonic() - self.since > 2 * SESSION_S + 1, "the session is over", 30)
        for service in self.services:
            self.running.process(f"{service}-0").signal(signal.SIGCONT)


def kill_each(running, load):
    """Each in turn, as long as events come; answers the seconds that each death cost."""
    took = collections.defaultdict(list)
    for number in range(ROUNDS):
        if number > 0 and not load.goes_on():
            break
        slot = number % 2
        for service in STATEFUL:
            took[service].append(kill(running, service, slot))
        for service in STATEFUL:
            running.wait_ready(service, slot, BOUND_S)
        stopped = Stopped(running)
        for service in STATELESS:
            took[service].append(kill(running, service))
        stopped.wake()
        for service in stopped.services:
            running.wait_ready(service, 0, BOUND_S)
    return took


# --- what was seen


class Seen:
    """What the checks need of the long topics, read along while they grow."""

    def __init__(self, running):
        self.topics = {topic: running.follow(topic)
                       for topic in ("signals", "cases", "notices.urgent", "notices.bulk", "receipts")}
        self.signals, self.cases, self.notices = {}, {}, {}
        self.repeated = []  # ids that were written twice
        self.ended, self.sent_again = set(), set()

    def read(self):
        for line in self.topics["signals"].new():
            self.once(self.signals, line["value"])
        for line in self.topics["cases"].new():
            if "/case/" in line["key"]:
                self.cases[line["value"]["id"]] = line["value"]
        for topic in ("notices.urgent", "notices.bulk"):
            for line in self.topics[topic].new():
                self.once(self.notices, line["value"])
        for line in self.topics["receipts"].new():
            self.ended.add(line["value"]["notice_id"])
            if line["value"].get("sent_again"):
                self.sent_again.add(line["value"]["notice_id"])

    def once(self, found, value):
        if value["id"] in found:
            self.repeated.append(value["id"])
        found[value["id"]] = value

    def end(self):
        for follower in self.topics.values():
            follower.end()


def settle(running, seen, events):
    """Waits until of every event all that must come of it has come, then ends the calls that go on until somebody answers (the
    escalators are stopped in order), and waits until of every notice something is known."""
    def lag(service):
        return sum(running.metric(service, "sw_stream_lag_records", slot) for slot in (0, 1))

    signals = sum(len(event.musts) for event in events)
    merged = sum(not must.only_on_file for event in events for must in event.musts)

    def judged():
        seen.read()
        return lag("triage") == 0 and len(seen.signals) >= signals and \
            sum(len(case.get("signals", [])) for case in seen.cases.values()) >= merged
    wait_until(judged, "every event is judged", 600, 1)
    for slot in (0, 1):
        running.process(f"escalator-{slot}").stop(30)

    def heard():
        seen.read()
        return lag("notifier") == 0 and not seen.notices.keys() - seen.ended
    wait_until(heard, "of every notice something is known", 600, 1)


def few(items):
    items = sorted(map(str, items))
    return f"{len(items)}: {items[:3]}"


def check_signals(seen, events):
    """Of each event the signals that it must give, and no other; each in one case, but those that need a file in none."""
    given = collections.defaultdict(list)
    for signal_ in seen.signals.values():
        given[signal_["event_id"]].append(mixed.Must(signal_["kind"], signal_["level"], signal_.get("only_on_file", False)))
    wrong = [(event.id, event.type, sorted(event.musts), sorted(given[event.id])) for event in events
             if sorted(event.musts) != sorted(given[event.id])]
    assert not wrong, f"events with other signals than they must give, {few(wrong)}"
    unknown = given.keys() - {event.id for event in events} - {SINGLE}
    assert not unknown, f"signals of no event, {few(unknown)}"
    of_case = collections.Counter(id_ for case in seen.cases.values() for id_ in case.get("signals", []))
    lost = [id_ for id_, signal_ in seen.signals.items() if of_case[id_] != (0 if signal_.get("only_on_file") else 1)]
    assert not lost, f"signals not in one case, {few(lost)}"


def check_told(seen):
    """Of each case the first notices, to whom it concerns and nobody else."""
    told = collections.defaultdict(set)
    for notice in seen.notices.values():
        told[notice["case_id"]].add((notice.get("cause"), notice["role"]))
    wrong = []
    for id_, case in seen.cases.items():
        musts = (case["kind"], case["level"])
        first = {role for cause, role in told[id_] if cause == FIRST}
        if case.get("queued"):
            first = {role for _, role in told[id_]}
            wanted = {"psych_teacher"} if musts in mixed.QUEUED else None
        else:
            wanted = mixed.FIRST_TOLD.get(musts)
        if first != wanted:
            wrong.append((id_, musts, case.get("queued", False), sorted(told[id_])))
    assert not wrong, f"cases of which others were told than must be, {few(wrong)}"


def early_by(notice, at_ms, seen, posted):
    """Milliseconds by which a message came before its time; 0 when it did not."""
    case = seen.cases[notice["case_id"]]
    event = seen.signals[case["signals"][0]]["event_id"]
    steps, reports = mixed.NOT_BEFORE_MS.get((case["kind"], case["level"]), ({}, {}))
    cause = notice.get("cause")
    earliest = int(case["opened_at_ms"]) + steps.get(cause, 0)
    if cause in reports:
        earliest = posted.get(event, 0) + reports[cause]
    return max(0, earliest - at_ms)


def check_notices(running, seen, posted):
    assert not seen.repeated, f"written twice, {few(seen.repeated)}"
    sends = running.sends(answer=200)
    rang = collections.Counter(send["notice_id"] for send in sends if not send.get("repeat"))
    twice = [id_ for id_, times in rang.items() if times > 1]
    assert not twice, f"messages that rang twice, {few(twice)}"
    again = {send["notice_id"] for send in sends if send.get("repeat")}
    assert again <= seen.sent_again, f"handed over again and not said so, {few(again - seen.sent_again)}"
    stray = rang.keys() - seen.notices.keys()
    assert not stray, f"messages of no notice, {few(stray)}"
    early = [send["notice_id"] for send in sends if early_by(seen.notices[send["notice_id"]], send["at"], seen, posted) > 0]
    assert not early, f"messages before their time, {few(early)}"
    print(f"notices {len(seen.notices)} rang {len(rang)} handed over again {len(again)} (all said so)")


def check_views(running, folder, seen, province, pressed):
    """The read model holds every case, the wire brought every alert once, and what was pressed is in the journal."""
    def redis(*words):
        done = subprocess.run(["redis-cli", "-p", running.settings["redis_port"], "--raw", *words], capture_output=True, text=True,
                              check=True)
        return done.stdout.split()
    prefix = running.settings["topic_prefix"]

    def on_board():
        return {id_ for key in redis("--scan", "--pattern", f"{prefix}:cases:*") for id_ in redis("ZRANGE", key, "0", "-1")}
    wait_until(lambda: on_board() == set(seen.cases), "the read model has every case", 60, 1)
    came = province.finish()
    wanted = running.kcat("alerts", "-f", "alerts %p %o\n").splitlines()
    assert sorted(came) == sorted(wanted), f"alerts on the wire: {len(came)}, {len(set(came))} of them different, of {len(wanted)}"
    journal = Follower(running, "journal")
    acked = set()

    def all_acked():
        acked.update(line["value"]["case_id"] for line in journal.new()
                     if line["value"].get("actor") and line["value"].get("actor_role") == "bureau_duty" and line["value"].get("outcome"))
        return pressed <= acked
    wait_until(all_acked, "what was pressed is in the journal", 60, 1)
    journal.end()
    print(f"alerts on the wire {len(came)} pressed at the board {len(pressed)}")


def test_an_acknowledgement_in_the_log_beats_the_overdue_step(twins, pupils):
    """Written while no escalator runs; the principal's step (3 s) falls due meanwhile."""
    school, number = pupils[-1]
    twins.post(incident("self_harm", school, number, id_=SINGLE, place="on_campus", danger="happening"), token=TOKEN)
    case = twins.wait_case("a new case", lambda case: True)["id"]
    for slot in (0, 1):
        twins.process(f"escalator-{slot}").kill()
    roles = ("duty_leader", "psych_teacher", "class_teacher")
    persons = [twins.wait_phone(role=role, channel="voice")["person"] for role in roles]
    with concurrent.futures.ThreadPoolExecutor() as pool:  # each waits in vain to hear what became of it
        list(pool.map(lambda who: twins.swctl("ack", case, "--as", who[0], "--role", who[1], check=False), zip(persons, roles)))
    fell_due = time.monotonic() + 2
    wait_until(lambda: time.monotonic() > fell_due, "the step is due", 10)
    for slot in (0, 1):
        twins.launch("escalator", slot)
    for slot in (0, 1):
        twins.wait_ready("escalator", slot, BOUND_S)
    wait_until(lambda: any(line["value"].get("what") == "acked" and line["value"].get("case_id") == case
                           for line in twins.read_topic("journal")), "the acknowledgement is applied", 30)
    told = [line["value"] for line in twins.read_topic("notices.urgent")
            if line.get("value") and line["value"]["case_id"] == case and line["value"]["cause"] == "2"]
    assert not told, "the principal was called although it had been acknowledged"


def test_nothing_is_lost_repeated_or_early(twins, folder, pupils):
    if COUNT > 10000:
        faulthandler.cancel_dump_traceback_later()  # long, not stuck: each of its waits has a bound
    events = list(mixed.events(pupils[:-SPARE], COUNT, SEED))
    print(f"\nseed {SEED}:", dict(collections.Counter(event.type for event in events).most_common()))
    load, seen, presses, province = Load(twins, folder, events), Seen(twins), Presses(twins), Province(twins, folder)
    took = kill_each(twins, load)
    posted = load.finish()
    assert len(took["intake"]) > 1 or COUNT < 20000, "the flow was over before all had died twice"
    assert posted.keys() == {event.id for event in events}
    pressed = presses.finish()
    settle(twins, seen, events)
    seen.end()
    print(f"events {len(events)} signals {len(seen.signals)} cases {len(seen.cases)}")
    check_signals(seen, events)
    check_told(seen)
    check_notices(twins, seen, posted)
    check_views(twins, folder, seen, province, pressed)
    print("after kill -9 went on within, s:", {name: [round(seconds, 1) for seconds in each] for name, each in took.items()})
