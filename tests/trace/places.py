"""The policies of config/packs/places, each laid over the reference pack: it loads, and its clocks are those of its place (domain:
reporting time limits). A made-up school plays one day under virtual time; nobody does anything, so that what is due is breached."""
import datetime
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

root, swctl = pathlib.Path(sys.argv[1]), sys.argv[2]
PLACES = root / "config/packs/places"
SCHOOL = root / "tests/trace/scenarios/school.yaml"
MINUTE, HOUR, DAY = 60, 3600, 86400
CRISIS = "{at: 09:00, type: incident.self_harm, about: lan, by: warden, place: on_campus, danger: happening}"
AWAY = "{at: %s, type: incident.self_harm, about: lan, by: warden, place: off_campus, danger: happening}"
HIGH_RISK = "{at: 09:00, type: incident.self_harm, about: lan, by: psych, place: on_campus, danger: past, injury: unknown}"

# Of each place: an event on Monday 2026-10-12 (or as said), and after how long what is due.
LIMITS = {
    "county_2018": [(CRISIS, {"phone_report": 20 * MINUTE, "written_report": 40 * MINUTE}),
                    (AWAY % "09:00", {"phone_report": 20 * MINUTE, "written_report": 40 * MINUTE})],
    "notice_1h": [(CRISIS, {"phone_report": HOUR}),
                  # Saturday evening: by telephone within the hour, on paper within the first of Monday
                  (AWAY % "2026-10-17 22:00", {"phone_report": HOUR, "written_report": DAY + 11 * HOUR}),
                  # within working hours it is the hour itself
                  (AWAY % "09:00", {"written_report": HOUR})],
    "template_24h": [(CRISIS, {"report": 2 * HOUR}), (HIGH_RISK, {"report": DAY})],
    "district_8h": [(CRISIS, {"first_report": 2 * HOUR, "written_report": 8 * HOUR}), (HIGH_RISK, {"report": DAY})],
    "ningbo": [(CRISIS, {"report": 10 * MINUTE, "investigation": 30 * DAY}), (HIGH_RISK, {"report": DAY})],
    "shanghai": [(CRISIS, {"report": 10 * MINUTE}), (HIGH_RISK, {"report": DAY})],
    "zhengzhou": [(CRISIS, {"report": 10 * MINUTE}), (HIGH_RISK, {"report": DAY})],
    "leshan": [(CRISIS, {"county_response": 30 * MINUTE, "city_response": 2 * HOUR, "expert_response": 4 * HOUR})],
    "zhaoqing": [(CRISIS, {"phone_report": 30 * MINUTE, "written_report": 2 * HOUR})],
    "infectious": [],  # a cluster is triage's; that it loads and names the limit is looked at below
}
# Of pupils who are missing: who is told when is what a scenario beside the others plays.
LADDERS = {"boarding", "night_roll", "ohio", "primary_absence", "shanghai_absence", "uk_school", "uk_school_b"}


def play(pack, steps, days):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copy(SCHOOL, folder / "school.yaml")
        text = "\n".join(f"      - {step}" for step in steps)
        (folder / "s.yaml").write_text(f"about: a place's clocks\npeople: school.yaml\nscenarios:\n  - id: clocks\n"
                                       f"    from: 2026-10-12 08:00\n    steps:\n{text}\n    until: {days}\n    show: settled\n"
                                       f"    expect: none\n")
        done = subprocess.run([swctl, "simulate", "--json", "--pack", str(pack), str(folder / "s.yaml")], capture_output=True,
                              text=True, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert lines, done.stderr
        return lines


def breaches(lines):
    """When each obligation was breached for the first time, in seconds since the epoch."""
    found = {}
    for line in lines:
        if line.get("line") == "obligation_breached":
            found.setdefault(line["fact_obligation"], int(line["fact_due_ms"]) // 1000)
    return found


def opened(lines):
    return next(int(datetime.datetime.fromisoformat(line["time"]).timestamp()) for line in lines
                if line.get("line") == "case_opened")


def test_clocks(place, pack):
    for event, limits in LIMITS[place]:
        longest = max(limits.values())
        start = re.search(r"2026-10-(\d\d)", event)
        first = datetime.datetime(2026, 10, int(start[1]) if start else 12, 22 if start else 9)
        until = first + datetime.timedelta(seconds=longest + MINUTE)
        on_scene = ["{at: 09:00:30, by: duty, does: met on_scene}"] if "on_campus, danger: happening" in event else []
        lines = play(pack, [event, *on_scene], until.strftime("%Y-%m-%d %H:%M"))
        start, found = opened(lines), breaches(lines)
        for obligation, after in limits.items():
            assert found.get(obligation, 0) - start == after, f"{place}: {obligation} after {found.get(obligation, 0) - start} s"


def test_result_counts_from_the_settlement(pack):
    lines = play(pack, [CRISIS, "{at: 09:00:20, by: duty, does: ack}", "{at: 10:00, by: duty, does: settle}"],
                 "2026-10-27 10:01")
    assert breaches(lines)["result_report"] - opened(lines) == HOUR + 15 * DAY


def test_ladder(place, pack):
    done = subprocess.run([swctl, "simulate", "--quiet", "--pack", str(pack), str(SCHOOL.parent / f"place_{place}.yaml")],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{place}: {done.stdout}{done.stderr}"


def main():
    places = sorted(path.stem for path in PLACES.glob("*.yaml"))
    assert places == sorted([*LIMITS, *LADDERS]), f"a place without limits, or limits without a place: {places}"
    with tempfile.TemporaryDirectory() as name:
        for place in places:
            pack = pathlib.Path(name) / place
            shutil.copytree(root / "config/packs/reference", pack)
            shutil.copy(PLACES / f"{place}.yaml", pack / "policies/00_place.yaml")
            done = subprocess.run([swctl, "check", str(pack)], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{place}: {done.stdout}{done.stderr}"
            if place in LADDERS:
                test_ladder(place, pack)
                continue
            test_clocks(place, pack)
            if place == "zhengzhou":
                test_result_counts_from_the_settlement(pack)
    assert "within: 24h, anchor: opened, owner: county_centre" in (PLACES / "infectious.yaml").read_text()


main()
