"""Published files as a school and a city would send them (SHOUWANG_DATA): what Python counts in the file is what comes out.

The answers are of real students of a survey who are named nowhere; here they become made-up pupils of a made-up school."""
import csv
import datetime
import json
import os
import pathlib
import re

import pytest

import shouwang as whole
from digests import activate, next_slots
from shouwang import COUNTY_TOKEN, wait_until

DATA = pathlib.Path(os.environ["SHOUWANG_DATA"])
ANSWERS = DATA / "screening-ukm-phq9-gad7-pss10.csv"
ROLLS = DATA / "attendance-nyc-2016-10.csv"
MAPS = whole.ROOT / "config/imports"
UNIT = "ukm"
REFUSED = 1


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        header, *rows = [row for row in csv.reader(file) if row]
    return [dict(zip(header, row)) for row in rows]


def students(count):
    """A made-up school with as many made-up pupils, whom the importer's numbers name."""
    people = [
        {"unit": UNIT, "ref": "W1", "kind": "staff", "name": "虚构校长", "addresses": [{"wecom": "w1"}],
         "roles": [{"role": "principal", "substitute": "W2"}]},
        {"unit": UNIT, "ref": "W2", "kind": "staff", "name": "虚构值班", "addresses": [{"phone": "10000019002"}, {"wecom": "w2"}],
         "roles": [{"role": "duty_leader", "substitute": "W1"}]},
        {"unit": UNIT, "ref": "W3", "kind": "staff", "name": "虚构心理", "addresses": [{"phone": "10000019003"}, {"wecom": "w3"}],
         "roles": [{"role": "psych_teacher", "substitute": "W4"}]},
        {"unit": UNIT, "ref": "W4", "kind": "staff", "name": "虚构班主任", "addresses": [{"phone": "10000019004"}, {"wecom": "w4"}],
         "roles": [{"role": "class_teacher", "group": "c1", "substitute": "W3"}]}]
    people += [{"unit": UNIT, "ref": f"M{n}", "kind": "student", "name": f"虚构{n}", "group": "c1", "numbers": [f"made-up-{n}"]}
               for n in range(1, count + 1)]
    return {"units": [{"id": UNIT, "kind": "school", "parent": "qinghe", "jurisdiction": "fenyang", "label": "虚构大学"}],
            "groups": [{"unit": UNIT, "id": "c1", "kind": "class", "label": "虚构班"}], "people": people}


def city(schools):
    return {"units": [{"id": "nyc", "kind": "city", "parent": "qinghe", "jurisdiction": "fenyang", "label": "New York",
                       "time_zone": "America/New_York"}] +
                     [{"id": f"nyc-{school.lower()}", "kind": "school", "parent": "nyc", "label": school}
                      for school in schools]}


@pytest.fixture(scope="module")
def rolls():
    return read(ROLLS)


@pytest.fixture(scope="module")
def answers():
    return [{name: int(value) for name, value in row.items()} for row in read(ANSWERS)]


@pytest.fixture(scope="module")
def shouwang(folder, rolls, answers):
    sample = folder / "sample"
    sample.mkdir()
    for path in whole.local.Local.sample.glob("*.yaml"):
        (sample / path.name).write_bytes(path.read_bytes())
    schools = sorted({row["school_dbn"] for row in rolls} - {"TOTAL"})
    (sample / "ukm.yaml").write_text(json.dumps(students(len(answers)), ensure_ascii=False))
    (sample / "nyc.yaml").write_text(json.dumps(city(schools)))
    parts = [part for part in whole.local.EVERYTHING if part not in ("relay", "console")]
    running = whole.start(folder, parts, sample, intake_token=COUNTY_TOKEN, rate_per_second=20000, rate_burst=40000)
    yield running
    killed = running.stop()
    assert not killed, f"did not end by themselves: {killed}"


def import_file(shouwang, kind, path, *options, code=0):
    done = shouwang.swctl("--json", "import", kind, path, *options, check=False, timeout=300)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def judged(shouwang):
    """Events that triage has taken in, repeats among them."""
    return shouwang.metric("triage", "sw_triage_events_total")


def wait_judged(shouwang, count, seconds=120):
    wait_until(lambda: judged(shouwang) >= count, f"{count} events judged", seconds)


def reasons(shouwang):
    """How often each rule was a reason, in all signals of the school; and how many signals there are."""
    counts = {}
    signals = [record["value"] for record in shouwang.read_topic("signals") if record["key"] == UNIT]
    for signal in signals:
        for why in signal["why"]:
            counts[why["rule"]] = counts.get(why["rule"], 0) + 1
    return counts, len(signals)


