"""swctl roster on files alone: show, check, export and import, with their exit codes. The people are made up."""
import json
import pathlib
import subprocess
import sys
import tempfile

root, swctl = pathlib.Path(sys.argv[1]), sys.argv[2]
SAMPLE = [f"{root}/config/sample/{name}.yaml" for name in ("county", "qh-yizhong", "qh-erxiao", "qh-gaozhong")]


def run(*arguments, directory=SAMPLE):
    files = [word for path in directory for word in ("--directory", str(path))]
    return subprocess.run([swctl, *map(str, arguments), *files], capture_output=True, text=True, check=False)


def stretches(role, *more, directory=SAMPLE):
    done = run("roster", "show", "qh-yizhong", "--from", "2026-11-23", "--to", "2026-11-30", "--role", role, "--json", *more,
               directory=directory)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_show():
    week = stretches("duty_leader")
    assert week[0]["from"] == "2026-11-22T16:00:00.000Z" and week[-1]["to"] == "2026-11-29T16:00:00.000Z"
    assert all(before["to"] == after["from"] for before, after in zip(week, week[1:]))
    assert all(stretch["on_duty"] for stretch in week)
    assert run("roster", "show", "nowhere").returncode == 1
    assert run("roster", "show", "qh-yizhong", "--from", "tomorrow").returncode == 2


def test_export_and_import_are_each_other(folder):
    calendar = run("roster", "export", "qh-yizhong", "duty_leader")
    assert calendar.returncode == 0 and calendar.stdout.startswith("BEGIN:VCALENDAR")
    path = folder / "duty.ics"
    path.write_text(calendar.stdout)
    again = run("roster", "import", "qh-yizhong", "duty_leader", path, "--json")
    assert again.returncode == 0 and json.loads(again.stdout)["shifts"] == calendar.stdout.count("BEGIN:VEVENT")
    path.write_text(calendar.stdout.replace("urn:shouwang:person:Y02", "urn:shouwang:person:NOBODY"))
    refused = run("roster", "import", "qh-yizhong", "duty_leader", path)
    assert refused.returncode == 1 and f"{path}:" in refused.stderr and "no such person" in refused.stderr, refused.stderr
    assert run("roster", "import", "qh-yizhong", "guardians", path).returncode == 2


def test_check_exits_with_gaps(folder):
    assert run("roster", "check").returncode == 0
    path = folder / "gap.yaml"
    path.write_text("""units: [{id: s1, kind: school, label: S}]
people:
  - {unit: s1, ref: T1, kind: staff, name: A, addresses: [{phone: "1"}], roles: [{role: last_responder}, {role: psych_teacher}]}
  - {unit: s1, ref: T2, kind: staff, name: B}
rosters:
  - unit: s1
    role: duty_leader
    shifts: [{days: [mon, tue, wed, thu, fri, sat, sun], from: "08:00", to: "07:00", person: T2}]
""")
    done = run("roster", "check", "s1", "--days", "2", "--json", directory=[path])
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert sum(line["finding"] == "roster_gap" for line in found) >= 2
    assert any(line["finding"] == "unreachable" and line["person"] == "T2" for line in found)


test_show()
with tempfile.TemporaryDirectory() as name:
    test_export_and_import_are_each_other(pathlib.Path(name))
    test_check_exits_with_gaps(pathlib.Path(name))
