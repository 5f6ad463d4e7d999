"""swctl simulate: what it says of a scenario that differs, of one with mistakes, and of commands that are none."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE, SWCTL = pathlib.Path(sys.argv[1]), sys.argv[2]
SCHOOL = SOURCE / "tests/trace/scenarios/school.yaml"
OK, REFUSED, USAGE = 0, 1, 2

SCENARIO = """
people: school.yaml
scenarios:
  - id: one
    from: 2026-10-12 08:00
    steps:
      - {{at: 09:00, type: incident.self_harm, about: lan, by: warden, place: on_campus, danger: happening}}
      - {step}
    until: 09:03:30
    show: {show}
    never: {never}
    expect: |
      {expect}
"""
CALLED = "2026-10-12 09:03:00 #1 tell principal boss voice+sms step/2"
ACK = "{at: 09:00:10, by: psych, does: ack}"


def simulate(*options, step=ACK, show="boss step/2", never="tell nobody", expect=CALLED):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "one.yaml"
        path.write_text(SCENARIO.format(step=step, show=show, never=never, expect=expect))
        (pathlib.Path(folder) / "school.yaml").write_text(SCHOOL.read_text())
        return subprocess.run([SWCTL, *options, str(path)], capture_output=True, text=True, timeout=100, check=False, cwd=SOURCE)


class Test(unittest.TestCase):
    def test_what_comes_as_it_says(self):
        # The principal's number was rung for the call that nobody recorded: the step's own call goes as an SMS.
        done = simulate("simulate", "--quiet", expect=CALLED.replace("voice+", "sms(voice)+"))
        self.assertEqual((done.returncode, done.stdout), (OK, "1 passed, 0 failed\n"), done.stderr)

    def test_what_differs_is_a_diff(self):
        done = simulate("simulate", "--quiet")
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("  - " + CALLED, done.stdout)
        self.assertIn("  + " + CALLED.replace("voice+", "sms(voice)+"), done.stdout)

    def test_what_must_never_be(self):
        done = simulate("simulate", "--quiet", show="nothing at all", expect="none", never="tell class_teacher voice")
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("  ! 2026-10-12 09:00:00 #1 tell class_teacher teacher voice+sms+wecom step/0", done.stdout)

    def test_every_effect_is_a_line_of_json(self):
        done = simulate("--json", "simulate")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        first = next(line for line in lines if line.get("state") == "accepted")
        self.assertEqual({key: first[key] for key in ("time", "scenario", "what", "case", "who", "role", "channel", "cause", "level")},
                         {"time": "2026-10-12T09:00:00.000+08:00", "scenario": "one", "what": "notice", "case": 1, "who": "duty",
                          "role": "duty_leader", "channel": "voice", "cause": "0", "level": "crisis"})
        self.assertEqual(lines[-2]["missing"], [CALLED])
        self.assertEqual(lines[-1], {"passed": 0, "failed": 1})

    def test_mistakes_have_their_place(self):
        for step, told in (("{at: 25:00, by: duty, does: ack}", "8:14: expected a time"),
                           ("{at: 09:01, does: ack}", "8:9:"),
                           ("{at: 09:01, by: duty}", "expected the key \"at\", and one of type, does"),
                           ("{at: 08:30, by: duty, does: ack}", "8:9: is earlier"),
                           ("{at: 09:01, by: duty, does: topics}", "8:9: this cannot be done"),
                           ("{at: 09:01, by: duty, does: met}", "8:9: this cannot be done"),
                           ("{at: 09:01, by: duty, does: ack, case: 7}", "8:9: this cannot be done"),
                           ("{at: 09:01, by: boss, answers: voice}", "8:9: the provider has nothing"),
                           ("{at: 09:01, type: incident.self_harm, place: nowhere}", "8:9: /data/place"),
                           ("{at: 09:01, directory: {people: [{unit: school, ref: nobody, remove: true}]}}", "nobody of that name"),
                           ("{at: 09:01, directory: {people: [{unit: school, ref: lan, group: k9}]}}", "k9")):
            done = simulate("simulate", "--quiet", step=step)
            self.assertEqual(done.returncode, REFUSED, (step, done.stdout, done.stderr))
            self.assertIn(told, done.stderr, step)
        self.assertIn("begins with its time", simulate("simulate", expect="sometime").stderr)
        self.assertEqual(subprocess.run([SWCTL, "simulate"], capture_output=True, check=False).returncode, USAGE)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
