"""swctl's tools for packs, on the reference pack and on packs made of it: what they say, and their exit codes."""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE, SWCTL = pathlib.Path(sys.argv[1]), sys.argv[2]
REFERENCE = SOURCE / "config/packs/reference"
OK, REFUSED, USAGE = 0, 1, 2


def swctl(*words):
    return subprocess.run([SWCTL, *map(str, words)], capture_output=True, text=True, timeout=100, check=False)


def said(*words):
    done = swctl("--json", *words)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def gad7(time, number, score):
    """A result of GAD-7 whose items come to the score, as a line."""
    items = [{"item": str(i + 1), "value": max(0, min(3, score - 3 * i))} for i in range(7)]
    return json.dumps({"specversion": "1.0", "id": f"{number}/{time}", "source": "/made-up", "type": "shouwang.screening.result",
                       "time": time, "data": {"unit": "qh-yizhong", "parties": [{"identifier": number, "role": "affected"}],
                                              "instrument": "GAD-7", "version": "2006", "item_count": 7,
                                              "answers": {"items": items, "valid": True}}}) + "\n"


class Pack:
    """The reference pack with some files of its own: {"rules/x.yaml": text}; a folder that is named has no others."""

    def __init__(self, files):
        self.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(self.folder.name)
        own = {path.split("/")[0] for path in files}
        for entry in REFERENCE.iterdir():
            if entry.name not in own:
                (root / entry.name).symlink_to(entry)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)

    def __enter__(self):
        return self.folder.name

    def __exit__(self, *_):
        self.folder.cleanup()


EXAMPLE = """
classes:
  - {{id: c1, grade: g7, pupils: [an]}}
examples:
  - id: one
    events:
      - {{at: 2026-10-12 09:00, type: incident.concern, about: an, by: wang}}
    signals: {signals}
"""
CONCERN = "2026-10-12 09:00:00 attention concern an: facts/kind, concern; tell class_teacher, psych_teacher"

RULE = """rules:
  - id: concern
    on: incident.concern
    when: event.place == "on_campus"
    then: {level: attention, layer: class, kind: wellbeing}
    why: "反映 / a concern"
"""
SUSPICIOUS = {"rules/a.yaml": """
features:
  - {id: nobody_asks, from: incident, where: "true", scope: student, window: 1d, ops: {count: count()}}
""" + RULE + """  - id: low_and_high
    on: screening.result
    when: event.score >= 10.0 && event.score < 5.0
    then: {level: attention, layer: class, kind: wellbeing}
    why: "总分 / score"
  - {id: other_kind, on: incident.concern, then: {level: attention, layer: class, kind: wellbeing}, why: "别的 / other",
     when: event.kind == "panic"}
  - id: again
    on: [incident.panic, incident.concern]
    when: (event.place == 'on_campus')
    then: {level: warning, layer: class, kind: wellbeing}
    why: "反映 {event.place}"
  - id: no_such_state
    on: attendance.roll
    when: event.state == "absnt"
    then: {level: warning, layer: class, kind: no_word}
  - id: other_sheet
    on: screening.result
    when: event.instrument == "PHQ-99"
    then: {level: warning, layer: class, kind: wellbeing}
    why: "总分 / score"
"""}


LADDER = """policies:
  - id: mine/{name}
    match: {match}
    steps:
      - {{at: 0s, notify: [class_teacher], via: [wecom]}}
      - {{at: 5m, unless: {unless}, notify: [{role}], via: [sms]{repeat}}}
    obligations:
      - {{id: call, within: 1h, anchor: {anchor}, owner: class_teacher{more}}}
"""
# What is wrong, the change of a good policy, and what is told: finding, line, obligation.
GOOD = {"name": "x", "match": "{level: warning, kind: [cluster_of_mine]}", "unless": "acked", "role": "grade_head", "repeat": "",
        "anchor": "opened", "more": ", breach: {notify: [grade_head]}"}
