"""Files as schools write them, made up: what is wrong is told with its row and column, what is good is kept, history pages
nobody, and who was unknown is joined to a pupil later."""
import json
import os
import subprocess

import pytest

import shouwang as whole
from shouwang import PUPIL, TOKEN, UNIT, cloud_event, incident, wait_until

OK, REFUSED, USAGE, UNAVAILABLE = range(4)
LEADER = ("--as", "yz-leader", "--role", "duty_leader")
HEADER = "person," + ",".join(f"PHQ-9/{item}" for item in range(1, 10)) + ",PHQ-9/version"


@pytest.fixture(scope="module")
def maps(folder):
    """A folder of maps: "rolls" names the columns of rolls of classes."""
    (folder / "maps").mkdir()
    (folder / "maps/rolls.yaml").write_text(
        "of: attendance\ncolumns: {day: date, class: group, here: enrolled, missing: absent}\n"
        "constants: {time: '08:00', session: am}\n")
    return folder / "maps"


@pytest.fixture(scope="module")
def shouwang(folder, maps):
    parts = [part for part in whole.local.EVERYTHING if part not in ("relay", "console")]
    running = whole.start(folder, parts, intake_token=TOKEN, imports_dir=maps)
    yield running
    killed = running.stop()
    assert not killed, f"did not end by themselves: {killed}"


def answers(person, item9, version="1999"):
    return f"{person},0,0,0,0,0,0,0,0,{item9},{version}"


def write(path, *rows, end="\n"):
    path.write_bytes(end.join([HEADER, *rows, ""]).encode())
    return path


def run_import(shouwang, kind, path, *options, code=OK, **how):
    done = shouwang.swctl("--json", "import", kind, path, "--unit", UNIT, *options, check=False, **how)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


def post(shouwang, kind, query, body, token=TOKEN):
    status, answer = whole.local.http("POST", shouwang.url("intake", f"/v1/import/{kind}?{query}"), body.encode(),
                                      {"Content-Type": "text/csv", "Authorization": f"Bearer {token}"})
    return status, json.loads(answer)


def signals(shouwang):
    return [record["value"] for record in shouwang.read_topic("signals")]


def wait_judged(shouwang, count):
    wait_until(lambda: shouwang.metric("triage", "sw_triage_events_total") >= count, f"{count} events judged")


def test_history_fills_and_pages_nobody(shouwang, tmp_path):
    done = run_import(shouwang, "screening", write(tmp_path / "a.csv", answers(PUPIL, 3), end="\r\n"))
    assert (done["rows"], done["accepted"], done["refused"], done["contacts"]) == (1, 1, 0, [])
    wait_judged(shouwang, 1)
    assert [(one["rule"], one["silent"]) for one in signals(shouwang)] == [("phq9_item9_3", True)]
    assert shouwang.sends() == []


def test_what_is_wrong_has_its_row_and_column(shouwang, tmp_path):
    path = write(tmp_path / "b.csv", answers("B1", 0), answers("B2", 4), "", answers("B3", "x"), "B4,0", answers("", 0),
                 answers("B6", 0, "2015"), 'B"7,0', answers("B8", 1))
    done = run_import(shouwang, "screening", path, code=REFUSED)
    found = {error["row"]: (error.get("column"), error["reason"]) for error in done["errors"]}
    assert found == {3: (10, "out_of_range"), 5: (10, "bad_number"), 6: (None, "wrong_count"), 7: (1, "missing"),
                     8: (11, "wrong_instrument"), 9: (1, "bad_quotes")}
    assert (done["rows"], done["rows_refused"], done["accepted"]) == (8, 6, 2)
    text = shouwang.swctl("import", "screening", path, "--unit", UNIT, check=False).stderr
    assert f"{path}: row 3, column 10 PHQ-9/9: the number lies outside the field's range" in text


def test_a_quote_that_is_never_closed_ends_the_file(shouwang, tmp_path):
    done = run_import(shouwang, "screening", write(tmp_path / "c.csv", answers("C1", 0), '"C2,0', answers("C3", 0)), code=REFUSED)
    assert done["accepted"] == 1
    assert [(error["row"], error["reason"], error["lines"]) for error in done["errors"]] == [(3, "bad_quotes", 3)]


def test_intake_answers_for_a_file_by_itself(shouwang):
    body = "\n".join([HEADER, answers("D1", 0), answers("D2", 9)]) + "\n"
    status, answer = post(shouwang, "screening", f"unit={UNIT}", body)
    assert (status, answer["rows"], answer["accepted"]) == (400, 2, 1)
    assert [(error["row"], error["column"], error["name"], error["reason"]) for error in answer["errors"]] == \
        [(3, 10, "PHQ-9/9", "out_of_range")]
    for query, token, status, reason in (("", TOKEN, 400, "missing"), (f"unit={UNIT}&live=1", TOKEN, 400, "unknown_value"),
                                         ("unit=qh-erxiao", TOKEN, 403, "unit_not_allowed"),
                                         (f"unit={UNIT}&map=none", TOKEN, 400, "unknown_value"),
                                         (f"unit={UNIT}", "wrong", 401, "unauthorized")):
        assert (post(shouwang, "screening", query, body, token)[0],
                post(shouwang, "screening", query, body, token)[1]["reason"]) == (status, reason)
    assert post(shouwang, "screening", f"unit={UNIT}", "colour\n1\n")[1]["errors"][0]["reason"] == "unknown_column"
    assert post(shouwang, "attendance", f"unit={UNIT}", "")[1]["errors"][0]["reason"] == "missing"