def score(row, letter, count):
    return sum(row[f"{letter}{item}"] for item in range(1, count + 1))


def expected(answers):
    phq = [score(row, "D", 9) for row in answers]
    return {"phq9_item9_3": sum(row["D9"] == 3 for row in answers),
            "phq9_item9": sum(row["D9"] in (1, 2) for row in answers),
            "phq9_10": sum(one >= 10 for one in phq),
            "phq9_15": sum(one >= 15 for one in phq),
            "phq9_20": sum(one >= 20 for one in phq),
            "gad7_10": sum(score(row, "A", 7) >= 10 for row in answers),
            "gad7_15": sum(score(row, "A", 7) >= 15 for row in answers)}


SCREENING = ("--unit", UNIT, "--subjects", "made-up", "--map", MAPS / "ukm-phq9-gad7-pss10.yaml", "--live", "--yes")


def test_screening_gives_the_signals_that_python_counts(shouwang, folder, answers):
    activate(shouwang, folder, next_slots())
    done = import_file(shouwang, "screening", ANSWERS, *SCREENING)
    assert (done["rows"], done["rows_refused"], done["accepted"], done["refused"]) == (223, 0, 3 * 223, 0)
    wait_judged(shouwang, 3 * 223)
    counts, _ = reasons(shouwang)
    print(counts)
    assert counts == expected(answers)
    # Who would be contacted was told before, and came out so.
    told = {line["rule"]: line for line in done["contacts"]}
    same_day = told["phq9_item9_3"]
    assert (same_day["level"], same_day["interview"], same_day["count"]) == ("high", "same_day", counts["phq9_item9_3"])
    assert "psych_teacher" in same_day["roles"]
    assert told["phq9_item9"]["queued"] and told["phq9_item9"]["roles"] == ["psych_teacher"]


def test_the_queue_holds_all_and_phones_ring_for_the_same_day_ones(shouwang, answers):
    same_day = expected(answers)["phq9_item9_3"]

    def rung():
        """The cases that the psychology teacher's messages name."""
        found = {re.search("编号([0-9]+)", send["text"]).group(1)
                 for send in shouwang.sends(role="psych_teacher", channel="wecom", answer=200) if "高危" in send["text"]}
        return len(found) >= same_day and found
    rung = wait_until(rung, f"{same_day} pupils on the psychology teacher's phone", 60)
    assert len(rung) == same_day
    cases = [case for case in shouwang.cases() if case["unit"] == UNIT]
    waiting = {case["subject"] for case in cases for episode in case["episodes"]
               for owed in episode.get("obligations", ()) if owed["id"] == "interview" and owed["state"] == "pending"}
    positive = sum(score(row, "D", 9) >= 10 or row["D9"] > 0 or score(row, "A", 7) >= 10 for row in answers)
    assert len(waiting) == positive
    for send in shouwang.sends():
        assert not re.search("PHQ|GAD|总分|score|抑郁|焦虑|自杀", send["text"]), send["text"]
    print(f"{positive} pupils in the queue, {len(rung)} on the phone")


def test_nobody_is_lost_for_answering_like_another(shouwang, answers):
    events = [record["value"] for record in shouwang.read_topic("events.screening")]
    phq = [event for event in events if event["screening"]["instrument"] == "PHQ-9"]
    assert len({event["id"] for event in events}) == len(events) == 3 * 223
    assert len({event["parties"][0]["ref"] for event in phq}) == 223
    assert not any(event.get("unresolved") for event in events)
    assert len({tuple(row.values()) for row in answers}) < 223, "the file has equal rows"


def test_the_same_file_again_changes_nothing(shouwang):
    before = reasons(shouwang)
    seen = judged(shouwang)
    done = import_file(shouwang, "screening", ANSWERS, *SCREENING)
    assert (done["accepted"], done["refused"]) == (3 * 223, 0)
    wait_judged(shouwang, seen + 3 * 223)
    assert reasons(shouwang) == before
    assert shouwang.read_topic("rejects") == []


def test_a_wrong_instrument_is_refused_with_its_row(shouwang, folder):
    text = ANSWERS.read_text().splitlines()
    short = folder / "short.csv"
    short.write_text("\n".join(line.rsplit(",", 1)[0] for line in text[:4]) + "\n")
    done = shouwang.swctl("import", "screening", short, *SCREENING, check=False)
    assert done.returncode == REFUSED and "S10" in done.stderr  # an item fewer
    other = folder / "other.yaml"
    other.write_text((MAPS / "ukm-phq9-gad7-pss10.yaml").read_text().replace('"1999"', '"2015"'))
    whole_file = folder / "whole.csv"
    whole_file.write_text("\n".join(text[:4]) + "\n")
    done = import_file(shouwang, "screening", whole_file, "--unit", UNIT, "--subjects", "made-up", "--map", other, code=REFUSED)
    assert done["accepted"] == 2 * 3 and done["refused"] == done["rows_refused"] == 3
    assert [(error["row"], error["name"], error["reason"]) for error in done["errors"]] == \
        [(row, "PHQ-9/version", "wrong_instrument") for row in (2, 3, 4)]


