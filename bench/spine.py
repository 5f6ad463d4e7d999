"""The measuring behind bench/spine. Everything is made up: county, pupils, texts."""
import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import shouwang as whole  # noqa: E402  (needs the path above)

local = whole.local
TOKEN = "load-only-token"
NO_RATE = {"rate_per_second": 1000000, "rate_burst": 1000000}  # of one token: what is measured is not what intake allows
PARTITIONS = 8
ROUNDS = 3  # of a stage and its copy, in turn
SERVICES = ("intake", "triage", "escalator", "notifier")
READERS = ("relay", "console")  # of what the stages write; nobody reads what an empty copy writes
# What a stage reads, and where it writes.
STAGES = {"triage": ("events.incident", ("signals", "state.triage")),
          "escalator": ("signals", ("cases", "journal", "notices.urgent", "notices.bulk", "alerts")),
          "notifier": ("notices.urgent", ("state.notifier", "receipts"))}


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Spine:
    topics = STAGES

    def __init__(self, options):
        self.count = options.count
        shutil.rmtree(options.dir, ignore_errors=True)
        self.run = whole.Shouwang(options.dir, options.bin)
        self.rows = []
        self.stages_only = bool(options.stage)
        self.stages = options.stage or list(STAGES)

    def say(self, text):
        print(f"== {text}", flush=True)

    def row(self, name, value, unit):
        self.rows.append((name, value, unit))
        print(f"{name:46} {value:12.2f} {unit}", flush=True)

    def name(self, topic):
        return f"{self.run.settings.get('topic_prefix', 'sw')}.{topic}.v1"

    # --- the whole

    def start(self):
        self.say("starting everything, a county of 72 schools")
        parts = [part for part in local.EVERYTHING if part not in ("directory", "pack", "phone", "topics")]
        self.run.remember(profile="fast", relay_endpoint=f"ipc://{self.run.folder}/relay.sock", quota_voice="false",
                          **NO_RATE)
        self.run.start([part for part in parts if part in ("kafka", "redis", "keys")])
        self.run.start_topics(PARTITIONS)
        self.run.start_phone("--quota", "off", "--receipts", "off")
        county = self.run.folder / "county"
        subprocess.run([ROOT / "tests/support/make_county", "--schools", "72", "--pupils", str(max(2000, self.count)), county],
                       check=True)
        self.run.swctl("import", "directory", *sorted(county.glob("*.yaml")), timeout=600)
        self.run.start_pack()
        self.run.start([part for part in parts if part in local.SERVICES])

    def load(self, prefix, count, concurrency=64, rate=0):
        out = self.run.folder / f"{prefix}.accepted"
        done = subprocess.run(
            [self.run.binaries / "bench-load", "--url", self.run.url("intake", "/v1/events"), "--token", TOKEN, "--pupils",
             self.run.folder / "county/pupils.csv", "--count", str(count), "--concurrency", str(concurrency), "--rate", str(rate),
             "--prefix", prefix, "--out", out], stdout=subprocess.PIPE, text=True, check=True)
        per_second = float(re.search(r"per_second (\d+)", done.stdout)[1])
        return per_second, [line.split() for line in out.read_text().splitlines()]

    def first_rings(self, lines):
        """(posted, accepted, rang first) in ms for each of the crises of bench-load's lines whose case has rung since."""
        case_of_notice = {line["value"]["id"]: line["value"]["case_id"] for line in self.run.read_topic("notices.urgent")}
        case_of_signal = {signal: case["value"]["id"] for case in self.run.read_topic("cases") if "/case/" in case["key"]
                          for signal in case["value"].get("signals", [])}
        # One event may give several: a crisis also opens the list of those exposed.
        signal_of = {line["value"]["event_id"]: line["value"]["id"] for line in self.run.read_topic("signals")
                     if line["value"]["level"] == "crisis"}
        rang = collections.defaultdict(list)
        for send in self.run.sends(answer=200, channel="voice"):
            rang[case_of_notice.get(send["notice_id"])].append(send["at"])
        found = []
        for event, _, _, danger, _, _, posted, accepted in lines:
            times = [at for at in rang[case_of_signal.get(signal_of.get(event))] if at >= int(posted)] if danger == "crisis" else []
            found += [(int(posted), int(accepted), min(times))] if times else []
        return found

    def handled(self, service):
        lag = self.run.metric(service, "sw_stream_lag_records")
        return lag == 0

    def wait_handled(self, service, what):
        """Three times in a row: a process that has just become ready does not know yet how long its inputs are."""
        seen = []

        def calm():
            seen.append(self.handled(service))
            return len(seen) > 2 and all(seen[-3:])
        local.wait_until(calm, what, 600, 0.5)

    def settle(self, rings):
        """Waits until so many more calls have been made, and no service has anything to read."""
        local.wait_until(lambda: len(self.run.sends(answer=200, channel="voice")) >= rings, "every crisis rings", 600, 0.5)
        for service in SERVICES[1:]:
            self.wait_handled(service, "nothing waits")

    def measure_whole(self):
        self.say(f"{self.count} incidents, a tenth of them crises, as fast as they are taken")
        rings = len(self.run.sends(answer=200, channel="voice")) + (self.count + 9) // 10
        before = {service: cpu_seconds(self.run.process(f"{service}-0")) for service in SERVICES}
        taken, lines = self.load("whole", self.count)
        self.settle(rings)
        spent = {service: cpu_seconds(self.run.process(f"{service}-0")) - before[service] for service in SERVICES}
        first_ms, last_ms = min(int(line[6]) for line in lines), max(rang for _, _, rang in self.first_rings(lines))
        self.row("taken by intake", taken, "incidents/s")
        self.row("HTTP to phone, all of it", self.count * 1000 / (last_ms - first_ms), "incidents/s")
        for service in SERVICES:
            self.row(f"CPU time per incident, {service}", spent[service] * 1e6 / self.count, "us")

    def measure_first_notice(self, count=200):
        self.say(f"{count} crises, 10 a second: 202 to the first notice")
        rings = len(self.run.sends(answer=200, channel="voice")) + count
        _, lines = self.load("paced", count * 10, rate=100)
        self.settle(rings)
        late = sorted(rang - accepted for _, accepted, rang in self.first_rings(lines))
        self.row("first notice after the 202, p50", statistics.median(late), "ms")
        self.row("first notice after the 202, p99", late[int(len(late) * 0.99)], "ms")

    # --- a stage beside an empty copy

    def sizes(self, topic):
        """(records, mean size of value and headers) of a topic now."""
        consumer = Consumer({"bootstrap.servers": self.run.settings["bootstrap_servers"], "group.id": "bench-sizes",
                             "isolation.level": "read_committed", "enable.partition.eof": True})
        consumer.assign([TopicPartition(self.name(topic), index, 0) for index in range(PARTITIONS)])
        count = total = ended = 0
        while ended < PARTITIONS:
            for message in consumer.consume(10000, 1):
                if message.error():
                    ended += 1
                else:
                    count += 1
                    total += len(message.value() or b"") + sum(len(name) + len(value) for name, value in message.headers() or ())
        consumer.close()
        return count, total / count if count else 0

    def make_scratch(self, outputs):
        admin = AdminClient({"bootstrap.servers": self.run.settings["bootstrap_servers"]})
        existing = admin.list_topics(timeout=10).topics
        new = [NewTopic(f"bench.{topic}", PARTITIONS, 1) for topic in outputs if f"bench.{topic}" not in existing]
        for future in admin.create_topics(new).values() if new else ():
            future.result()

    def measure_stage(self, service):
        """Medians of three rounds, stage and copy in turn: a broker that has just started is slow to either."""
        self.say(f"{service} alone on a backlog, beside an empty copy, three rounds")
        rounds = [self.one_round(service, number) for number in range(ROUNDS)]
        own, copy = (statistics.median(column) for column in zip(*rounds))
        self.row(f"{service}", own, "inputs/s")
        self.row(f"empty copy of {service}'s records", copy, "inputs/s")
        self.row(f"{service} / empty copy", statistics.median(stage / empty for stage, empty in rounds), "ratio")

    def one_round(self, service, number):
        source, outputs = self.topics[service]
        for stage in STAGES:
            self.run.process(f"{stage}-0").stop()
        before = {topic: self.sizes(topic)[0] for topic in (source, *outputs)}
        earlier = list(STAGES)[:list(STAGES).index(service)]
        for stage in earlier:
            self.run.launch(stage)
        self.load(f"stage-{service}-{number}", self.count)
        for stage in earlier:
            self.run.wait_ready(stage)
            self.wait_handled(stage, "the backlog")
            self.run.process(f"{stage}-0").stop()
        for reader in READERS:
            self.run.process(f"{reader}-0").stop()
        backlog = self.sizes(source)[0] - before[source]
        own = self.time_stage(service, backlog)
        after = {topic: self.sizes(topic) for topic in outputs}
        copy = self.time_copy(service, source, backlog, {topic: ((after[topic][0] - before[topic]) / backlog, after[topic][1])
                                                         for topic in outputs})
        for stage in (*STAGES, *READERS):
            if stage != service:
                self.run.launch(stage)
        for stage in STAGES:
            self.run.wait_ready(stage, seconds=60)
            self.wait_handled(stage, "nothing waits")
        return own, copy

    def counted(self, service, metric, label):
        """One row of a counter of it, 0 when there is none yet."""
        lines = self.run.admin(service, "/metrics")[1].splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{metric}{{{label}}}"))

    def time_stage(self, service, backlog):
        """Inputs per second from its first transaction on, which is left out, as bench-copy's is."""
        def read():
            return self.counted(service, "sw_stream_records_total", f'topic="{self.topics[service][0]}"')

        def committed():
            return self.counted(service, "sw_stream_transactions_total", 'what="batch",outcome="done"')
        self.run.launch(service)
        local.wait_until(lambda: read() > 0, "the first batch", 60, 0.01)
        before = committed()
        local.wait_until(lambda: committed() > before, "the first transaction", 60, 0.01)
        start, begun = read(), local.time.monotonic()
        local.wait_until(lambda: read() >= backlog and self.handled(service), "the backlog is done", 600, 0.05)
        return (read() - start) / (local.time.monotonic() - begun)

    def time_copy(self, service, source, backlog, outputs):
        self.make_scratch(outputs)
        words = [word for topic, (per_input, size) in outputs.items() if per_input > 0
                 for word in ("--out", f"bench.{topic}:{per_input:.4f}:{int(size)}")]
        done = subprocess.run([self.run.binaries / "bench-copy", "--bootstrap", self.run.settings["bootstrap_servers"], "--in",
                               self.name(source), "--group", f"bench-{service}", "--count", str(backlog), "--batch", str(min(5000, max(1, backlog // 4))), *words],
                              stdout=subprocess.PIPE, text=True, check=True)
        return float(re.search(r"per_second (\d+)", done.stdout)[1])

    def all(self):
        try:
            self.start()
            if not self.stages_only:
                self.measure_first_notice()
                self.measure_whole()
            for service in self.stages:
                self.measure_stage(service)
        finally:
            self.run.stop()
        print(json.dumps({name: [round(value, 3), unit] for name, value, unit in self.rows}, ensure_ascii=False))


def main():
    local.end_in_order()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--stage", action="append", choices=list(STAGES), help="only this stage beside its empty copy")
    parser.add_argument("--bin", default=str(ROOT / "build/release/bin"))
    parser.add_argument("--dir", default=str(ROOT / "build/bench-spine"))
    Spine(parser.parse_args()).all()


if __name__ == "__main__":
    main()
