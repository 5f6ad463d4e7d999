"""A county's events, mixed, and what each of them must lead to.

What must come of an event is told here from its own content and the written policies, never from what the system said: an
answer sheet's score is added up here, a level is looked up in the tables below. Each event that must lead to anything is of a
pupil of its own, so that nothing it leads to hangs on another. Pupils, answers and texts are made up."""
import json
import random
import typing

import shouwang as whole

SOURCE = "/made-up/mixed"
PHQ9, GAD7 = ("PHQ-9", "1999", 9), ("GAD-7", "2006", 7)
# The rules, in the reference pack's words: a few that will not change with it. Absences wait two seconds for more of them.
RULES = """
live_within: 48h
rules:
  - {id: phq9_3, on: screening.result, when: 'event.instrument == "PHQ-9" && event.items["9"] == 3', why: item,
     then: {level: high, layer: school, kind: self_harm_risk, ask: {interview: same_day}}}
  - {id: phq9_1, on: screening.result, when: 'event.instrument == "PHQ-9" && event.items["9"] in [1, 2]', why: item,
     then: {level: warning, layer: school, kind: self_harm_risk, ask: {interview: 3_school_days}}}
  - {id: mood_15, on: screening.result, when: event.score >= 15.0, why: score,
     then: {level: warning, layer: school, kind: wellbeing, ask: {interview: 5_school_days}}}
  - {id: mood_10, on: screening.result, when: event.score >= 10.0, why: score,
     then: {level: attention, layer: school, kind: wellbeing, ask: {interview: 10_school_days}}}
  - {id: concern, on: incident.concern, when: "true", why: concern,
     then: {level: attention, layer: class, kind: wellbeing, tell: [class_teacher, psych_teacher]}}
  - {id: absent, on: attendance.roll, when: event.state == "absent_unexplained", wait: plausibility, why: absent,
     then: {level: warning, layer: class, kind: absent}}
  - {id: absent_on_file, on: attendance.roll, when: event.state == "absent_unexplained", only: on_file, why: absent,
     then: {level: high, layer: school, kind: missing}}
  - {id: left, on: attendance.left_campus, when: event.state != "absent_explained", why: left,
     then: {level: warning, layer: school, kind: left_campus}}
  - {id: left_on_file, on: attendance.left_campus, when: event.state != "absent_explained", only: on_file, why: left,
     then: {level: high, layer: school, kind: left_campus}}
plausibility:
  settle: 2s
  class: 30%
  school: 10%
  at_least: 3
  hold: 12h
  then: {level: high, layer: school, kind: attendance_doubt}
  why: absent
"""


class Must(typing.NamedTuple):
    """A signal that an event must give. With only_on_file it must be given and must open nothing: no pupil here has a file."""
    kind: str
    level: str
    only_on_file: bool = False


# Who is told first of a case, by kind and level (policies of config/packs/short).
FIRST_TOLD = {
    ("self_harm", "crisis"): {"duty_leader", "psych_teacher", "class_teacher"},
    ("accident", "warning"): {"class_teacher", "psych_teacher"},
    ("concern", "attention"): {"class_teacher", "psych_teacher"},
    ("self_harm_risk", "high"): {"psych_teacher", "duty_leader"},
    ("left_campus", "warning"): {"class_teacher", "psych_teacher"},
    ("absent", "warning"): {"class_teacher"},
}
# A case that owes an interview within days only: in the psychology teacher's queue, told by a notice that may wait.
QUEUED = {("self_harm_risk", "warning"), ("wellbeing", "warning"), ("wellbeing", "attention")}
# Nothing of these causes goes out before so many ms (the same files): steps and duties since the case was opened, reports since
# the happening was discovered, which is when the event was posted at the earliest.
NOT_BEFORE_MS = {
    ("self_harm", "crisis"): (
        {"1": 2000, "2": 3000, "3": 10000, "emergency_call/breach": 3000, "on_scene/breach": 10000, "guardian_contact/breach": 10000},
        {"phone_report/warn/1": 15000, "phone_report/warn/2": 25000, "phone_report/breach": 30000,
         "written_report/warn/1": 60000, "written_report/warn/2": 100000, "written_report/breach": 120000}),
    ("self_harm_risk", "high"): ({"1": 15000, "2": 30000, "3": 60000}, {}),
    ("accident", "warning"): ({"1": 120000, "2": 480000}, {}),
    ("left_campus", "warning"): ({"1": 120000, "2": 480000}, {}),
    ("absent", "warning"): ({"1": 900000, "2": 1800000, "3": 2700000}, {}),
}


