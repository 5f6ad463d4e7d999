"""The live wire, as services/relay/PROTOCOL.md describes it: a stranger's client on pyzmq, and swctl subscribe."""
import json
import os
import pathlib
import signal
import subprocess

import pytest
import zmq
import zmq.auth
from confluent_kafka import Producer

from shouwang import UNIT, incident, wait_until

ALERTS = f"alerts.qinghe.{UNIT}."


class Client:
    """One integrator. `away()` lets go of the connection; what it knows of its position stays."""

    def __init__(self, shouwang, key, server_key=None):
        self.settings = shouwang.settings
        self.public, self.secret = key
        self.server_key = (server_key or self.settings["wire_public_key"]).encode()
        self.context = zmq.Context()
        self.sub = None
        self.dealer = self._socket(zmq.DEALER, "wire_ask")
        self.asked = 0

    def _socket(self, kind, where):
        socket = self.context.socket(kind)
        socket.linger = 0
        socket.sndtimeo = 1000
        socket.curve_publickey, socket.curve_secretkey = self.public, self.secret
        socket.curve_serverkey = self.server_key
        socket.connect(self.settings[where])
        return socket

    def subscribe(self, *prefixes):
        self.sub = self._socket(zmq.SUB, "wire_publish")
        for prefix in prefixes:
            self.sub.subscribe(prefix)

    def away(self):
        self.sub.close()
        self.sub = None

    def receive(self, seconds):
        """(topic, sequence, headers, body) of the next message; None when none came in time."""
        if not self.sub.poll(seconds * 1000):
            return None
        topic, sequence, headers, body = self.sub.recv_multipart()
        return topic.decode(), sequence.decode(), json.loads(headers), body

    def ask(self, verb, prefix, *positions, credit=1000, seconds=10):
        """(sequences, the frames behind END's id) or (sequences, the error's reason); None: no answer at all."""
        self.asked += 1
        id_ = str(self.asked).encode()
        try:
            self.dealer.send_multipart([verb, id_, prefix.encode(), str(credit).encode(), *positions])
        except zmq.Again:  # libzmq takes nothing for a connection that was refused
            return None
        found = []
        while self.dealer.poll(seconds * 1000):
            kind, answered, *rest = self.dealer.recv_multipart()
            if answered != id_:
                continue
            if kind == b"DATA":
                found.append(rest[1].decode())
                if len(found) % credit == 0:
                    self.dealer.send_multipart([b"CREDIT", id_, str(credit).encode()])
            elif kind == b"END":
                return found, rest
            elif kind == b"ERROR":
                return found, rest[0].decode()
        return None


@pytest.fixture(scope="module")
def partner(shouwang, folder):
    """Makes a client: partner("qh-police", "alerts.qinghe."); without prefixes its key is known to nobody."""
    made = []

    def make(name, *prefixes):
        path = folder / f"{name}.key"
        shouwang.swctl("keys", "curve", path)
        public, secret = zmq.auth.load_certificate(path)
        if prefixes:
            with open(shouwang.settings["wire_clients"], "a", encoding="ascii") as file:
                print(name, public.decode(), *prefixes, file=file)
            ended = shouwang.process("relay").log.read_text().count(' wire_open ')
            shouwang.process("relay").signal(signal.SIGHUP)
            wait_until(lambda: shouwang.process("relay").log.read_text().count(' wire_open ') > ended, "the clients are read")
        made.append(Client(shouwang, (public, secret)))
        made[-1].key_file = path
        return made[-1]

    yield make
    for client in made:
        client.context.destroy(linger=0)


def happen(shouwang, pupil="20260001"):
    """Something that has an alert, and waits for it on the topic; answers the sequences of all alerts."""
    before = len(sequences(shouwang))
    shouwang.post(incident("self_harm", affected=pupil, danger="imminent", place="on_campus"))
    return wait_until(lambda: (now := sequences(shouwang)) and len(now) > before and now, "an alert")


def sequences(shouwang):
    text = shouwang.kcat("alerts", "-f", "alerts %p %o\n")
    return sorted(text.splitlines())


@pytest.fixture(scope="module")
def police(shouwang, partner):
    return partner("qh-police", "alerts.qinghe.", "qh-police.")


def test_a_key_gets_updates_and_a_snapshot(shouwang, police):
    police.subscribe("alerts.")
    # The subscription is there once its answer to a question that is sent later has come.
    assert wait_until(lambda: police.ask(b"SNAPSHOT", ""), "an answer") == ([], police.ask(b"SNAPSHOT", "")[1])
    wait_until(lambda: shouwang.metric("relay", "sw_relay_wire_subscriptions_total") > 0, "the subscription")
    happen(shouwang)
    topic, sequence, headers, body = police.receive(10)
    assert topic == ALERTS
    assert headers["ce_type"] == "shouwang.alerts.opened" and headers["content-type"] == "application/protobuf"
    assert headers["ce_partitionkey"] == UNIT and UNIT.encode() in body
    assert sequence in sequences(shouwang)
    snapshot, position = police.ask(b"SNAPSHOT", "")
    assert sorted(snapshot) == sequences(shouwang)
    assert {part.split(b" ")[0] for part in position} == {b"alerts"}, "its feed has no topic yet"


