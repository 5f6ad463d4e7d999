"""One whole Shouwang for an end-to-end test: deploy/local with what tests ask of it.

    def test_an_incident_reaches_the_duty_leader(shouwang):
        shouwang.post(incident("self_harm", unit="…", affected="…"))
        call = shouwang.wait_phone(role="duty_leader", channel="voice")
        assert "…" in call["text"]

Nothing here sleeps: every wait is for a condition, with a bound. Persons are made up (config/sample).
"""
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import subprocess
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
_loader = importlib.machinery.SourceFileLoader("shouwang_local", str(ROOT / "deploy/local"))
_spec = importlib.util.spec_from_loader("shouwang_local", _loader)
local = importlib.util.module_from_spec(_spec)
_loader.exec_module(local)
wait_until = local.wait_until


def cloud_event(type_, data, source="/test/school", id_=None, time=None):
    """A CloudEvent in structured mode, as a dictionary."""
    event = {"specversion": "1.0", "id": id_ or str(uuid.uuid4()), "source": source, "type": type_,
             "datacontenttype": "application/json", "data": data}
    if time:
        event["time"] = time
    return event


def incident(kind, unit, affected=None, **facts):
    """An incident of one affected pupil, named by the school's own number."""
    parties = facts.pop("parties", None)
    if parties is None:
        parties = [{"identifier": affected, "role": "affected"}] if affected else []
    source = facts.pop("source", "/test/school")
    id_ = facts.pop("id_", None)
    return cloud_event(f"shouwang.incident.{kind}", {"unit": unit, "parties": parties, **facts}, source, id_)


class Shouwang(local.Local):
    """deploy/local's Local, and what a test asks of it."""

    token = None

    def post(self, event, token=None, expect=202, **headers):
        """Posts a CloudEvent (or a list: a batch) to intake; answers the body as JSON."""
        kind = "application/cloudevents-batch+json" if isinstance(event, list) else "application/cloudevents+json"
        status, body = local.http("POST", self.url("intake", "/v1/events"), json.dumps(event).encode(),
                                  {"Content-Type": kind, "Authorization": f"Bearer {token or self.token}", **headers})
        assert status == expect, f"{status}, not {expect}: {body.decode(errors='replace')}"
        return json.loads(body) if body else None

    # --- the pretend phones

    def sends(self, **wanted):
        """What the phones were sent, oldest first, as dictionaries of services/ctl/phone.h's log; only those whose
        members equal `wanted`."""
        try:
            lines = (self.process("phone").folder / "sends.jsonl").read_text().splitlines()
        except OSError:
            return []
        found = [json.loads(line) for line in lines if line.endswith("}")]
        return [send for send in found if all(send.get(name) == value for name, value in wanted.items())]

    def wait_phone(self, seconds=15, count=1, **wanted):
        """The first such send that was accepted; the `count` first, as a list, when that is more than 1."""
        def accepted():
            found = self.sends(answer=200, **wanted)
            return found if len(found) >= count else None
        found = wait_until(accepted, f"a phone with {wanted}", seconds)
        return found[0] if count == 1 else found[:count]

    # --- topics and cases

    def read_topic(self, topic):
        """Every record of a topic, decoded, oldest first within each partition."""
        done = self.swctl("--json", "tail", topic, "--from-start", "--to-end")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def kcat(self, topic, *options):
        """The text that kcat prints of a topic, from its start to its end, as a stranger's consumer sees it."""
        name = f"{self.settings.get('topic_prefix', 'sw')}.{topic}.v1"
        done = subprocess.run(["kcat", "-C", "-e", "-q", "-b", self.settings["bootstrap_servers"], "-t", name,
                               "-X", "isolation.level=read_committed", *options],
                              capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    def cases(self):
        return self.swctl_json("cases")

    def wait_case(self, what, condition, seconds=15):
        """The first case for which `condition` holds."""
        return wait_until(lambda: next((case for case in self.cases() if condition(case)), None), what, seconds)


def start(folder, parts=local.EVERYTHING, **settings):
    """A running Shouwang on the Kafka and Redis of tests/run if there are any, under a topic prefix of its own."""
    shouwang = Shouwang(folder, os.environ.get("SW_TEST_BIN"))
    shouwang.remember(topic_prefix=f"t{uuid.uuid4().hex[:8]}", **settings)
    if "SW_TEST_BOOTSTRAP" in os.environ:
        shouwang.remember(bootstrap_servers=os.environ["SW_TEST_BOOTSTRAP"])
        parts = [part for part in parts if part != "kafka"]
    try:
        shouwang.start(parts)
    except BaseException:
        shouwang.stop()
        raise
    return shouwang
