"""swctl on a running Shouwang: every command reports an outcome, by its text and by its exit code."""
import json
import re
import shutil
import subprocess
import uuid

import pytest

from shouwang import ROOT, UNIT, TOKEN, cloud_event, incident, wait_until

OK, REFUSED, USAGE, UNAVAILABLE = 0, 1, 2, 3
LEADER = ("--as", "yz-leader", "--role", "duty_leader")


@pytest.fixture(scope="module")
def case(shouwang):
    """The id of a crisis whose first call has gone out."""
    shouwang.post(incident("self_harm", danger="happening", place="on_campus"))
    shouwang.wait_phone(role="duty_leader", channel="voice", seconds=30)
    return shouwang.wait_case("the crisis", lambda one: one["kind"] == "self_harm")["id"]


def ask(shouwang, *words, **options):
    done = shouwang.swctl("--json", *words, check=False, **options)
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None


def test_an_acknowledgement_is_applied(shouwang, case):
    code, answer = ask(shouwang, "ack", case, "--as", "yz-leader")
    assert (code, answer["outcome"]) == (OK, "applied")
    assert len(answer["command_id"]) == 32


def test_evidence_is_judged_and_sealed(shouwang, case):
    secret = "li_laoshi_made_up"  # looks like a code, and is none of the policy's
    code, answer = ask(shouwang, "met", case, "emergency_call", "--performed-at", "1m", "--evidence",
                       f"caller={secret}", "--evidence", "call=carrier_pigeon", *LEADER)
    assert (code, answer["outcome"], answer["reason"]) == (REFUSED, "refused", "evidence_code")
    code, answer = ask(shouwang, "met", case, "emergency_call", "--performed-at", "1m", "--evidence",
                       f"caller={secret}", "--evidence", "call=120", *LEADER)
    assert (code, answer["outcome"]) == (OK, "applied")
    code, shown = ask(shouwang, "case", "show", case)
    obligations = {one["id"]: one for one in shown["case"]["episodes"][0]["obligations"]}
    assert obligations["emergency_call"]["state"].startswith("met")
    assert secret not in json.dumps(shown)
    assert "120" in [fact.get("code") for fact in obligations["emergency_call"]["evidence"]]
    assert secret not in shouwang.swctl("tail", "commands", "--from-start", "--to-end").stdout
    told = shouwang.swctl("case", "show", case).stdout.splitlines()
    assert any(line.startswith("why: ") for line in told)
    chronology = [line for line in told if re.match(r"\d{4}-\d\d-\d\dT\S+  \w", line)]
    assert any(" case_opened " in line for line in chronology)
    assert any(" obligation_met" in line and "(duty_leader)" in line for line in chronology)


def test_refusals_say_why(shouwang, case):
    assert ask(shouwang, "close", case, "true", *LEADER)[1]["reason"] == "not_settled"
    assert ask(shouwang, "met", case, "no_such_thing", *LEADER)[1]["reason"] == "unknown_obligation"
    code, answer = ask(shouwang, "waive", case, "written_report", "--reason", "made up", *LEADER)
    assert (code, answer["outcome"]) == (OK, "applied")


def test_a_conflict_is_set_by_a_code(shouwang, case):
    assert shouwang.swctl("conflict", case, "p-x", "--reason", "dislikes", *LEADER, check=False).returncode == USAGE
    assert ask(shouwang, "conflict", case, "p-x", "--reason", "pupil_fears", *LEADER)[0] == OK
    code, shown = ask(shouwang, "case", "show", case)
    assert [one["person"] for one in shown["case"]["conflicts"]] == ["p-x"]


def test_wrong_usage_sends_nothing(shouwang, case):
    before = shouwang.count("commands")
    for words in (["ack"], ["ack", case, "--nonsense"], ["waive", case, "written_report", *LEADER],
                  ["level", case, "purple", *LEADER], ["met", case, "x", "--performed-at", "yesterday", *LEADER],
                  ["met", case, "x", "--evidence", "novalue", *LEADER], ["frobnicate"], []):
        assert shouwang.swctl(*words, check=False).returncode == USAGE, words
    assert shouwang.swctl("ack", "f" * 32, *LEADER, check=False).returncode == REFUSED
    assert shouwang.count("commands") == before


def test_a_command_without_an_escalator_is_pending(shouwang, case):
    shouwang.process("escalator-0").stop()
    code, answer = ask(shouwang, "note", case, "made up", "--wait", "500ms", *LEADER)
    assert (code, answer["outcome"]) == (UNAVAILABLE, "pending")
    shouwang.start_service("escalator")
    command = answer["command_id"]
    wait_until(lambda: any(line["value"].get("command_id") == command for line in shouwang.read_topic("journal")),
               "it is applied later")