TWIN = GOOD | {"name": "twin"}
LADDERS = [
    ("good", {}, []),
    ("good: it repeats", {"repeat": ", repeat: until_acked", "more": ""}, []),
    ("good: at attention it may rest", {"match": "{level: attention, kind: [cluster_of_mine]}", "more": ""}, []),
    ("good: the guardians of a pupil", {"role": "guardians", "match": "{level: warning, kind: [mine], subject: student}"}, []),
    ("good: the last step of a crisis repeats", {"match": "{level: crisis, kind: [mine]}", "more": ""}, []),
    ("good: more keys", {"match": "{level: high, kind: [bullying], subject: student, danger: past}"}, []),
    ("another takes all of it", {"more": ", breach: {notify: [grade_head]}}\n" + LADDER.format(**TWIN).split("\n", 1)[1].rstrip()[:-1]},
     [("unreachable_policy", 9, "mine/x")]),
    ("guardians of a class", {"role": "guardians", "match": "{level: warning, kind: [mine], subject: group}"},
     [("unreachable_step", 6, None)]),
    ("it waits for itself", {"more": ", breach: {notify: [grade_head]}, needs: [visit]}\n"
                             "      - {id: visit, within: 1h, anchor: {after: call}, owner: class_teacher"},
     [("unreachable_obligation", 8, "call"), ("unreachable_obligation", 9, "visit")]),
    ("it begins with what ends it", {"more": ", breach: {notify: [grade_head]}}\n"
                                     "      - {id: report, every: 2h, anchor: settled, until: settled, owner: class_teacher"},
     [("unreachable_obligation", 9, "report")]),
    ("it waits for what cannot be", {"unless": "met(visit)", "more": ", breach: {notify: [grade_head]}}\n"
                                     "      - {id: visit, within: 1h, anchor: {after: wait}, owner: class_teacher}\n"
                                     "      - {id: wait, within: 1h, anchor: opened, owner: class_teacher, needs: [visit]"},
     [("vain_condition", 6, "visit"), ("unreachable_obligation", 9, "visit"), ("unreachable_obligation", 10, "wait")]),
    ("nobody is told of a breach", {"more": ""}, [("no_owner", 2, None)]),
    ("only the owner is told again", {"more": ", breach: {notify: [class_teacher]}"}, [("no_owner", 2, None)]),
    ("it begins when somebody settles it", {"anchor": "settled"}, [("no_owner", 2, None)]),
]


