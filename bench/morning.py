"""The playing behind bench/morning. Everything is made up: county, pupils, who is absent."""
import argparse
import collections
import concurrent.futures
import datetime
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import shouwang as whole  # noqa: E402  (needs the path above)

local = whole.local
TOKEN = "load-only-token"
PARTITIONS = 8
BATCH = 200
SERVICES = ("intake", "triage", "escalator", "notifier")
CHINA = datetime.timezone(datetime.timedelta(hours=8))
QUIET_CLASSES, QUIET_GATES = 40, 12  # every so many-th of them sends nothing
GRACE_S = 60  # of the expectations, as in the pack


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Morning:
    def __init__(self, options):
        self.options = options
        shutil.rmtree(options.dir, ignore_errors=True)
        self.run = whole.Shouwang(options.dir, options.bin)
        self.lags = []

    def say(self, text):
        print(f"== {text}", flush=True)

    def start(self):
        run, options = self.run, self.options
        self.say(f"starting everything, {options.schools} schools, {options.pupils} pupils")
        run.remember(profile="fast", relay_endpoint=f"ipc://{run.folder}/relay.sock", quota_voice="false",
                     rate_per_second=20000, rate_burst=40000)
        run.start([part for part in local.EVERYTHING if part in ("kafka", "redis", "keys")])
        run.start_topics(PARTITIONS)
        run.start_phone("--quota", "off", "--receipts", "off")
        county = run.folder / "county"
        subprocess.run([ROOT / "tests/support/make_county", "--schools", str(options.schools), "--pupils", str(options.pupils),
                        county], check=True)
        run.swctl("import", "directory", *sorted(county.glob("*.yaml")), timeout=1200)
        self.read_pupils(county / "pupils.csv")
        self.start_pack()
        run.start([part for part in local.EVERYTHING if part in local.SERVICES])

    def read_pupils(self, path):
        """Each with the class it is in, as make_county deals them out."""
        seen = collections.Counter()
        self.pupils = []
        for line in path.read_text().splitlines():
            unit, number = line.split(",")
            self.pupils.append((unit, f"c{seen[unit] // 40}", number))
            seen[unit] += 1
        classes = sorted({(unit, group) for unit, group, _ in self.pupils})
        self.quiet_classes = set(classes[::QUIET_CLASSES])
        self.quiet_gates = set(sorted({unit for unit, _, _ in self.pupils})[::QUIET_GATES])
        self.classes = len(classes)

    def start_pack(self):
        """The reference pack, with a deadline that lies behind the last event, for every class and on any day."""
        pack = self.run.folder / "pack"
        shutil.copytree(self.run.pack, pack)
        end = datetime.datetime.now(CHINA) + datetime.timedelta(minutes=self.options.minutes, seconds=60)
        self.deadline = (end + datetime.timedelta(minutes=1)).replace(second=0, microsecond=0)
        rules = pack / "rules/attendance.yaml"
        text = "\n".join(line for line in rules.read_text().splitlines() if "if_seen_within" not in line)
        for old in ('by: "08:40"', 'by: "09:00"'):
            assert old in text
            text = text.replace(old, f'by: "{self.deadline:%H:%M}"')
        rules.write_text(text.replace("on: school_days", "on: every_day") + "\n")
        self.run.pack = pack
        self.run.start_pack()

    # --- the morning

    def event(self, kind, unit, number, **facts):
        data = {"unit": unit, "parties": [{"identifier": number, "role": "affected"}], **facts}
        return whole.cloud_event(f"shouwang.attendance.{kind}", data, source="/load/morning")

    def events(self):
        chance = random.Random(20260901)
        for unit, group, number in self.pupils:
            fate = chance.random()
            state = "absent_unexplained" if fate < 0.005 else "absent_explained" if fate < 0.03 else "present"
            if unit not in self.quiet_gates and state == "present":
                yield self.event("returned", unit, number, gate="g-main", state="present")
            if (unit, group) not in self.quiet_classes:
                self.absent += state == "absent_unexplained"
                yield self.event("roll", unit, number, session="am", state=state)

    def post(self, batch, at):
        time_left = at - time.monotonic()
        if time_left > 0:
            self.stopped.wait(time_left)
        self.run.post(batch, TOKEN)

    def watch_lag(self):
        while not self.stopped.wait(1):
            self.lags.append(self.run.metric("triage", "sw_stream_lag_records"))

    def play(self):
        self.absent = 0
        self.stopped = threading.Event()
        events = list(self.events())
        random.Random(7).shuffle(events)
        batches = [events[i:i + BATCH] for i in range(0, len(events), BATCH)]
        before = {service: cpu_seconds(self.run.process(f"{service}-0")) for service in SERVICES}
        seconds = self.options.minutes * 60
        begin = time.monotonic()
        self.say(f"{len(events)} events in {seconds} s, deadline {self.deadline:%H:%M}")
        watcher = threading.Thread(target=self.watch_lag)
        watcher.start()
        with concurrent.futures.ThreadPoolExecutor(4) as posting:
            list(posting.map(self.post, batches, [begin + i * seconds / len(batches) for i in range(len(batches))]))
        took = time.monotonic() - begin
        local.wait_until(lambda: self.run.metric("triage", "sw_triage_events_total") >= len(events), "all of it is judged", 120)
        drained = time.monotonic() - begin
        assert datetime.datetime.now(CHINA) < self.deadline, "the machine was too slow for this deadline: the run says nothing"
        self.stopped.set()
        watcher.join()
        spent = {service: cpu_seconds(self.run.process(f"{service}-0")) - before[service] for service in SERVICES}
        print(f"posted in {took:.1f} s, judged {drained - took:.1f} s later; "
              f"lag of triage: {max(self.lags):.0f} records at most, {sum(self.lags) / len(self.lags):.0f} on average")
        for service, cpu in spent.items():
            print(f"CPU time of {service}: {cpu:.1f} s, {cpu * 1e6 / len(events):.0f} us an event")

    def signals(self, kind):
        return [record["value"] for record in self.run.read_topic("signals") if record["value"]["kind"] == kind]

    def judge(self):
        wanted = len(self.quiet_classes) + len(self.quiet_gates)
        left = (self.deadline - datetime.datetime.now(CHINA)).total_seconds() + GRACE_S
        self.say(f"waiting {left:.0f} s for the deadline")
        local.wait_until(lambda: self.run.metric("triage", "sw_triage_missed_total") >= wanted, "what is missing is told",
                         left + 60, 1)
        rolls = [(signal["unit"], signal["subject"]) for signal in self.signals("roll_missing")]
        feeds = [signal["unit"] for signal in self.signals("feed_silent")]
        absent = self.signals("absent")
        questions = self.signals("attendance_doubt")
        print(f"rolls expected of {self.classes} classes: {len(rolls)} told missing, "
              f"{len(self.quiet_classes - set(rolls))} missed, {len(set(rolls) - self.quiet_classes)} false")
        print(f"gates expected of {self.options.schools} schools: {len(feeds)} told silent, "
              f"{len(self.quiet_gates - set(feeds))} missed, {len(set(feeds) - self.quiet_gates)} false")
        print(f"unexplained absences: {self.absent} sent, {len(absent)} told; {len(questions)} questions")
        assert sorted(rolls) == sorted(self.quiet_classes) and sorted(feeds) == sorted(self.quiet_gates)
        assert len(absent) == self.absent and not questions


def main():
    local.end_in_order()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schools", type=int, default=72)
    parser.add_argument("--pupils", type=int, default=66000)
    parser.add_argument("--minutes", type=int, default=3)
    parser.add_argument("--bin", default=os.environ.get("SW_TEST_BIN", ROOT / "build/release/bin"))
    parser.add_argument("--dir", type=pathlib.Path, default=ROOT / "build/run/morning")
    morning = Morning(parser.parse_args())
    try:
        morning.start()
        morning.play()
        morning.judge()
    finally:
        morning.run.stop()


if __name__ == "__main__":
    main()