def test_a_level_goes_up_by_anybody_and_down_by_a_psychologist(shouwang):
    shouwang.post(incident("concern", affected="20260002"))
    one = shouwang.wait_case("the concern", lambda case: case["kind"] in ("concern", "wellbeing"))["id"]
    assert ask(shouwang, "level", one, "high", "--reason", "made up", "--as", "yz-class")[0] == OK
    code, answer = ask(shouwang, "level", one, "warning", "--reason", "made up", "--as", "yz-class")
    assert (code, answer["reason"]) == (REFUSED, "not_psych_teacher")
    assert ask(shouwang, "level", one, "warning", "--reason", "made up", "--as", "yz-psych")[0] == OK
    assert ask(shouwang, "case", "show", one)[1]["case"]["level"] == "warning"


def test_a_false_alarm_needs_two(shouwang):
    shouwang.post(incident("accident", affected="20260003", place="on_campus"))
    one = shouwang.wait_case("the accident", lambda case: case["kind"] == "accident")["id"]
    assert ask(shouwang, "stand-down", one, "--reason", "mistaken", "--as", "yz-leader")[0] == OK
    code, answer = ask(shouwang, "stand-down", one, "--confirm", "--as", "yz-leader")
    assert (code, answer["reason"]) == (REFUSED, "same_person")
    assert ask(shouwang, "stand-down", one, "--confirm", "--as", "yz-leader2")[0] == OK
    assert ask(shouwang, "case", "show", one)[1]["case"]["state"] == "stood_down"


def test_a_case_is_settled_and_closed(shouwang):
    shouwang.post(incident("concern", affected="20260005"))
    known = lambda case: case["kind"] in ("concern", "wellbeing") and case["state"] != "stood_down"
    one = shouwang.wait_case("another concern", lambda case: known(case) and case["level"] == "attention")["id"]
    assert ask(shouwang, "settle", one, "--summary", "made up", "--as", "yz-leader")[0] == OK
    code, shown = ask(shouwang, "case", "show", one)
    for episode in shown["case"]["episodes"]:
        for duty in episode.get("obligations", []):
            if duty["state"] in ("pending", "warned", "breached"):
                assert ask(shouwang, "waive", one, duty["id"], "--reason", "made up", "--as", "yz-leader")[0] == OK
    assert ask(shouwang, "close", one, "benign", "--as", "yz-leader")[0] == OK
    assert ask(shouwang, "case", "show", one)[1]["case"]["state"] == "closed"
    assert one not in shouwang.swctl("cases", "--open").stdout


def test_a_held_guardian_is_released(shouwang):
    shouwang.post(incident("abuse_suspected", affected="20260004"))
    one = shouwang.wait_case("the suspicion", lambda case: case["kind"] == "abuse_suspected")
    held = [hold["what"] for hold in one["holds"]]
    assert held
    assert ask(shouwang, "release", one["id"], held[0], "--reason", "made up", "--as", "yz-psych")[0] == OK
    assert ask(shouwang, "release", one["id"], "nobody", "--as", "yz-psych")[1]["reason"] == "not_held"


def test_the_journal_verifies(shouwang, case):
    done = shouwang.swctl("journal", "verify")
    assert UNIT in done.stdout


def test_tail_shows_no_key(shouwang):
    records = shouwang.read_topic("keys")
    assert records and all(not record["value"].get("key") for record in records)
    assert shouwang.swctl("tail", "no.such.topic", check=False).returncode == USAGE


def test_an_event_waits_in_the_spool(shouwang, tmp_path):
    event = tmp_path / "event.json"
    event.write_text(json.dumps(incident("concern", source="/test/spool", id_="spooled")))
    spool = tmp_path / "spool"
    away = ("--set", "intake.url=http://127.0.0.1:9", "--set", f"intake.token={TOKEN}")
    here = ("--set", f"intake.token={TOKEN}")
    assert shouwang.swctl(*away, "emit", event, check=False).returncode == UNAVAILABLE
    assert shouwang.swctl(*away, "emit", event, "--spool", spool).returncode == OK
    assert len(list(spool.iterdir())) == 1
    assert shouwang.swctl(*away, "emit", "--flush", "--spool", spool, check=False).returncode == UNAVAILABLE
    assert shouwang.swctl(*here, "emit", "--flush", "--spool", spool).returncode == OK
    assert not list(spool.iterdir())