def test_every_row_of_attendance_is_accounted_for(shouwang, rolls):
    sends = len(shouwang.sends())
    seen = judged(shouwang)
    done = import_file(shouwang, "attendance", ROLLS, "--unit", "nyc", "--map", MAPS / "nyc-attendance.yaml", code=REFUSED)
    totals = [number for number, row in enumerate(rolls, 2) if row["school_dbn"] == "TOTAL"]
    assert done["rows"] == len(rolls) and done["accepted"] == len(rolls) - len(totals)
    assert [(error["row"], error["column"], error["reason"]) for error in done["errors"]] == \
        [(row, 2, "unit_unknown") for row in totals]
    assert done["rows_refused"] == done["refused"] == len(totals) == 17
    wait_judged(shouwang, seen + done["accepted"])
    events = [record["value"] for record in shouwang.read_topic("events.attendance")]
    assert len(events) == len({event["id"] for event in events}) == done["accepted"]
    assert all(event["history"] and event["kind"] == "roll" for event in events)
    not_taken = [event for event in events if event["attendance"].get("state") == "not_taken"]
    assert len(not_taken) == sum(row["attendance_pct"] == "NS" for row in rolls)
    # 8 o'clock in New York (the directory's zones begin in 2020: before that it is in winter), and the share that is missing.
    one = next(event for event in events if event["unit"] == "nyc-01m015")
    eight = datetime.datetime(2016, 10, 5, 13, tzinfo=datetime.timezone.utc).timestamp()
    assert one["occurred_at_ms"] == 1000 * eight and one["attendance"]["absent_share"] == 656
    print(f"{len(events)} rolls, {len(not_taken)} of them missing, {len(totals)} rows refused")
    # Each of those is told of as a roll that is missing, on its own day, and of no other is anything said.
    def rolls_missing():
        found = [record["value"] for record in shouwang.read_topic("signals") if record["key"].startswith("nyc-")]
        return found if len(found) >= len(not_taken) else None
    signals = wait_until(rolls_missing, "every missing roll is told of", 60)
    assert sorted((signal["unit"], signal["occurred_at_ms"]) for signal in signals) == \
        sorted((event["unit"], event["occurred_at_ms"]) for event in not_taken)
    assert all((signal["kind"], signal["rule"], signal["silent"]) == ("roll_missing", "roll_not_taken", True) for signal in signals)
    # History: what the rules say of it is recorded in silence, and nobody is told.
    silent = [case for case in shouwang.cases() if case["unit"].startswith("nyc")]
    assert all(case["silent"] for case in silent) and len(shouwang.sends()) == sends


def test_those_who_wait_for_an_interview_were_one_message(shouwang, answers):
    """Of the first import; the last to be looked at, since it comes at its time of the day. The same-day ones are among them:
    each has an interview for the other instrument to wait for, too."""
    waiting = sum(score(row, "D", 9) >= 10 or row["D9"] > 0 or score(row, "A", 7) >= 10 for row in answers)

    def digests():
        return [send for send in shouwang.sends(role="psych_teacher", answer=200) if "等待约谈" in send["text"]]
    wait_until(digests, "the digest", 150)
    assert [re.search("有([0-9]+)名学生等待约谈", send["text"]).group(1) for send in digests()] == \
        [str(waiting)]
    # One psychology teacher cannot talk to all of them in time: the county's centre hears of those beyond.
    beyond = [line["value"] for line in shouwang.read_topic("journal") if line["value"]["what"] == "interview_over_capacity"]
    facts = [{fact["key"]: fact["value"] for fact in line["facts"]} for line in beyond]
    assert beyond and all(int(one["waiting"]) > int(one["capacity"]) > 0 for one in facts)
    subjects = {case["id"]: case["subject"] for case in shouwang.cases()}
    centre = wait_until(lambda: shouwang.sends(role="county_centre", answer=200), "the county's centre is told", 60)
    told = {re.search("有([0-9]+)名学生等待约谈", send["text"]).group(1) for send in centre}
    assert told == {str(len({subjects[line["case_id"]] for line in beyond}))}