class Test(unittest.TestCase):
    def test_examples_of_the_reference_pack_come_out(self):
        done = swctl("test", REFERENCE)
        self.assertEqual(done.returncode, OK, done.stdout + done.stderr)

    def test_every_rule_of_the_reference_pack_holds_in_an_example(self):
        code, lines, _ = said("test", REFERENCE, "--unheld")
        self.assertEqual((code, [line["unheld"] for line in lines if "unheld" in line]), (OK, []))
        self.assertEqual(lines[-1]["rules_held"], lines[-1]["rules"])

    def test_what_differs_is_shown(self):
        with Pack({"examples/a.yaml": EXAMPLE.format(signals="|\n      2026-10-12 09:00:00 crisis concern an: never")}) as pack:
            done = swctl("test", pack)
            code, lines, _ = said("test", pack)
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn(f"FAILED examples/a.yaml:5 one\n  - 2026-10-12 09:00:00 crisis concern an: never\n  + {CONCERN}\n",
                      done.stdout)
        self.assertEqual(code, REFUSED)
        self.assertEqual(lines[0], {"example": "one", "file": "examples/a.yaml", "line": 5, "passed": False,
                                    "missing": ["2026-10-12 09:00:00 crisis concern an: never"], "unexpected": [CONCERN]})
        self.assertEqual((lines[1]["passed"], lines[1]["failed"], lines[1]["rules_held"]), (0, 1, 1))

    def test_an_example_that_makes_no_sense_has_a_place(self):
        for change, fault in (("type: incident.concern", "examples/a.yaml:7:9: expected the key \"at\""),
                              ("an, by", "examples/a.yaml:7:9: /data/parties/0/ref: ")):
            text = EXAMPLE.format(signals="none")
            text = text.replace("about: an", 'about: "? ?"') if change == "an, by" else text.replace(change + ", ", "")
            with Pack({"examples/a.yaml": text}) as pack:
                done = swctl("test", pack)
            self.assertEqual(done.returncode, REFUSED)
            self.assertIn(fault, done.stderr)

    def test_a_pack_without_examples_is_told(self):
        with Pack({"examples/README": ""}) as pack:
            (pathlib.Path(pack) / "examples/README").unlink()
            done = swctl("test", pack)
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("there are no examples", done.stderr)

    def test_the_reference_pack_has_nothing_suspicious(self):
        done = swctl("check", "--strict", REFERENCE)
        self.assertEqual(done.returncode, OK, done.stdout + done.stderr)

    def test_what_is_suspicious_has_a_place(self):
        with Pack(SUSPICIOUS) as pack:
            code, lines, _ = said("check", pack)
            text = swctl("check", pack).stdout
        found = [(one["finding"], one["error"], one["line"], one["what"], one.get("other")) for one in lines[:-1]]
        self.assertEqual(found, [
            ("never_holds", True, 12, "low_and_high", None),
            ("unreachable", True, 16, "other_kind", None),
            ("overlap", False, 17, "again", "concern"),
            ("untranslated_why", False, 21, "again", "en"),
            ("never_holds", True, 24, "no_such_state", None),
            ("untranslated_why", False, 22, "no_such_state", "zh"),
            ("untranslated_why", False, 22, "no_such_state", "en"),
            ("untranslated_word", False, 25, "kind.no_word", "zh"),
            ("untranslated_word", False, 25, "kind.no_word", "en"),
            ("unknown_instrument", False, 28, "other_sheet", "PHQ-99"),
            ("unused_feature", False, 3, "nobody_asks", None)])
        self.assertEqual((code, lines[-1]["errors"], lines[-1]["warnings"]), (REFUSED, 3, 8))
        self.assertIn("error   rules/a.yaml:12:11: low_and_high: its condition contradicts itself", text)

    def test_a_policy_that_leaves_somebody_alone_is_an_error(self):
        policies = {f"policies/{path.name}": path.read_text() for path in (REFERENCE / "policies").iterdir()}
        for why, change, expected in LADDERS:
            with self.subTest(why), Pack(policies | {"policies/zz.yaml": LADDER.format(**(GOOD | change))}) as pack:
                code, lines, errors = said("check", pack)
                self.assertEqual([(one["finding"], one["line"], one.get("other")) for one in lines[:-1]], expected, errors)
                self.assertEqual({(one["error"], one["file"], one["what"]) for one in lines[:-1]} or None,
                                 {(True, "policies/zz.yaml", "mine/twin" if "another" in why else "mine/x")} if expected else None)
                self.assertEqual(code, REFUSED if expected else OK)

    def test_a_policy_that_another_file_replaces_is_told(self):
        policies = {f"policies/{path.name}": path.read_text() for path in (REFERENCE / "policies").iterdir()}
        text = LADDER.format(**(GOOD | {"match": "{level: warning, kind: [absent], subject: student}"}))
        with Pack(policies | {"policies/00_place.yaml": text}) as pack:
            code, lines, _ = said("check", pack)
        self.assertEqual([(one["finding"], one["error"], one["what"], one["other"]) for one in lines[:-1]],
                         [("replaced_policy", False, "fenyang/absent", "mine/x")])
        self.assertEqual(code, OK)

    def test_acked_before_anybody_was_asked_is_an_error(self):
        policies = {f"policies/{path.name}": path.read_text() for path in (REFERENCE / "policies").iterdir()}
        text = LADDER.format(**GOOD).replace("{at: 0s, notify: [class_teacher]", "{at: 0s, notify: [guardians]")
        with Pack(policies | {"policies/zz.yaml": text}) as pack:
            code, lines, _ = said("check", pack)
        self.assertEqual([(one["finding"], one["line"]) for one in lines[:-1]], [("vain_condition", 6)])
        self.assertEqual(code, REFUSED)

    def test_a_text_without_its_translation_is_told(self):
        with Pack({"templates/en/words.txt": (REFERENCE / "templates/en/words.txt").read_text()}) as pack:
            english = pathlib.Path(pack) / "templates/en"
            for path in (REFERENCE / "templates/en").iterdir():
                if path.name not in ("words.txt", "tell.wecom+mail.bureau_duty.mustache"):
                    (english / path.name).symlink_to(path)
            (pathlib.Path(pack) / "templates/zh").symlink_to(REFERENCE / "templates/zh")
            code, lines, _ = said("check", pack)
            strict = swctl("check", "--strict", pack).returncode
        self.assertEqual([(one["finding"], one["error"], one["file"], one["other"]) for one in lines[:-1]],
                         [("untranslated_template", False, "templates/zh/tell.wecom+mail.bureau_duty.mustache", "en")])
        self.assertEqual((code, strict), (OK, REFUSED))

    def test_warnings_are_errors_when_asked(self):
        with Pack({"rules/a.yaml": SUSPICIOUS["rules/a.yaml"].split("rules:")[0] + RULE}) as pack:
            self.assertEqual(swctl("check", pack).returncode, OK)
            self.assertEqual(swctl("check", "--strict", pack).returncode, REFUSED)

    def test_a_backtest_tells_whom_a_change_raises_and_lowers(self):
        rules = (REFERENCE / "rules/screening.yaml").read_text()
        assert rules.count("event.score >= 15.0") >= 2
        changed = rules.replace('event.instrument == "GAD-7" && event.score >= 15.0', 'event.instrument == "GAD-7" && event.score >= 18.0')
        changed = changed.replace('event.instrument == "GAD-7" && event.score >= 10.0', 'event.instrument == "GAD-7" && event.score >= 8.0')
        files = {f"rules/{path.name}": path.read_text() for path in (REFERENCE / "rules").iterdir()}
        files["rules/screening.yaml"] = changed
        with Pack(files) as pack, tempfile.TemporaryDirectory() as folder:
            events, table = pathlib.Path(folder) / "e.jsonl", pathlib.Path(folder) / "d.csv"
            events.write_text("".join(gad7(f"2026-10-{day}T01:00:00Z", number, score) for day, number, score in
                                      ((11, "20260001", 16), (12, "20260001", 16), (13, "20260002", 8), (14, "20260003", 3),
                                       (15, "20260004", 20), (16, "20260004", 16))))
            given = ("--events", events, "--against", REFERENCE, "--from", "2026-10-12", "--to", "2026-10-16")
            given += tuple(word for path in SOURCE.glob("config/sample/*.yaml") for word in ("--directory", path))
            code, lines, errors = said("backtest", pack, *given, "--csv", table)
            text = swctl("backtest", pack, *given).stdout
            rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
        self.assertEqual((code, errors), (OK, ""))
        self.assertEqual([(one["change"], one["subject"], (one["before"] or {}).get("level"), (one["after"] or {}).get("level"))
                          for one in lines[:-1]],
                         [("lowered", "S001", "warning", "attention"), ("raised", "S002", None, "attention")])
        self.assertEqual(lines[0]["before"]["rules"], "gad7_15 gad7_10")
        self.assertEqual({name: lines[-1][name] for name in ("events", "refused", "raised", "lowered", "changed")},
                         {"events": 5, "refused": 0, "raised": 1, "lowered": 1, "changed": 0})
        self.assertIn("lowered  2026-10-12 09:00:00  warning   -> attention  qh-yizhong wellbeing S001", text)
        self.assertEqual([(row["change"], row["at"], row["subject"], row["level_before"], row["level_after"]) for row in rows],
                         [("lowered", "2026-10-12 09:00:00", "S001", "warning", "attention"),
                          ("raised", "2026-10-13 09:00:00", "S002", "normal", "attention")])

    def test_a_backtest_of_one_pack_against_itself_differs_in_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            events = pathlib.Path(folder) / "e.jsonl"
            events.write_text("".join(gad7(f"2026-10-12T01:00:{second:02}Z", "20260001", second % 22) for second in range(60)))
            code, lines, _ = said("backtest", REFERENCE, "--against", REFERENCE, "--events", events)
        self.assertEqual((code, len(lines), lines[0]["events"]), (OK, 1, 60))
        self.assertGreater(lines[0]["signals_after"], 0)

    def test_a_backtest_tells_what_is_no_event(self):
        with tempfile.TemporaryDirectory() as folder:
            events = pathlib.Path(folder) / "e.json"
            events.write_text("[" + gad7("2026-10-12T01:00:00Z", "20260001", 16) + ', {"specversion": "1.0"}]')
            code, lines, errors = said("backtest", REFERENCE, "--against", REFERENCE, "--events", events)
        self.assertEqual((code, lines[-1]["events"], lines[-1]["refused"]), (OK, 1, 1))
        self.assertIn("e.json: event 2: ", errors)
        self.assertEqual(swctl("backtest", REFERENCE, "--against", REFERENCE, "--events", "nowhere").returncode, USAGE)
        self.assertEqual(swctl("backtest", REFERENCE, "--from", "yesterday").returncode, USAGE)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