def test_a_refused_event_is_not_spooled(shouwang, tmp_path):
    bad = json.dumps(cloud_event("shouwang.incident.concern", {"unit": "not-ours"}))
    done = shouwang.swctl("--set", f"intake.token={TOKEN}", "emit", "-", "--spool", tmp_path / "spool", text=bad,
                          check=False)
    assert done.returncode == REFUSED and not (tmp_path / "spool").exists()


def test_checks_of_pack_and_directory(shouwang, tmp_path):
    assert shouwang.swctl("check", "config/packs/reference", "--directory").returncode == OK
    folder = tmp_path / "pack/policies"
    folder.mkdir(parents=True)
    (folder / "bad.yaml").write_text("policies:\n  - {id: x, match: {lvl: crisis}}\n")
    done = shouwang.swctl("check", tmp_path / "pack", check=False)
    assert done.returncode == REFUSED and "bad.yaml:2:" in done.stderr
    done = shouwang.swctl("pack", "activate", tmp_path / "pack", "--jurisdiction", "fenyang", check=False)
    assert done.returncode == REFUSED


def test_a_check_tells_who_would_not_be_there(shouwang, tmp_path):
    """A county of its own, whose school has nobody on duty on Sundays and no principal."""
    for path in (ROOT / "config/sample").glob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace("{role: principal, substitute: Y02}", "{role: duty_manager}")
        if path.stem == "qh-yizhong":
            text = re.sub(r'{days: sun, from: "07:30"[^}]*},', "", text)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    own = ["--set", f"topic.prefix=gaps{uuid.uuid4().hex[:8]}"]
    shouwang.swctl(*own, "topics", "--single", "--partitions", "2")
    shouwang.swctl(*own, "import", "directory", *sorted(tmp_path.glob("*.yaml")))
    done = shouwang.swctl(*own, "--json", "check", "config/packs/reference", "--directory", "--days", "7", check=False)
    assert done.returncode == REFUSED
    found = [json.loads(line) for line in done.stdout.splitlines()[1:]]
    gap = next(finding for finding in found if finding["finding"] == "roster_gap")
    assert gap["error"] and (gap["unit"], gap["role"]) == ("qh-yizhong", "duty_leader")
    assert gap["to"].endswith("T11:00:00.000Z"), "19:00 in China"
    assert {"finding": "role_falls_up", "error": False, "unit": "qh-yizhong", "role": "principal", "gap": "no_holder"} in found
    assert not [finding for finding in found if finding["finding"] == "no_such_channel"]
    # Who is on duty has a telephone, and no Feishu: a step over that alone would reach nobody.
    shutil.copytree(ROOT / "config/packs/reference", tmp_path / "pack")
    path = tmp_path / "pack/policies/high.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if "unless: acked, notify: [class_teacher, grade_head]" in line)
    lines[at] = lines[at].replace("via: [voice, sms]", "via: [feishu]")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = shouwang.swctl(*own, "--json", "check", tmp_path / "pack", "--directory", "--days", "7", check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    mute = [(one["error"], one["file"], one["line"], one["what"]) for one in found if one.get("finding") == "no_such_channel"]
    assert done.returncode == REFUSED and mute == [(True, "policies/high.yaml", at + 1, "fenyang/high")]


def test_one_file_is_enough_for_an_import(shouwang):
    before = {tuple(person.items()) for person in ids(shouwang)}
    done = shouwang.swctl("--json", "import", "directory", "config/sample/county.yaml")
    assert json.loads(done.stdout)["files"] == 1
    assert json.loads(done.stdout)["keys"] == 0, "keys that are there are kept"
    assert {tuple(person.items()) for person in ids(shouwang)} == before
    assert shouwang.swctl("import", "directory", check=False).returncode == USAGE


def ids(shouwang, unit=UNIT):
    return [json.loads(line) for line in shouwang.swctl("--json", "ids", unit).stdout.splitlines()]


def test_ids_of_a_unit(shouwang):
    people = ids(shouwang)
    assert {one["kind"] for one in people} >= {"student", "staff", "guardian", "group"}
    assert shouwang.swctl("ids", "nowhere", check=False).returncode == REFUSED


def test_topics_are_as_the_table_says(shouwang):
    assert shouwang.swctl("topics", "--check", "--single", "--partitions", "4", check=False).returncode == OK


def test_the_card_of_a_day_has_names_and_numbers(shouwang):
    card = shouwang.swctl("roster", "card", UNIT, "--day", "2026-11-24").stdout
    assert "值班领导 duty leader" in card and "00:00" in card and "24:00" in card
    assert "100-0002000" in card and "110" in card and "?" not in card, card
    assert shouwang.swctl("roster", "card", "nowhere", check=False).returncode == REFUSED
    assert shouwang.swctl("roster", "card", UNIT, "--day", "tomorrow", check=False).returncode == USAGE


def test_a_signal_explains_itself(shouwang, case):
    signal = next(one["value"] for one in shouwang.read_topic("signals") if one["value"]["kind"] == "self_harm")
    text = shouwang.swctl("explain", signal["id"]).stdout
    assert "危机 crisis" in text and "what held" in text
    for why in signal["why"]:
        assert why["rule"] in text and why["text"] in text
    assert ask(shouwang, "explain", signal["id"]) == (OK, signal)
    assert shouwang.swctl("explain", "f" * 32, check=False).returncode == REFUSED
    assert shouwang.swctl("explain", "short", check=False).returncode == USAGE


def test_a_backtest_of_the_active_pack_differs_in_nothing(shouwang, case):
    done = shouwang.swctl("--json", "backtest", ROOT / "config/packs/reference", "--against", ROOT / "config/packs/reference")
    totals = json.loads(done.stdout.splitlines()[-1])
    assert totals["events"] > 0 and totals["signals_after"] > 0
    assert (totals["raised"], totals["lowered"], totals["changed"]) == (0, 0, 0)


def test_a_backtest_tells_what_a_candidate_would_change_of_the_active_pack(shouwang, case, tmp_path):
    """Without --against and without files: the pack and the events are those of the topics."""
    pack = tmp_path / "candidate"
    shutil.copytree(ROOT / "config/packs/reference", pack)
    rules = pack / "rules/concerns.yaml"
    text = rules.read_text(encoding="utf-8")
    old = "then: {level: attention, layer: class, kind: wellbeing, tell: [class_teacher, psych_teacher]}"
    assert text.count(old) == 1
    rules.write_text(text.replace(old, old.replace("attention", "warning")), encoding="utf-8")
    shouwang.post(incident("concern", affected="20260002"))
    concerns = {one["value"]["id"] for one in shouwang.read_topic("events.incident") if one["value"]["kind"] == "concern"}
    assert concerns
    before = shouwang.read_topic("signals")
    *changes, totals = [json.loads(line) for line in shouwang.swctl("--json", "backtest", pack).stdout.splitlines()]
    raised = {one["event"]: one for one in changes}
    assert raised.keys() == concerns and totals["raised"] == len(concerns) == len(changes)
    for one in raised.values():
        assert (one["change"], one["before"]["level"], one["after"]["level"]) == ("raised", "attention", "warning")
        assert "concern" in one["after"]["rules"].split()
    assert [one["value"]["id"] for one in shouwang.read_topic("signals")] == [one["value"]["id"] for one in before], "nothing is written"
    assert shouwang.swctl("--json", "backtest", ROOT / "config/packs/reference").stdout.count("\n") == 1


def test_rebuild_makes_the_read_model_anew(shouwang, case):
    def shown():
        return (shouwang.board() or {}).get("cases", [])
    wait_until(shown, "the board")
    before = shouwang.metric("relay", "sw_relay_model_rebuilds_total")
    done = shouwang.swctl("rebuild")
    assert "begun anew" in done.stdout
    wait_until(lambda: any(one["id"] == case for one in shown()), "the case is back")
    assert shouwang.metric("relay", "sw_relay_model_rebuilds_total") == before + 1


def test_bash_completes_commands_and_options(shouwang):
    script = shouwang.swctl("completion", "bash").stdout
    ask_bash = ('eval "$1"; COMP_WORDS=("${@:2}"); COMP_CWORD=$(($# - 2)); _swctl; printf "%s\\n" "${COMPREPLY[@]}"')

    def complete(*words):
        done = subprocess.run(["bash", "-c", ask_bash, "-", script, *words], capture_output=True, text=True, check=True)
        return done.stdout.split()
    assert complete("swctl", "keys", "") == ["generate", "rotate", "split", "recover", "curve"]
    assert complete("swctl", "--json", "subsc") == ["subscribe"]
    assert "--since" in complete("swctl", "subscribe", "--")
    assert "--against" in complete("swctl", "backtest", "--")
    assert complete("swctl", "roster", "card", "--d") == ["--day"]
