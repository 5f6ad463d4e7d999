"""What strangers do with it: curl posts, kcat reads alerts, a stock producer of another language whose default is not
murmur2 writes to the topic, promtool reads the metrics."""
import collections
import csv
import json
import subprocess
import zlib

import pytest

import foreign
from shouwang import ROOT, wait_until

UNIT = "qh-yizhong"
TOKEN = "demo-only-token-yizhong"
SCHOOLS = 50


@pytest.fixture(scope="module")
def county(shouwang, folder):
    """A made-up county of 50 schools beside the sample; answers {school: [opaque pupil ids]}."""
    subprocess.run([ROOT / "tests/support/make_county", "--schools", str(SCHOOLS), "--pupils", str(SCHOOLS * 2),
                    folder / "county"], check=True)
    shouwang.swctl("import", "directory", *sorted((folder / "county").glob("*.yaml")), timeout=120)
    with open(folder / "county/pupils.csv", encoding="utf-8") as file:
        units = sorted({unit for unit, _ in csv.reader(file)})
    pupils = {}
    for unit in units:
        people = [json.loads(line) for line in shouwang.swctl("--json", "ids", unit).stdout.splitlines()]
        pupils[unit] = [person["id"] for person in people if person["kind"] == "student"]
    return pupils


@pytest.fixture(scope="module")
def records(folder):
    """The generated Python classes of event.proto."""
    return foreign.compile_records(folder, "event")


def test_curl_posts_and_kcat_reads_alerts_with_their_headers(shouwang):
    body = {"unit": UNIT, "parties": [{"identifier": "20260003", "role": "affected"}], "place": "on_campus",
            "danger": "happening"}
    done = subprocess.run(
        ["curl", "-sS", "-o", "-", "-w", " %{http_code}", "-H", f"Authorization: Bearer {TOKEN}", "-H", "ce-specversion: 1.0",
         "-H", "ce-id: curl-1", "-H", "ce-source: /curl", "-H", "ce-type: shouwang.incident.self_harm",
         "-H", "Content-Type: application/json", "--data", json.dumps(body), shouwang.url("intake", "/v1/events")],
        capture_output=True, text=True, check=True)
    assert done.stdout.endswith(" 202"), done.stdout
    wait_until(lambda: "opened" in shouwang.kcat("alerts", "-f", "%h\n"), "an alert")
    headers = dict(pair.split("=", 1) for pair in shouwang.kcat("alerts", "-f", "%h\n").splitlines()[0].split(","))
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_type"].startswith("shouwang.alerts.")
    assert headers["ce_partitionkey"] == UNIT
    assert headers["content-type"] == "application/protobuf"
    assert {"ce_id", "ce_source", "ce_time"} <= headers.keys()


def test_a_producer_with_another_partitioner_is_placed_again(shouwang, county, records):
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient

    topic = f"{shouwang.settings['topic_prefix']}.events.incident.v1"
    servers = {"bootstrap.servers": shouwang.settings["bootstrap_servers"]}
    count = len(AdminClient(servers).list_topics(topic, 10).topics[topic].partitions)
    landed = collections.Counter()

    def delivered(error, message):
        assert error is None, error
        landed[message.partition() != foreign.partition_of(message.key().decode(), count)] += 1

    before_placed = shouwang.metric("triage", "sw_triage_placed_again_total")
    before_cases = len(shouwang.cases())
    producer = Producer(servers)  # its default: CRC32 of the key
    for number, (unit, pupils) in enumerate(sorted(county.items())):
        event = records.Event(id=f"foreign-{number}", source="/load/foreign", unit=unit, kind="self_harm")
        event.parties.add(ref=pupils[0], role=records.PARTY_ROLE_AFFECTED)
        event.incident.place = records.PLACE_ON_CAMPUS
        event.incident.danger = records.DANGER_HAPPENING
        producer.produce(topic, key=unit, value=event.SerializeToString(), on_delivery=delivered)
    assert producer.flush(30) == 0
    elsewhere = sum(zlib.crc32(unit.encode()) % count != foreign.partition_of(unit, count) for unit in county)
    assert landed[True] == elsewhere > 0
    wait_until(lambda: len(shouwang.cases()) >= before_cases + SCHOOLS, "a case for each", 60)
    assert shouwang.metric("triage", "sw_triage_placed_again_total") - before_placed == elsewhere


@pytest.mark.parametrize("service", ["intake", "triage", "escalator", "notifier", "relay", "console"])
def test_promtool_accepts_the_metrics(shouwang, service):
    status, text = shouwang.admin(service, "/metrics")
    assert status == 200
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
