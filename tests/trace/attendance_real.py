"""The published attendance of about 1,620 schools on 17 days under the reference pack (SHOUWANG_DATA): what was not submitted is a
roll that is missing, and never one of nought percent; a school is told of on exactly the days on which it fell ten points below
its own median, as a few lines of Python find them in the same file."""
import collections
import csv
import datetime
import json
import os
import pathlib
import re
import statistics
import sys
import tempfile
import unittest

from pack_tools import OK, REFERENCE, Pack, said

ROLLS = pathlib.Path(os.environ["SHOUWANG_DATA"]) / "attendance-nyc-2016-10.csv"
DAYS_MIN, POINTS = 5, 10


def read():
    """(date, school, percent or None where none was submitted), in the order of the file; the city's totals are no school."""
    with open(ROLLS, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["school_dbn"] != "TOTAL"]
    return [(datetime.datetime.strptime(row["date"], "%Y%m%d").date(), "nyc-" + row["school_dbn"].lower(),
             None if row["attendance_pct"] == "NS" else float(row["attendance_pct"])) for row in rows]


def fell(rolls):
    """The (school, date) on which a school lay ten points or more below the median of what it had submitted up to that day."""
    of_school = collections.defaultdict(list)
    found = set()
    for date, school, percent in sorted(rolls, key=lambda roll: roll[0]):
        if percent is not None:
            so_far = of_school[school]
            so_far.append(round(percent * 100))  # hundredths, as they are published
            if len(so_far) >= DAYS_MIN and statistics.median(so_far) - so_far[-1] >= 100 * POINTS:
                found.add((school, date))
    return found


def event(date, school, percent):
    """The roll as config/imports/nyc-attendance.yaml makes it of a row."""
    told = {"state": "not_taken"} if percent is None else {"absent_share": 10000 - round(percent * 100)}
    time = f"{date}T08:00:00-04:00"
    return json.dumps({"specversion": "1.0", "id": f"{school}/{date}", "source": "/published", "type": "shouwang.attendance.roll",
                       "time": time, "data": {"unit": school, "scope": {}, "session": "day", "occurred_at": time, **told}})


def without(rules, *ids):
    """The rules but for those."""
    for id_ in ids:
        rules, count = re.subn(rf"^  - id: {id_}\n(?:    .*\n)+", "", rules, flags=re.M)
        assert count == 1, id_
    return rules


class Test(unittest.TestCase):
    def test_published_attendance(self):
        rolls = read()
        files = {f"rules/{path.name}": path.read_text() for path in (REFERENCE / "rules").iterdir()}
        files["rules/attendance.yaml"] = without(files["rules/attendance.yaml"], "attendance_fell", "roll_not_taken")
        schools = sorted({school for _, school, _ in rolls})
        with Pack(files) as before, tempfile.TemporaryDirectory() as folder:
            events, city = pathlib.Path(folder) / "rolls.jsonl", pathlib.Path(folder) / "city.yaml"
            events.write_text("".join(event(*roll) + "\n" for roll in rolls))
            units = [{"id": "nyc", "kind": "city", "jurisdiction": "fenyang", "label": "New York", "time_zone": "America/New_York"}]
            units += [{"id": school, "kind": "school", "parent": "nyc", "jurisdiction": "fenyang", "label": school} for school in schools]
            city.write_text(json.dumps({"units": units}))
            code, lines, errors = said("backtest", REFERENCE, "--against", before, "--events", events, "--directory", city,
                                       "--from", "2016-10-01", "--to", "2016-11-01")
        self.assertEqual((code, errors), (OK, ""))
        *changes, totals = lines
        self.assertEqual((totals["events"], totals["refused"]), (len(rolls), 0))
        given = collections.defaultdict(set)
        for change in changes:
            self.assertEqual(change["change"], "raised")
            school, date = change["event"].split("/")
            given[change["after"]["rules"]].add((school, datetime.date.fromisoformat(date)))
        missing = {(school, date) for date, school, percent in rolls if percent is None}
        wanted = fell(rolls)
        self.assertGreater(len(wanted), 500)
        self.assertGreater(len(missing), 500)
        self.assertEqual(given.pop("roll_not_taken"), missing)
        self.assertEqual(given.pop("attendance_fell"), wanted)
        self.assertEqual(given, {})
        print(f"{len(rolls)} rolls of {len(schools)} schools: {len(missing)} missing, {len(wanted)} far below the school's median")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
