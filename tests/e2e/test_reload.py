"""A changed pack becomes active while events flow: every event that was accepted is judged once, by the one pack or the other; what
windows count goes on; all of a school's events switch at one record; and the journal names the pack of each case."""
import collections
import pathlib
import re
import shutil
import threading

import shouwang as whole
from shouwang import UNIT, incident, wait_until

SAMPLE = pathlib.Path(whole.ROOT / "config/sample" / f"{UNIT}.yaml").read_text()
PUPILS = re.findall(r"numbers: \[\"?(\d+)", SAMPLE)
EARLY, LATE = PUPILS[:8], PUPILS[8:14]
OBSERVERS = PUPILS[14:16]
A_PUPIL_MAX = 120  # of one pupil: a day's bucket holds more
BEFORE, AFTER = 3, 40  # from which concern on it is repeated, by the one pack and the other


def changed_pack(folder):
    """The same rules with another threshold and another version, and one feature more, before those that are known."""
    pack = folder / "changed"
    shutil.copytree(whole.Shouwang.pack, pack)
    rules = pack / "rules/concerns.yaml"
    text = rules.read_text(encoding="utf-8")
    for old, new in ((f"concerns_14d.count >= {BEFORE} &&", f"concerns_14d.count >= {AFTER} &&"),
                     ("  - id: concern_repeated\n", "  - id: concern_repeated\n    version: \"2\"\n"),
                     ("features:\n", "features:\n  - {id: a_new_one, from: incident, where: 'true', scope: class, window: 30d,"
                                     " ops: {count: count()}}\n")):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    rules.write_text(text, encoding="utf-8")
    return pack


class Flow:
    """Concerns about some pupils, in turn and of two observers in turn, until it is ended; later about others, too."""

    def __init__(self, shouwang):
        self.shouwang, self.pupils = shouwang, list(EARLY)
        self.posted = []  # (id, pupil), each accepted
        self.last = []  # events that were posted last
        self.of_pupil = collections.Counter()
        self.ended = threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self.go_on)
        self.thread.start()

    def go_on(self):
        try:
            while not self.ended.is_set():
                self.post([pupil for pupil in self.pupils if self.of_pupil[pupil] < A_PUPIL_MAX])
        except BaseException as error:  # told by the test
            self.failure = error

    def post(self, pupils):
        batch = []
        for pupil in pupils:
            self.of_pupil[pupil] += 1
            observer = OBSERVERS[self.of_pupil[pupil] % 2]
            batch.append((pupil, incident("concern", parties=[{"identifier": pupil, "role": "affected"},
                                                              {"identifier": observer, "role": "reporter"}])))
        if batch:
            self.last = [event for _, event in batch]
            self.shouwang.post(self.last)
            self.posted += [(event["id"], pupil) for pupil, event in batch]
        self.ended.wait(0.05)

    def wait_more(self, count):
        """Until so many more were accepted."""
        goal = len(self.posted) + count
        wait_until(lambda: self.failure or len(self.posted) >= goal, "events flow", 60)
        assert self.failure is None, self.failure

    def finish(self):
        self.ended.set()
        self.thread.join()
        assert self.failure is None, self.failure


def activate(shouwang, pack):
    return shouwang.swctl_json("pack", "activate", pack, "--jurisdiction", "fenyang")["pack"]


def wait_signals(shouwang, ids):
    """The signals of these events, in the order in which they were written."""
    def read():
        found = [record["value"] for record in shouwang.read_topic("signals") if record["value"]["event_id"] in ids]
        return found if len({signal["event_id"] for signal in found}) == len(ids) else None
    return wait_until(read, "of every event there is a signal", 60)


def test_a_changed_pack_loses_nothing_and_judges_nothing_twice(shouwang, folder):
    changed = changed_pack(folder)
    flow = Flow(shouwang)
    flow.wait_more(80)
    known = flow.last
    second = activate(shouwang, changed)
    shouwang.post(known)  # a sender who had no answer, and tries again under the other pack
    flow.pupils += LATE
    flow.wait_more(150)
    first = activate(shouwang, whole.Shouwang.pack)
    shouwang.post(known)
    flow.wait_more(80)
    flow.finish()
    assert first != second

    pupil_of = dict(flow.posted)
    taken = len(pupil_of) + 2 * len(known)
    wait_until(lambda: shouwang.metric("triage", "sw_triage_events_total") >= taken, "every event is judged, or known", 60)
    signals = wait_signals(shouwang, pupil_of.keys())
    times = collections.Counter(signal["event_id"] for signal in signals)
    assert times == collections.Counter(pupil_of.keys()), "an event is lost, or judged twice"
    packs = [signal["pack"] for signal in signals]
    switches = [pack for index, pack in enumerate(packs) if index == 0 or packs[index - 1] != pack]
    assert switches == [first, second, first], "all switch at one record"

    seen = collections.Counter()
    for signal, pack in zip(signals, packs):
        pupil = pupil_of[signal["event_id"]]
        seen[pupil] += 1
        repeated = [why for why in signal["why"] if why["rule"] == "concern_repeated"]
        assert bool(repeated) == (seen[pupil] >= (BEFORE if pack == first else AFTER)), (pupil, seen[pupil])
        if repeated:
            values = {value["name"]: value["value"] for value in repeated[0]["values"]}
            assert values["features.concerns_14d.count"] == str(seen[pupil]), "the window was kept"
            assert repeated[0]["version"] == ("1" if pack == first else "2")
    print(f"{len(signals)} events, {packs.count(first)} by the first pack, {packs.count(second)} by the changed one")

    def opened():
        """The packs that the journal names, by case."""
        lines = [record["value"] for record in shouwang.read_topic("journal")]
        found = [next(fact["value"] for fact in line["facts"] if fact["key"] == "pack")
                 for line in lines if line["what"] == "case_opened"]
        return found if len(found) >= len(EARLY) + len(LATE) else None
    named = wait_until(opened, "the journal has every case", 60)
    assert collections.Counter(named) == {first: len(EARLY), second: len(LATE)}
    assert shouwang.read_topic("rejects") == []