def test_another_version_of_a_questionnaire_is_refused_over_events_too(shouwang):
    facts = {"unit": UNIT, "parties": [{"identifier": PUPIL, "role": "affected"}], "instrument": "PHQ-9"}
    for wrong, field in (({"version": "2015"}, "/data/version"), ({"item_count": 8}, "/data/item_count")):
        answer = shouwang.post(cloud_event("shouwang.screening.result", {**facts, **wrong}), expect=400)
        assert (answer["reason"], answer["field"]) == ("wrong_instrument", field)
    shouwang.post(cloud_event("shouwang.screening.result", {**facts, "version": "1999", "item_count": 9}))


def test_rolls_of_a_class_by_either_way(shouwang, maps, tmp_path):
    path = tmp_path / "rolls.csv"
    path.write_text("teacher,day,class,here,missing\n" + 2 * "X,2026-11-02,g7c1,41,3\n" + "X,2026-11-02,g7c2,40,41\n")
    done = run_import(shouwang, "attendance", path, "--map", maps / "rolls.yaml", code=REFUSED)
    assert [(error["row"], error["column"], error["reason"]) for error in done["errors"]] == [(4, 5, "out_of_range")]
    status, answer = post(shouwang, "attendance", f"unit={UNIT}&map=rolls", path.read_text())
    assert (status, answer["accepted"]) == (400, 2) and answer["errors"][0]["column"] == 5
    rolls = [record["value"] for record in shouwang.read_topic("events.attendance")]
    assert len(rolls) == 4 and len({roll["id"] for roll in rolls}) == 2, "equal rows are two, either way"
    assert all(roll["scope"]["group"] == "g7c1" and roll["attendance"]["absent_count"] == 3 for roll in rolls)
    assert '"X"' not in json.dumps(rolls)


def test_live_asks_before_anybody_is_called(shouwang, tmp_path):
    path = write(tmp_path / "e.csv", answers("20260002", 3))
    refused = run_import(shouwang, "screening", path, "--live", code=USAGE)
    assert "--yes" in refused
    told = shouwang.swctl("import", "screening", path, "--unit", UNIT, "--live", check=False, text="")
    assert told.returncode == USAGE and "phq9_item9_3" in told.stdout and "psych_teacher" in told.stdout
    assert shouwang.sends() == []
    done = run_import(shouwang, "screening", path, "--live", "--yes")
    assert done["contacts"][0]["count"] == 1 and done["accepted"] == 1
    shouwang.wait_phone(role="psych_teacher")


def test_a_person_at_a_terminal_says_yes_and_sees_it_go(shouwang, tmp_path):
    path = write(tmp_path / "g.csv", *(answers(f"G{number}", 0) for number in range(450)), answers("20260003", 3))

    def at_terminal(word):
        ours, theirs = os.openpty()
        child = subprocess.Popen([shouwang.binaries / "swctl", "import", "screening", path, "--unit", UNIT, "--live"],
                                 stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, **shouwang.environment()})
        os.close(theirs)
        os.write(ours, word.encode())
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # the terminal's other end is closed
            pass
        os.close(ours)
        return child.wait(timeout=60), shown.decode()

    code, shown = at_terminal("no\n")
    assert code == REFUSED and "Type yes" in shown and "nothing was sent" in shown
    code, shown = at_terminal("yes\n")
    assert code == OK and "200 of 451 rows, 0 refused" in shown and "###" in shown


def test_wrong_options_are_told(shouwang, tmp_path):
    path = write(tmp_path / "f.csv", answers("F1", 0))
    assert shouwang.swctl("import", "screening", path, check=False).returncode == USAGE
    assert shouwang.swctl("import", "screening", path, "--unit", "U P", check=False).returncode == USAGE
    assert shouwang.swctl("import", "screening", tmp_path / "none.csv", "--unit", UNIT, check=False).returncode == USAGE
    table = tmp_path / "map.yaml"
    table.write_text("of: screening\ncolumns: {a: {is: date}}\n")
    done = shouwang.swctl("import", "screening", path, "--unit", UNIT, "--map", table, check=False)
    assert done.returncode == REFUSED and f"{table}:2:" in done.stderr
    away = ("--set", "intake.url=http://127.0.0.1:1", "--set", "kafka.timeout=2s")
    done = shouwang.swctl(*away, "import", "screening", path, "--unit", UNIT, check=False)
    assert done.returncode == UNAVAILABLE and "import it again" in done.stderr


def test_an_unknown_pupil_is_linked_later(shouwang):
    shouwang.post(incident("concern", affected="nobody-knows"))
    case = shouwang.wait_case("the unknown pupil's", lambda case: case.get("unresolved"))
    people = [json.loads(line) for line in shouwang.swctl("--json", "ids", UNIT).stdout.splitlines()]
    pupil = next(person["id"] for person in people if person["kind"] == "student")
    words = ("link", UNIT, case["subject"])
    assert shouwang.swctl(*words, "p-nobody", *LEADER, check=False).returncode == REFUSED
    assert shouwang.swctl("link", UNIT, "u-none", pupil, *LEADER, check=False).returncode == REFUSED
    assert shouwang.swctl(*words, pupil, *LEADER).returncode == OK
    linked = shouwang.wait_case("the pupil's", lambda one: one["id"] == case["id"] and not one.get("unresolved"))
    assert linked["subject"] == pupil
