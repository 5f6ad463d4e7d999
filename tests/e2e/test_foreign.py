"""Strangers on the topics: a stock producer of another language, kcat as a reader, promtool on the metrics."""
import subprocess
import time
import uuid

from confluent_kafka import Producer
from shouwang import ROOT, UNIT, incident, local, wait_until

SCHOOLS = [f"foreign-{number:02}" for number in range(50)]


def murmur2(data):
    """Java's: what Kafka's own default partitioner and Shouwang place by."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    if len(data) > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def record_of(unit):
    """An event as another system writes it, encoded by protoc: an opaque scope, nothing that must be sealed."""
    text = (f'id: "{uuid.uuid4()}" source: "/test/foreign" unit: "{unit}" kind: "concern" '
            f"occurred_at_ms: {int(time.time() * 1000)} scope {{}} incident {{}}")
    return subprocess.run(["protoc", f"-I{ROOT}/proto", "--encode=shouwang.v1.Event", "shouwang/v1/event.proto"],
                          input=text.encode(), capture_output=True, check=True).stdout


def import_schools(shouwang, folder):
    """Fifty made-up schools, and the source that may write for them."""
    units = "\n".join(f"  - {{id: {unit}, kind: school, parent: qinghe, above: [qinghe], jurisdiction: fenyang, label: {unit}}}"
                      for unit in SCHOOLS)
    path = folder / "schools.yaml"
    path.write_text(f"units:\n{units}\nsources:\n"
                    f'  - {{name: "/test/foreign", unit: qinghe, units: [{", ".join(SCHOOLS)}]}}\n')
    shouwang.swctl("import", "directory", path, *sorted((ROOT / "config/sample").glob("*.yaml")))


def test_a_stock_producer_is_placed_again_and_handled(shouwang, folder):
    import_schools(shouwang, folder)
    topic = shouwang.topic_name("events.incident")
    producer = Producer({"bootstrap.servers": shouwang.settings["bootstrap_servers"]})
    count = len(producer.list_topics(topic, timeout=10).topics[topic].partitions)
    landed = {}
    for unit in SCHOOLS:
        producer.produce(topic, key=unit.encode(), value=record_of(unit),
                         on_delivery=lambda error, message, unit=unit: landed.update({unit: message.partition()}))
    assert producer.flush(20) == 0 and len(landed) == len(SCHOOLS)
    elsewhere = sum(partition != (murmur2(unit.encode()) & 0x7FFFFFFF) % count for unit, partition in landed.items())
    assert elsewhere > 0
    wait_until(lambda: {case["unit"] for case in shouwang.cases()} >= set(SCHOOLS), "a case in every school", 30)
    assert shouwang.metric("triage", "sw_triage_placed_again_total") == elsewhere


def test_a_unit_that_the_source_may_not_name_is_rejected(shouwang):
    before = shouwang.count("rejects")
    producer = Producer({"bootstrap.servers": shouwang.settings["bootstrap_servers"]})
    topic = shouwang.topic_name("events.incident")
    for value in (record_of("qh-gaozhong"), b"\xff\xff\xff", record_of(SCHOOLS[0]).replace(b"concern", b"conc\xff\xffn")):
        producer.produce(topic, key=b"qh-gaozhong", value=value)
    assert producer.flush(20) == 0
    wait_until(lambda: shouwang.count("rejects") >= before + 3, "three rejects")
    reasons = [record["reason"] for record in shouwang.read_topic("rejects")]
    assert {"source_not_allowed", "bad_protobuf", "bad_utf8"} <= set(reasons)


def test_alerts_are_read_by_kcat_with_their_headers(shouwang):
    shouwang.post(incident("self_harm", affected="20260007", danger="imminent", place="on_campus"))
    shouwang.wait_phone(role="duty_leader", channel="voice")
    text = wait_until(lambda: shouwang.kcat("alerts", "-f", "%k %h\n"), "an alert")
    line = next(line for line in text.splitlines() if line.startswith(UNIT))
    for header in ("ce_specversion=1.0", "ce_id=", "ce_source=", "ce_type=shouwang.", "ce_time=",
                   "content-type=application/protobuf"):
        assert header in line


def test_promtool_accepts_the_metrics_of_every_service(shouwang):
    for service in local.SERVICES:
        status, text = shouwang.admin(service, "/metrics")
        assert status == 200
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{service}: {done.stdout}{done.stderr}"