def test_after_being_away_it_gets_what_it_missed_and_nothing_else(shouwang, police):
    had, position = police.ask(b"SNAPSHOT", "")
    police.away()
    missed = set(happen(shouwang, "20260002")) - set(had)
    assert missed
    police.subscribe("alerts.")
    again, position = police.ask(b"RESUME", "alerts.", *position)
    assert missed <= set(again) and not set(again) & set(had)
    assert police.ask(b"RESUME", "alerts.", *position)[0] == []


def test_what_memory_does_not_reach_comes_from_kafka_in_pieces(shouwang, police):
    everything = sequences(shouwang)
    shouwang.process("relay").stop()
    shouwang.start_service("relay")
    before = shouwang.metric("relay", "sw_relay_wire_questions_total")
    found, position = wait_until(lambda: police.ask(b"SNAPSHOT", "alerts.", credit=1), "an answer")
    assert sorted(found) == everything and position
    assert shouwang.metric("relay", "sw_relay_wire_questions_total") > before


def test_a_client_that_does_not_read_on_holds_nobody_up(shouwang, police, partner):
    other = partner("qh-watch", "alerts.qinghe.")
    shouwang.process("relay").stop()
    shouwang.start_service("relay", wire_patience="1s")
    assert len(sequences(shouwang)) >= 2
    wait_until(lambda: police.ask(b"SNAPSHOT", "qh-police."), "an answer")
    police.dealer.send_multipart([b"SNAPSHOT", b"stuck", b"alerts.", b"1"])
    police.dealer.send_multipart([b"SNAPSHOT", b"second", b"alerts.", b"1"])
    found, _ = wait_until(lambda: other.ask(b"SNAPSHOT", "alerts."), "an answer")
    assert sorted(found) == sequences(shouwang)
    answers = {}
    while not any(answer[0] == b"ERROR" for answer in answers.get(b"stuck", [])):
        assert police.dealer.poll(20000)
        kind, id_, *rest = police.dealer.recv_multipart()
        answers.setdefault(id_, []).append((kind, *rest))
    assert [answer[0] for answer in answers[b"stuck"]] == [b"DATA", b"ERROR"]
    assert answers[b"stuck"][-1][1] == b"no_credit"
    assert answers[b"second"] == [(b"ERROR", b"busy")], "one question of a connection at a time"
    assert police.ask(b"SNAPSHOT", "alerts.") is not None
    shouwang.process("relay").stop()
    shouwang.start_service("relay")


def test_subscribed_to_everything_it_gets_its_own_prefix_only(shouwang, partner):
    other = partner("qh-hospital", "alerts.qinghe.qh-erxiao.")
    other.subscribe("")
    assert wait_until(lambda: other.ask(b"SNAPSHOT", ""), "an answer")[0] == []
    wait_until(lambda: 'answer="narrowed"' in shouwang.admin("relay", "/metrics")[1], "the subscription")
    happen(shouwang, "20260003")
    assert other.ask(b"SNAPSHOT", "")[0] == []
    assert other.ask(b"SNAPSHOT", ALERTS) == ([], "not_allowed")
    assert other.receive(1) is None


def test_a_refused_subscription_is_counted(shouwang, partner):
    other = partner("qh-centre", "alerts.qinghe.qh-erxiao.")
    other.subscribe("qh-police.", ALERTS)

    def refused():
        lines = shouwang.admin("relay", "/metrics")[1].splitlines()
        return any(line.startswith('sw_relay_wire_subscriptions_total{answer="refused"} 2') for line in lines)
    wait_until(refused, "two refusals")


def test_a_wrong_key_gets_nothing(shouwang, partner):
    stranger = partner("stranger")
    stranger.subscribe("")
    wait_until(lambda: shouwang.metric("relay", "sw_relay_wire_keys_refused_total") > 0, "the refusal")
    happen(shouwang, "20260004")
    assert stranger.ask(b"SNAPSHOT", "", seconds=1) is None
    assert stranger.receive(1) is None


def test_a_server_with_another_key_is_not_spoken_to(shouwang, police, partner):
    fake, _ = zmq.curve_keypair()
    client = Client(shouwang, (police.public, police.secret), fake.decode())
    try:
        client.subscribe("")
        assert client.ask(b"SNAPSHOT", "", seconds=1) is None
    finally:
        client.context.destroy(linger=0)


