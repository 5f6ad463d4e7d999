"""The measuring behind bench/whole. Everything is made up: county, pupils, texts."""
import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess

import spine
from spine import ROOT, SERVICES, TOKEN, cpu_seconds, local

PARTNER = """
partners:
  - {id: bench-hook, area: county, audience: integrator, label: 基准（虚构）, channel: webhook, url: "%s", secrets: ["%s"]}
"""
# Each level's policy, with nothing to do for a day: what is measured is the alert, not the calls.
POLICY = """
last_responder: {via: [sms]}
timing: {voice_gap: 65s, channel_gap: 5m, repeat_gap: 5m, join_within: 10m, confirm_within: 24h, hold_within: 10m, ack_expires: {crisis: 10m, high: 60m}}
policies:
%s"""
ALERTMANAGER = """
route: {receiver: sink, group_by: ["..."], group_wait: 0s, group_interval: 1h, repeat_interval: 24h}
receivers: [{name: sink, webhook_configs: [{url: "%s", send_resolved: false}]}]
"""


def policies():
    matches = [("attention", "level: attention"), ("warning", "level: warning"), ("high", "level: high"),
               ("crisis", "level: crisis"), ("abuse", "kind: [abuse_suspected]"), ("staff", "subject: staff")]
    step = "steps: [{at: 24h, notify: [duty_leader], via: [sms]}]"
    return "".join(f"  - {{id: bench/{name}, match: {{{match}}}, {step}}}\n" for name, match in matches)


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))] if values else float("nan")


class Sink:
    """bench-sink in the background; `posts` are its (ms, key)."""

    def __init__(self, folder, binaries, find):
        self.port = local.free_port()
        self.out = folder / f"sink-{self.port}"
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.child = subprocess.Popen([binaries / "bench-sink", "--listen", f"127.0.0.1:{self.port}", "--find", find, "--out", self.out])

    def posts(self):
        return [(int(at), key) for at, key in (line.split() for line in self.out.read_text().splitlines() if " " in line)]

    def count(self):
        return self.out.read_bytes().count(b"\n") if self.out.exists() else 0

    def wait(self, count):
        local.wait_until(lambda: self.count() >= count, f"{count} posts", 900, 0.2)

    def stop(self):
        self.child.terminate()
        self.child.wait(10)