class Event(typing.NamedTuple):
    id: str
    unit: str
    number: str
    type: str
    data: dict
    musts: frozenset

    def line(self):
        """As bench-load --events reads it."""
        event = whole.cloud_event(f"shouwang.{self.type}", self.data, SOURCE, self.id)
        return f"{self.id} {self.unit} {self.number} {self.type} {json.dumps(event, ensure_ascii=False, separators=(',', ':'))}\n"


def _incident(kind, musts, **facts):
    return lambda chance: (f"incident.{kind}", {"text": "编造的测试内容", "callback": "10000000000", **facts}, musts)


def _attendance(kind, musts, **facts):
    return lambda chance: (f"attendance.{kind}", facts, musts)


def judged(instrument, items):
    """What the rules say, of the highest level in each family of kinds."""
    score = sum(items)
    mood = {Must("wellbeing", "warning" if score >= 15 else "attention")} if score >= 10 else set()
    asked = items[8] if instrument == "PHQ-9" else 0  # for thoughts of death
    return mood | ({Must("self_harm_risk", "high" if asked == 3 else "warning")} if asked else set())


def _answers(chance):
    name, version, count = chance.choice((PHQ9, PHQ9, GAD7))
    burden = chance.random()
    items = [chance.choices(range(4), (1 - burden, burden, burden ** 2, burden ** 3))[0] for _ in range(count)]
    if name == "PHQ-9" and chance.random() < 0.7:
        items[8] = 0
    data = {"instrument": name, "version": version, "item_count": count, "informant": "self",
            "answers": {"items": [{"item": str(i + 1), "value": value} for i, value in enumerate(items)],
                        "score": sum(items), "has_score": True, "valid": True}}
    return "screening.result", data, judged(name, items)


# (weight, what makes one)
MIX = (
    (36, _attendance("roll", set(), session="am", state="present")),
    (4, _attendance("roll", set(), session="am", state="absent_explained")),
    (3, _attendance("roll", {Must("absent", "warning"), Must("missing", "high", True)}, session="am", state="absent_unexplained")),
    (20, _attendance("returned", set(), gate="g-main", state="present")),
    (2, _attendance("left_campus", {Must("left_campus", "warning"), Must("left_campus", "high", True)}, gate="g-main")),
    (18, _answers),
    (6, _incident("concern", {Must("concern", "attention")})),
    (10, _incident("accident", {Must("accident", "warning")}, place="on_campus", danger="past", injury="none")),
    (1, _incident("self_harm", {Must("self_harm", "crisis")}, place="on_campus", danger="happening", injury="none")),
)
REPEATED = 0.02  # of all are sent once more later, as by a sender who has forgotten


QUIET = 500  # pupils of whom nothing is heard but what leads to nothing


def pupils_for(count):
    """So many are enough for so many events."""
    return count // 2 + QUIET


def events(pupils, count, seed):
    """So many, of pupils given as (unit, number)."""
    chance = random.Random(seed)
    weights = [weight for weight, _ in MIX]
    own = iter(pupils[QUIET:])
    for i in range(count):
        type_, facts, musts = chance.choices(MIX, weights)[0][1](chance)
        unit, number = next(own) if musts else pupils[i % QUIET]
        data = {"unit": unit, "parties": [{"identifier": number, "role": "affected"}], **facts}
        yield Event(f"mixed-{i}", unit, number, type_, data, frozenset(musts))


def write(path, made, seed):
    """The file for bench-load, some events twice; answers its number of lines."""
    chance = random.Random(seed)
    lines = 0
    with open(path, "w", encoding="utf-8") as file:
        for i, event in enumerate(made):
            file.write(event.line())
            lines += 1
            if chance.random() < REPEATED:
                file.write(made[chance.randrange(max(0, i - 2000), i + 1)].line())
                lines += 1
    return lines