def test_a_feed_is_its_partner_s_alone(shouwang, police, partner):
    shouwang.swctl("topics", "--single", "--partitions", 4, "--feed", "qh-police")
    producer = Producer({"bootstrap.servers": shouwang.settings["bootstrap_servers"]})
    name = f"{shouwang.settings['topic_prefix']}.feed.qh-police.v1"

    def fed():
        return police.ask(b"SNAPSHOT", "qh-police.")[1] != []
    wait_until(fed, "the feed is followed", 20)
    producer.produce(name, key=UNIT, value=b"made up", partition=0, headers={"ce_id": "1", "content-type": "text/plain"})
    assert producer.flush(10) == 0
    wait_until(lambda: police.ask(b"SNAPSHOT", "qh-police.")[0] == ["qh-police 0 0"], "it comes")
    other = partner("qh-other", "alerts.qinghe.qh-erxiao.")
    assert wait_until(lambda: other.ask(b"SNAPSHOT", "qh-police."), "an answer") == ([], "not_allowed")


def test_questions_that_do_not_read_are_refused(police):
    assert wait_until(lambda: police.ask(b"SNAPSHOT", "alerts.", b"too", b"much"), "an answer") == ([], "malformed")
    assert police.ask(b"RESUME", "alerts.", b"alerts 0:-1") == ([], "malformed")
    assert police.ask(b"RESUME", "alerts.", b"alerts 99999:1") == ([], "malformed")
    assert police.ask(b"GIVE", "alerts.") == ([], "malformed")
    assert police.ask(b"SNAPSHOT", "alerts.", credit=100000) == ([], "malformed")


def wire_options(shouwang, client):
    return ["--set", "kafka.timeout=20s", "subscribe", "--server", shouwang.settings["wire_publish"],
            "--ask", shouwang.settings["wire_ask"], "--server-key", shouwang.settings["wire_public_key"], "--key", client.key_file]


def subscribe(shouwang, client, state, *options, check=True):
    """The lines of swctl subscribe until all that is there now has come."""
    done = shouwang.swctl(*wire_options(shouwang, client), "--since", state, "--to-end", *options, check=check)
    return [json.loads(line) for line in done.stdout.splitlines()] if check else done


def test_swctl_subscribe_goes_on_where_it_was(shouwang, police, folder):
    state = folder / "state"
    lines = subscribe(shouwang, police, state)
    assert sorted(line["sequence"] for line in lines if line["sequence"].startswith("alerts")) == sequences(shouwang)
    assert {line["value"]["what"] for line in lines if line["topic"] == ALERTS} >= {"opened"}
    assert subscribe(shouwang, police, state) == []
    had = set(sequences(shouwang))
    now = set(happen(shouwang, "20260005"))
    missed = [line["sequence"] for line in subscribe(shouwang, police, state)]
    assert now - had <= set(missed) and not set(missed) & had
    assert subscribe(shouwang, police, state, "--topic", "alerts.", check=False).returncode == 1, "another state's topics"


def test_swctl_subscribe_comes_back_when_its_key_does(shouwang, police, folder):
    clients = pathlib.Path(shouwang.settings["wire_clients"])
    relay, before = shouwang.process("relay"), clients.read_text(encoding="ascii")
    refused = lambda: shouwang.metric("relay", "sw_relay_wire_keys_refused_total")
    out = folder / "subscribed"
    with open(out, "wb") as file:
        running = subprocess.Popen([shouwang.binaries / "swctl", *wire_options(shouwang, police), "--topic", "alerts."], stdout=file,
                                   env={**os.environ, **shouwang.environment()})
    try:
        shown = lambda: {json.loads(line)["sequence"] for line in out.read_text().splitlines(keepends=True) if line.endswith("\n")}
        wait_until(lambda: shown() == set(sequences(shouwang)), "all that there is")
        count = refused()
        clients.write_text("# nobody\n", encoding="ascii")
        relay.signal(signal.SIGHUP)
        wait_until(lambda: refused() >= count + 2, "both sockets are refused")
        clients.write_text(before, encoding="ascii")
        relay.signal(signal.SIGHUP)
        now = set(happen(shouwang, "20260006"))
        wait_until(lambda: shown() == now, "what came since")
    finally:
        clients.write_text(before, encoding="ascii")
        running.terminate()
        assert running.wait(10) == 0


def test_swctl_subscribe_with_a_key_that_others_may_read(shouwang, police, folder):
    loose = folder / "loose.key"
    loose.write_bytes(police.key_file.read_bytes())
    os.chmod(loose, 0o644)
    client = type("", (), {"key_file": loose})
    assert subscribe(shouwang, client, folder / "none", check=False).returncode == 1