class Whole(spine.Spine):
    topics = {**spine.STAGES, "notifier": ("alerts", spine.STAGES["notifier"][1])}  # no step pages anybody within the day

    def __init__(self, options):
        super().__init__(options)
        self.options = options
        self.sink = None
        self.used = 0  # pupils: each event is of another one, so that each opens a case

    def start(self):
        self.say("starting everything, a county of 72 schools, one partner with a webhook")
        parts = [part for part in local.EVERYTHING if part in local.SERVICES]
        self.run.remember(profile="fast", relay_endpoint=f"ipc://{self.run.folder}/relay.sock", **spine.NO_RATE)
        self.run.start(["kafka", "redis", "keys"])
        self.run.start_topics(spine.PARTITIONS)
        self.run.start_phone("--quota", "off", "--receipts", "off")
        self.sink = Sink(self.run.folder, self.run.binaries, '"case_id":"')
        county = self.run.folder / "county"
        subprocess.run([ROOT / "tests/support/make_county", "--schools", "72", "--pupils", str(self.needed()), county], check=True)
        lines = (county / "pupils.csv").read_text().splitlines(keepends=True)
        random.Random(1).shuffle(lines)  # a county's schools send at the same time
        (county / "pupils.csv").write_text("".join(lines))
        top = next(county.glob("county*.yaml"))
        unit = top.read_text(encoding="utf-8").split("unit: ", 1)[1].split(",")[0].strip("}\n ")
        secret = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
        top.write_text(top.read_text(encoding="utf-8") + (PARTNER % (self.sink.url, secret)).replace("area: county", f"area: {unit}"),
                       encoding="utf-8")
        self.run.swctl("import", "directory", *sorted(county.glob("*.yaml")), timeout=600)
        self.run.start_pack(self.make_pack())
        self.run.start(parts)

    def make_pack(self):
        pack = self.run.folder / "pack"
        shutil.copytree(ROOT / "config/packs/short", pack)
        for path in (pack / "policies").iterdir():
            path.unlink()
        (pack / "rules/attendance.yaml").unlink()  # its question needs an obligation of its own
        (pack / "policies/bench.yaml").write_text(POLICY % policies())
        return pack

    def paced(self):
        return min(self.count, self.options.rate * 20)

    def needed(self):
        """Pupils of one flood, of the paced one and of each round of each stage."""
        floods = 1 if self.options.no_stages else 1 + spine.ROUNDS * len(spine.STAGES)
        return floods * self.count + self.paced()

    def pupils(self, prefix, count):
        """A file with the next pupils."""
        lines = (self.run.folder / "county/pupils.csv").read_text().splitlines(keepends=True)
        path = self.run.folder / f"{prefix}.pupils"
        path.write_text("".join(lines[self.used:self.used + count]))
        self.used += count
        return path

    def load(self, prefix, count, concurrency=64, rate=0, url=None):
        out = self.run.folder / f"{prefix}.accepted"
        more = ["--alertmanager", "--url", url] if url else ["--url", self.run.url("intake", "/v1/events")]
        done = subprocess.run(
            [self.run.binaries / "bench-load", *more, "--token", TOKEN, "--pupils", self.pupils(prefix, count),
             "--count", str(count), "--concurrency", str(concurrency), "--rate", str(rate), "--crisis-every", "0",
             "--prefix", prefix, "--out", out], stdout=subprocess.PIPE, text=True, check=True)
        return float(done.stdout.split("per_second ")[1].split()[0]), [line.split() for line in out.read_text().splitlines()]

    def settle(self):
        local.wait_until(lambda: all(self.handled(service) for service in SERVICES[1:]), "nothing waits", 600, 0.5)

    def events_of_cases(self):
        signals = {line["value"]["id"]: line["value"]["event_id"] for line in self.run.read_topic("signals")}
        return {case["value"]["id"]: signals[case["value"]["signals"][0]] for case in self.run.read_topic("cases")
                if "/case/" in case["key"] and case["value"].get("signals")}

    def show(self, who, lines, posts, taken, spent):
        """Rows of one flood: how many a second, and CPU time of each process."""
        first, last = min(int(line[6]) for line in lines), max(at for at, _ in posts)
        per_second = len(lines) * 1000 / (last - first)
        self.row(f"{who}: taken", taken, "events/s")
        self.row(f"{who}: HTTP to webhook, all of it", per_second, "events/s")
        for name, seconds in spent.items():
            self.row(f"{who}: CPU time per event, {name}", seconds * 1e6 / len(lines), "us")
        return per_second

    def show_latency(self, who, late):
        self.row(f"{who}: answer to webhook, p50, at {self.options.rate}/s", percentile(late, 0.5), "ms")
        self.row(f"{who}: answer to webhook, p99, at {self.options.rate}/s", percentile(late, 0.99), "ms")

    def measure_shouwang(self):
        self.say(f"{self.count} events as fast as they are taken")
        processes = {name: self.run.process(f"{name}-0").pid for name in (*SERVICES, "relay", "console")}
        processes["Kafka"] = int((self.run.folder / "kafka/broker-1/pid").read_text())
        processes["Redis"] = self.run.process("redis").pid
        before = {name: cpu_of(pid) for name, pid in processes.items()}
        taken, lines = self.load("whole", self.count)
        self.sink.wait(self.count)
        self.settle()
        spent = {name: cpu_of(pid) - before[name] for name, pid in processes.items()}
        per_second = self.show("Shouwang", lines, self.sink.posts(), taken, spent)
        self.say(f"{self.options.rate} events a second")
        paced = self.paced()
        _, lines = self.load("paced", paced, concurrency=512, rate=self.options.rate)
        self.sink.wait(self.count + paced)
        self.settle()
        answered = {line[0]: int(line[7]) for line in lines}
        event_of = self.events_of_cases()
        late = [at - answered[event_of[case]] for at, case in self.sink.posts() if event_of.get(case) in answered]
        self.show_latency("Shouwang", late)
        return per_second

    def measure_alertmanager(self):
        self.say("Alertmanager: the same events as alerts, each to the same kind of sink")
        folder = self.run.folder / "alertmanager"
        folder.mkdir()
        sink = Sink(self.run.folder, self.run.binaries, '"event":"')
        (folder / "config.yml").write_text(ALERTMANAGER % sink.url)
        port = local.free_port()
        with open(folder / "log", "wb") as log:
            child = subprocess.Popen(["prometheus-alertmanager", f"--config.file={folder}/config.yml", f"--storage.path={folder}/data",
                                      f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="], stdout=log, stderr=log)
        url = f"http://127.0.0.1:{port}"
        local.wait_until(lambda: local.http("GET", url + "/-/ready")[0] == 200, "Alertmanager", 30)
        try:
            before = cpu_seconds(child)
            taken, lines = self.load("peer", self.count, url=url + "/api/v2/alerts")
            sink.wait(self.count)
            per_second = self.show("Alertmanager", lines, sink.posts(), taken, {"itself": cpu_seconds(child) - before})
            paced = self.paced()
            _, lines = self.load("peer-paced", paced, concurrency=512, rate=self.options.rate, url=url + "/api/v2/alerts")
            sink.wait(self.count + paced)
            answered = {line[0]: int(line[7]) for line in lines}
            self.show_latency("Alertmanager", [at - answered[event] for at, event in sink.posts() if event in answered])
        finally:
            child.terminate()
            child.wait(10)
            sink.stop()
        return per_second

    def all(self):
        try:
            self.start()
            ours = self.measure_shouwang()
            for service in () if self.options.no_stages else spine.STAGES:
                self.measure_stage(service)
        finally:
            self.run.stop()
            if self.sink is not None:
                self.sink.stop()
        self.used = 0
        theirs = self.measure_alertmanager()
        self.row("Shouwang / Alertmanager, HTTP to webhook", ours / theirs, "ratio")
        print(json.dumps({name: [round(value, 3), unit] for name, value, unit in self.rows}, ensure_ascii=False))


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    local.end_in_order()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--no-stages", action="store_true")
    parser.add_argument("--bin", default=str(ROOT / "build/release/bin"))
    parser.add_argument("--dir", default=str(ROOT / "build/bench-whole"))
    parser.set_defaults(stage=None)
    Whole(parser.parse_args()).all()


if __name__ == "__main__":
    main()
