#!/usr/bin/env python3
"""The torture of the stream shell: a copy service with state and timers is killed, stopped, stalled, broken, crowded and
starved, and a checker that knows each record counts what was lost, repeated, early or out of order.

    torture.py BIN SCENARIO...      SW_TEST_BOOTSTRAP names the broker; BIN holds torture_copy_* and torture_tool

Scenarios share topics and members of one run, so that each begins where the one before left off. With the name of a
fault (FAULTS below) the scenario that finds it runs twice: against the shell, which must
come through, and against a build with that rule switched off, which must be found out. `leader` starts three brokers and
kills each in turn; it is not in ctest, since three brokers on two cores take minutes.
"""
import collections
import contextlib
import os
import pathlib
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

PARTITIONS = 4
UNITS = [f"unit-{n}" for n in range(16)]
BOUND_S = 40


def now_ms():
    return int(time.time() * 1000)


def wait(what, condition, bound_s=BOUND_S):
    """Waits until the condition holds; what is the complaint when it does not."""
    end = time.monotonic() + bound_s
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not in {bound_s} s: {what}")
        select.select([], [], [], 0.02)
    return found


class Member:
    """One process of the copy service in a slot; its log is read as it comes."""

    def __init__(self, world, slot, torture=""):
        self.world, self.slot = world, slot
        self.started = time.monotonic()
        self.lines = []
        env = world.env | {"SW_SLOT": str(slot), "TORTURE": torture}
        self.process = subprocess.Popen([world.copy], env=env, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        world.members.append(self)

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            self.world.log.write(f"[{self.slot}:{self.process.pid}] {line}")
            self.world.log.flush()

    def count(self, event):
        return sum(f" {event} " in line for line in self.lines)

    def says(self, text):
        return any(text in line for line in self.lines)

    @property
    def is_ready(self):
        ready = [line for line in self.lines if "part_ready" in line or "part_not_ready" in line]
        return bool(ready) and "part_ready" in ready[-1]

    @property
    def is_stopped(self):
        return pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().split()[2] == "T"

    def has_assigned(self, count):
        assigned = [line for line in self.lines if " stream_assigned " in line]
        return bool(assigned) and assigned[-1].endswith(f"partitions={count}\n")

    def wait_ready(self):
        wait(f"member {self.slot} ready", lambda: self.is_ready or self.process.poll() is not None)
        assert self.process.poll() is None, f"member {self.slot} ended with {self.process.returncode}"
        return self

    def send(self, number):
        self.process.send_signal(number)
        return self

    def kill(self):
        self.send(signal.SIGKILL)
        self.process.wait(BOUND_S)

    def stop(self):
        """As SIGTERM does: drains, leaves. A process that has not said anything yet would just die of it."""
        wait(f"member {self.slot} runs", lambda: self.lines or self.process.poll() is not None)
        self.send(signal.SIGTERM)
        assert self.process.wait(BOUND_S) == 0, f"member {self.slot} drained with {self.process.returncode}"


class World:
    """The topics of one run, what was fed into them, and what must come out."""

    def __init__(self, bin_folder, name, fault="none"):
        self.bin = pathlib.Path(bin_folder)
        self.copy = str(self.bin / f"torture_copy_{fault}")
        self.name = f"{name}-{fault}"
        self.env = dict(os.environ, SW_BOOTSTRAP_SERVERS=os.environ["SW_TEST_BOOTSTRAP"],
                        SW_TOPIC_PREFIX=f"tt{os.getpid()}-{random.randrange(10**6)}", SW_PROFILE="fast")
        self.members = []
        self.stopping = threading.Event()             # never set: a bounded wait without a condition, of chaos only
        self.signals = collections.Counter()          # case -> signals fed
        self.timers = set()                           # (case, seq) with a deadline
        self.acks = set()                             # (case, seq) acknowledged
        self.refused = set()                          # (case, seq) that leave too large an output
        self.fed = 0
        folder = pathlib.Path(os.environ.get("SW_TEST_DIR", tempfile.gettempdir()))
        self.log = open(folder / f"torture-{self.name}-{os.getpid()}.log", "w")
        self.feeder = None

    def tool(self, *args):
        ended = subprocess.run([self.bin / "torture_tool", *args], env=self.env, capture_output=True, text=True,
                               timeout=4 * BOUND_S)
        assert ended.returncode == 0, f"torture_tool {' '.join(args)}: {ended.stdout} {ended.stderr}"
        return ended.stdout

    def try_tool(self, *args):
        return subprocess.run([self.bin / "torture_tool", *args], env=self.env, capture_output=True,
                              timeout=4 * BOUND_S).returncode == 0

    def open(self):
        self.tool("create", str(PARTITIONS))
        self.tool("check", str(PARTITIONS))
        self.feeder = subprocess.Popen([self.bin / "torture_tool", "feed"], env=self.env, text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def close(self):
        for member in self.members:
            if member.process.poll() is None:
                member.process.kill()
                member.process.wait()
        if self.feeder:
            self.feeder.kill()
            self.feeder.wait()
        self.try_tool("drop", "all")
        self.log.close()

    # ---- feeding; a case is "<unit>/<id>"

    def feed(self, lines):
        """Writes lines and waits until Kafka has them."""
        self.feeder.stdin.write("".join(line + "\n" for line in lines) + "\n")
        self.feeder.stdin.flush()
        self.fed += len(lines)
        answer = self.feeder.stdout.readline()
        assert answer == f"ok {self.fed}\n", f"fed {self.fed}, Kafka took: {answer!r}"

    def signal_lines(self, cases, delay_ms=0):
        for case in cases:
            self.signals[case] += 1
            if delay_ms:
                self.timers.add((case, self.signals[case]))
            unit, ident = case.split("/")
            yield f"signals {unit} {ident} {self.signals[case]} {delay_ms}"

    def feed_signals(self, cases, delay_ms=0):
        self.feed(list(self.signal_lines(cases, delay_ms)))

    def refused_lines(self, cases, seq):
        """Of cases "huge…" only: their steps leave more than Kafka takes."""
        self.refused |= {(case, seq) for case in cases}
        return [f"signals {case.split('/')[0]} {case.split('/')[1]} {seq} 0" for case in cases]

    def feed_acks(self, pairs):
        self.acks |= set(pairs)
        self.feed([f"commands {case.split('/')[0]} {case.split('/')[1]} {seq}" for case, seq in pairs])

    def cases(self, prefix, count):
        return [f"{UNITS[n % len(UNITS)]}/{prefix}{n}" for n in range(count)]

    # ---- checking

    def journal(self):
        """The committed lines in the order of their partitions: (case, kind, seq, n, rest, broker time)."""
        rows = []
        for line in self.tool("journal").splitlines():
            _, _, stamp, unit, kind, ident, seq, n, *rest = line.split()
            rows.append((f"{unit}/{ident}", kind, int(seq), int(n), rest, int(stamp)))
        return rows

    def count_lines(self, kind, name):
        return sum(row[1] == kind and f"/{name}" in row[0] for row in self.journal())

    def is_complete(self):
        journal = self.journal()
        rows = {row[:3] for row in journal}
        stopped = {row[:3] for row in journal if row[4] == ["stopped"]}
        return (all((case, "S", seq) in rows for case, last in self.signals.items() for seq in range(1, last + 1))
                and all((case, "A", seq) in rows for case, seq in self.acks)
                and all((case, "R", seq) in rows for case, seq in self.refused)
                and all((case, "T", seq) in rows or (case, "A", seq) in stopped for case, seq in self.timers))

    def counts(self):
        """lost, repeated, early, out of order (all promised to be zero), and how many lines were judged."""
        rows = self.journal()
        seen = collections.Counter(row[:3] for row in rows)
        stopped = {(row[0], row[2]) for row in rows if row[4] == ["stopped"]}
        wanted = {(case, "S", seq) for case, last in self.signals.items() for seq in range(1, last + 1)}
        wanted |= {(case, "A", seq) for case, seq in self.acks}
        wanted |= {(case, "R", seq) for case, seq in self.refused}
        wanted |= {(case, "T", seq) for case, seq in self.timers if (case, seq) not in stopped}
        counts = collections.Counter(lines=len(rows))
        counts["lost"] = sum(key not in seen for key in wanted)
        counts["repeated"] = sum(number - 1 for number in seen.values())
        counts["repeated"] += sum((case, "T", seq) in seen for case, seq in stopped)
        counts["unasked"] = sum(key not in wanted and (key[0], key[2]) not in stopped for key in seen)
        counts["early"] = sum(kind == "T" and stamp < int(rest[0]) for _, kind, _, _, rest, stamp in rows)
        last_step, last_signal = collections.Counter(), collections.Counter()
        for case, kind, seq, n, _, _ in rows:
            counts["out_of_order"] += n != last_step[case] + 1
            last_step[case] = n
            if kind == "S":
                counts["out_of_order"] += seq != last_signal[case] + 1
                last_signal[case] = seq
        return counts

    def verdict(self, title, note=""):
        """Waits for the end of all that was fed, prints the counts, answers whether all zeros are zeros."""
        with contextlib.suppress(TimeoutError):
            wait("everything fed comes out", self.is_complete, bound_s=30)
        counts = self.counts()
        zero = ("lost", "repeated", "early", "out_of_order", "unasked")
        is_clean = not any(counts[name] for name in zero)
        print(f"{'ok  ' if is_clean else 'FAIL'} {title:<46} lines {counts['lines']:>6}  "
              + "  ".join(f"{name} {counts[name]}" for name in zero) + (f"  {note}" if note else ""), flush=True)
        return is_clean


class Flow:
    """A steady stream of signals, some with timers and acknowledgements, while things go wrong."""

    def __init__(self, world, name, per_s=200):
        self.world, self.name, self.per_s = world, name, per_s
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.error = None

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        if self.error:
            raise self.error

    def _run(self):
        cases = self.world.cases(self.name, 64)
        chance = random.Random(self.name)
        try:
            while not self.stopping.wait(0.1):
                chosen = chance.choices(cases, k=self.per_s // 10)
                with_timer = list(dict.fromkeys(chosen[:6]))
                self.world.feed_signals(with_timer, delay_ms=chance.choice((50, 300, 900)))
                self.world.feed_acks([(case, self.world.signals[case]) for case in with_timer[:2]])
                self.world.feed_signals(chosen[6:])
        except Exception as error:  # handed to the thread that waits
            self.error = error


# ---- scenarios; each takes a world with topics and answers whether it came through

EFFECTS = ("begin", "offsets", "changelog", "outputs", "commit", "reply")


def kills(world):
    """kill -9 before each effect of a transaction; the slot comes back, its twin goes on."""
    good = True
    twin = Member(world, 1).wait_ready()
    chance = random.Random(1)
    for effect, name in enumerate(EFFECTS):
        with Flow(world, f"kill{effect}-", per_s=600):
            times = []
            for _ in range(2):
                victim = Member(world, 0, f"kill:{effect}:{chance.randrange(5, 40)}")
                wait(f"the kill before {name}", lambda: victim.process.poll() == -signal.SIGKILL)
                started = time.monotonic()
                heir = Member(world, 0).wait_ready()
                times.append(f"{time.monotonic() - started:.2f}")
                heir.stop()
        good &= world.verdict(f"kill -9 before {name}, twice", f"restart {' '.join(times)} s")
    twin.stop()
    return good


def takeover(world):
    """kill -9 of a member that does not come back: its twin takes over."""
    members = [Member(world, slot).wait_ready() for slot in (0, 1)]
    with Flow(world, "over-"):
        assigned = members[1].count("stream_assigned")
        members[0].kill()
        killed = time.monotonic()
        wait("the twin has all", lambda: members[1].count("stream_assigned") > assigned and members[1].is_ready)
        took = time.monotonic() - killed
    good = world.verdict("kill -9, the twin takes over", f"took over after {took:.2f} s")
    members[1].stop()
    return good


def pair_with_timers(world, name, delay_ms, torture=""):
    """Two members with 64 pending timers between them, made anew, so that nothing was read since their start: what
    rd_kafka_position() answers is then no offset."""
    cases = world.cases(name, 64)
    members = [Member(world, slot).wait_ready() for slot in (0, 1)]
    world.feed_signals(cases, delay_ms)
    wait("the signals are in", lambda: world.count_lines("S", name) == 64)
    for member in members:
        member.stop()
    members = [Member(world, 0, torture).wait_ready(), Member(world, 1).wait_ready()]
    wait("both have their half", lambda: all(member.is_ready and member.has_assigned(2) for member in members))
    return members


def wake(world, members, title, name):
    """The twin has taken over and fired all timers; the first member comes back."""
    wait("the twin has all", lambda: members[1].has_assigned(PARTITIONS) and members[1].is_ready)
    wait("the timers have fired", lambda: world.count_lines("T", name) == 64)
    assigned = members[0].count("stream_assigned")
    members[0].send(signal.SIGCONT)
    wait("the woken one is a member again", lambda: members[0].count("stream_assigned") > assigned)
    wait("the woken one is ready", lambda: members[0].is_ready)
    good = world.verdict(title)
    for member in members:
        member.stop()
    return good


def zombie(world):
    """SIGSTOP past the session and back, with timers due in between that the twin has fired."""
    members = pair_with_timers(world, "zombie", 11000)
    members[0].send(signal.SIGSTOP)
    return wake(world, members, "SIGSTOP past the session, timers due, and back", "zombie")


def frozen(world):
    """The same, stopped with the transaction of its own timers in hand, about to begin it."""
    members = pair_with_timers(world, "frozen", 11000, "stop:0:0")
    wait("it stops", lambda: members[0].is_stopped)
    return wake(world, members, "SIGSTOP with a transaction in hand, and back", "frozen")


def committed(world):
    """The same, with its timers committed, about to hear of it: that proves nothing about now."""
    members = pair_with_timers(world, "committed", 11000, "stop:5:0")
    wait("it stops", lambda: members[0].is_stopped)
    good = wake(world, members, "SIGSTOP before the answer to a commit, and back", "committed")
    fired = [line.split()[-1] for line in members[0].lines if " copy_fired " in line]
    print(f"     may send after waking: {fired.count('may_send=1')} of {len(fired)}")
    return good and len(fired) > 0 and "may_send=1" not in fired


def deaf(world):
    """The group no longer hears of a member whose transactions go on: it must not send until it is given up."""
    members = pair_with_timers(world, "deaf", 11000, "deaf:6:0")
    wait("it is cut off", lambda: members[0].says(" copy_deaf "))
    wait("the twin has all", lambda: members[1].has_assigned(PARTITIONS) and members[1].is_ready)
    assigned = members[0].count("stream_assigned")
    numbers = [line for line in list(members[0].lines) if " copy_may_send " in line or " copy_deaf " in line]
    until = max(int(line.split("until=")[1]) for line in numbers if "until=" in line)
    cut_off = next(int(line.split("at=")[1]) for line in numbers if "at=" in line)
    wait("it is back", lambda: members[0].count("stream_assigned") > assigned and members[0].is_ready)
    good = world.verdict("the group does not hear of a member", f"might send until {until - cut_off} ms, of 2000")
    for member in members:
        member.stop()
    return good and until - cut_off < 2000


def twin(world):
    """Two processes run with one slot: one of them gives up and says so, nothing is done twice."""
    members = [Member(world, 0).wait_ready()]
    with Flow(world, "twin-"):
        members.append(Member(world, 0))
        wait("one gives up", lambda: any(member.process.poll() == 1 for member in members))
        ended = next(member for member in members if member.process.poll() == 1)
        rest = members[1 - members.index(ended)]
        rest.wait_ready()
    good = world.verdict("two processes with one slot", "said so" if ended.says("with this slot") else "")
    rest.stop()
    return good and ended.says("with this slot")


def stall(world):
    """A transaction is held longer than its time-out: the coordinator fences its producer, which is made anew."""
    member = Member(world, 0, "stall:4:15")
    with Flow(world, "stall-"):
        wait("the producer is fenced", lambda: member.count("stream_fatal") > 0)
        wait("and comes back", lambda: member.is_ready)
    good = world.verdict("stall past the transaction time-out", f"fatal {member.count('stream_fatal')}, no exit")
    member.stop()
    return good


def aborts(world):
    """Transactions broken before each effect: memory goes back to the last commit and on."""
    good = True
    for effect in (1, 2, 3, 4):
        member = Member(world, 0, f"abort:{effect}:{14 + effect}")
        with Flow(world, f"abort{effect}-", per_s=600):
            wait("the abort", lambda: member.count("stream_abort") > 0)
            wait("goes on", lambda: member.is_ready)
        good &= world.verdict(f"abort before {EFFECTS[effect]}", f"aborts {member.count('stream_abort')}")
        member.stop()
    return good


def crowd(world):
    """A third member joins and leaves, by SIGTERM and by kill -9."""
    members = [Member(world, slot).wait_ready() for slot in (0, 1)]
    restored = sum(member.count("stream_restored") for member in members)
    with Flow(world, "crowd-"):
        for end in (Member.stop, Member.kill):
            third = Member(world, 2).wait_ready()
            counts = [member.count("stream_assigned") for member in members]
            end(third)
            wait("the two have all again", lambda: all(
                member.count("stream_assigned") > count and member.is_ready
                for member, count in zip(members, counts)))
    restored = sum(member.count("stream_restored") for member in members) - restored
    good = world.verdict("a third member joins and leaves", f"parts restored {restored}")
    for member in members:
        member.stop()
    return good


def beaten(world):
    """Acknowledgements that wait in the log beat steps that became overdue while all were down."""
    cases = world.cases("beaten", 32)
    member = Member(world, 0).wait_ready()
    world.feed_signals(cases, delay_ms=6000)
    overdue = now_ms() + 6100
    wait("the signals are in", lambda: world.count_lines("S", "beaten") == 32)
    member.stop()
    wait("the steps are overdue", lambda: now_ms() > overdue)
    world.feed_acks([(case, world.signals[case]) for case in cases])
    member = Member(world, 0).wait_ready()
    good = world.verdict("acknowledged while all were down")
    fired = world.count_lines("T", "beaten")
    print(f"     overdue steps fired although acknowledged: {fired} of 32")
    member.stop()
    return good and fired == 0


def nap(world):
    """A member is stopped over its deadlines and back: the acknowledgements that were logged before them still count."""
    cases = world.cases("nap", 32)
    member = Member(world, 0).wait_ready()
    due = now_ms() + 7000
    world.feed_signals(cases, delay_ms=7000)
    wait("the signals are in", lambda: world.count_lines("S", "nap") == 32)
    member.send(signal.SIGSTOP)
    world.feed_acks([(case, world.signals[case]) for case in cases])
    wait("the steps are overdue", lambda: now_ms() > due + 300)
    member.send(signal.SIGCONT)
    good = world.verdict("stopped over its deadlines, acknowledged before", "noticed" if
                         member.count("stream_was_away") else "")
    fired = world.count_lines("T", "nap")
    print(f"     steps fired although acknowledged in time: {fired} of 32")
    member.wait_ready().stop()
    return good and fired == 0


def late(world):
    """All is read late: a deadline still comes before what was logged after it, and after what was logged before."""
    cases = world.cases("late", 32)
    world.feed_signals(cases, delay_ms=300)
    overdue = now_ms() + 400
    wait("the steps are overdue", lambda: now_ms() > overdue)
    world.feed_signals(cases)
    member = Member(world, 0).wait_ready()
    good = world.verdict("deadlines between inputs that are read late")
    step = {row[:3]: row[3] for row in world.journal()}
    behind = sum(step.get((case, "T", 1), 3) > step.get((case, "S", 2), 0) for case in cases)
    print(f"     deadlines that came after a later input: {behind} of 32")
    member.stop()
    return good and behind == 0


def compaction(world):
    """The changelog is compacted between two kills: what is restored is still all of it."""
    cases = world.cases("compact", 64)
    world.tool("squeeze")
    member = Member(world, 0).wait_ready()
    rounds = 12
    for _ in range(rounds):
        world.feed_signals(cases)
        wait("the round is in", world.is_complete)

    def is_compacted():
        world.feed_signals(world.cases("filler", 16))  # the active segment rolls on an append only
        return int(world.tool("count", "cases")) < rounds * len(cases) // 2
    wait("the changelog is compacted", is_compacted)
    wait("all is in", world.is_complete)
    member.kill()
    member = Member(world, 0).wait_ready()
    world.feed_signals(cases)
    good = world.verdict("kill -9 after compaction", f"changelog {world.tool('count', 'cases').strip()} records of "
                                                     f"{sum(world.signals.values())}")
    member.stop()
    return good


def open_transaction(world):
    """A foreign transaction is open in the changelog: a restore must not stop before the last commit behind it."""
    cases = world.cases("open", 64)
    member = Member(world, 0).wait_ready()
    world.feed_signals(cases)
    wait("the signals are in", world.is_complete)
    hang = subprocess.Popen([world.bin / "torture_tool", "hang", str(PARTITIONS)], stdin=subprocess.PIPE, text=True,
                            stdout=subprocess.PIPE, env=world.env)
    assert hang.stdout.readline() == "open\n"
    world.feed_signals(cases)
    wait("the commits behind it are in", world.is_complete)
    member.kill()
    member = Member(world, 0)
    # It ends only when the member stands before it, or has gone on without what lies behind.
    wait("it waits or is ready", lambda: member.says("stream_restore_waits") or member.is_ready)
    is_waiting = not member.is_ready
    hang.communicate("\n", timeout=BOUND_S)
    member.wait_ready()
    world.feed_signals(cases)
    good = world.verdict("restore behind an open transaction", "waited for it" if is_waiting else "did not wait")
    member.stop()
    return good and is_waiting


def missing_topic(world):
    """An input does not exist: the service is not ready and says why, and starts when the topic is there."""
    world.tool("drop", "commands")
    # A member of the group that began before it was gone would keep its first offsets from being written.
    wait("the topic is gone", lambda: not world.try_tool("check", str(PARTITIONS)))
    member = Member(world, 0)
    wait("it says what is missing", lambda: member.says("there is no such topic"))
    was_ready = member.is_ready
    world.tool("create", str(PARTITIONS))
    wait("it starts", lambda: member.is_ready)
    cases = world.cases("missing", 32)
    world.feed_signals(cases, delay_ms=200)
    good = world.verdict("a topic is missing, then made", "ready without it!" if was_ready else "said so")
    member.stop()
    return good and not was_ready


def too_large(world):
    """Steps that leave more than Kafka takes, several in one batch: they are refused, and nothing else is."""
    calm, huge = [*world.cases("calm", 32), *world.cases("edge", 4)], world.cases("huge", 12)
    lines = []
    for seq in range(1, 7):
        lines += [*world.signal_lines(calm, delay_ms=100), *world.refused_lines(huge, seq)]
    world.feed(lines)
    members = [Member(world, slot).wait_ready() for slot in (0, 1)]
    good = world.verdict("outputs larger than Kafka takes", f"refused {len(world.refused)}")
    said = sum(member.count("stream_refused") for member in members)
    good &= said >= len(world.refused) and all(member.is_ready for member in members)
    for member in members:
        member.stop()
    return good


def missing_output(world):
    """A topic is gone that is only written to: not ready, and says why; all goes on when it is there again."""
    member = Member(world, 0).wait_ready()
    cases = world.cases("gone", 32)
    world.feed_signals(cases)
    wait("all is in", world.is_complete)
    world.tool("drop", "alerts")
    world.feed_signals(cases)
    wait("it says why", lambda: member.says("Kafka refuses the transactions"))
    ready = member.count("part_ready")
    wait("it tries on", lambda: member.count("stream_abort") >= 6)
    is_flapping = member.count("part_ready") > ready
    world.tool("create", str(PARTITIONS))
    wait("it goes on", lambda: member.is_ready)
    good = world.verdict("an output topic is missing, then made", "flapped!" if is_flapping else "said so")
    member.stop()
    return good and not is_flapping


def expired(world):
    """The group's offsets are gone. Without a changelog nothing is guessed; with one, work goes on where it ended."""
    wait("the group is deleted", lambda: world.try_tool("forget"))
    member = Member(world, 0)
    wait("it says what is missing", lambda: member.says("has no committed offsets: run `swctl topics`"))
    was_ready = member.is_ready
    world.tool("create", str(PARTITIONS))
    member.wait_ready()
    cases = world.cases("expired", 64)
    for _ in range(3):
        world.feed_signals(cases)
    wait("all is in", world.is_complete)
    member.stop()
    wait("the group is empty and deleted", lambda: world.try_tool("forget"))
    world.feed_signals(cases)
    member = Member(world, 0)
    wait("it goes on", lambda: member.is_ready)
    good = world.verdict("the group's offsets have expired", "ready without!" if was_ready else "said so at first")
    member.stop()
    return good and not was_ready


def grown(world):
    """The topics have more partitions than the changelog says: units would move, so it refuses to start."""
    member = Member(world, 0).wait_ready()
    world.feed_signals(world.cases("grown", 64))
    wait("all is in", world.is_complete)
    member.stop()
    world.tool("grow", str(2 * PARTITIONS))
    wait("the group is empty and gets its offsets", lambda: world.try_tool("create", str(2 * PARTITIONS)))
    member = Member(world, 0)
    wait("it refuses", lambda: member.process.poll() is not None)
    good = member.process.returncode == 1 and member.says("another number of partitions")
    print(f"{'ok  ' if good else 'FAIL'} more partitions than recorded: exit {member.process.returncode}")
    return good


def full_disk(world):
    """The broker's disk is full in the middle of transactions (every write fails), the broker dies of it; then there is
    room again."""
    broker = int((world.broker / "broker-1/pid").read_text())
    members = [Member(world, slot).wait_ready() for slot in (0, 1)]
    with Flow(world, "disk-"):
        wait("some are in", lambda: len(world.journal()) > 500)
        resource.prlimit(broker, resource.RLIMIT_FSIZE, (1, 1))
        wait("the broker gives up", lambda: not pathlib.Path(f"/proc/{broker}/stat").exists() or
             pathlib.Path(f"/proc/{broker}/stat").read_text().split()[2] == "Z", bound_s=60)
        world.kafka("restart", "--broker", "1")
        for member in members:
            wait(f"member {member.slot} goes on", lambda: member.is_ready and member.process.poll() is None, 90)
    good = world.verdict("the broker's disk is full, then is not")
    for member in members:
        member.stop()
    return good


def chaos(world):
    """Anything to any of three members, for CHAOS_S seconds; CHAOS_SEED repeats a run."""
    seed = os.environ.get("CHAOS_SEED", str(random.randrange(10**9)))
    print(f"     CHAOS_SEED={seed}", flush=True)
    chance = random.Random(seed)
    until = time.monotonic() + float(os.environ.get("CHAOS_S", "20"))
    done = collections.Counter()
    slots = [Member(world, slot) for slot in range(3)]

    def again(slot, wish=""):
        slots[slot] = Member(world, slot, wish)

    with Flow(world, "chaos-", per_s=600):
        while time.monotonic() < until:
            slot = chance.randrange(3)
            what = chance.choice(("kill", "term", "pause", "nap", "kill:", "abort:", "stall:", "stop:"))
            done[what] += 1
            member = slots[slot]
            if member.process.poll() is not None:
                again(slot)
            elif what in ("pause", "nap"):
                member.send(signal.SIGSTOP)
                world.stopping.wait(chance.uniform(2.5, 5) if what == "pause" else chance.uniform(0, 1))
                member.send(signal.SIGCONT)
            elif what == "term":
                member.stop()
                again(slot)
            else:
                member.kill()
                again(slot, f"{what}{chance.randrange(6)}:{chance.randrange(3, 60)}" if what[-1] == ":" else "")
            world.stopping.wait(chance.uniform(0, 1.5))
            for stopped in slots:
                stopped.send(signal.SIGCONT)
    for slot, member in enumerate(slots):
        if member.process.poll() is None:
            member.kill()
        again(slot)
    good = world.verdict("chaos", " ".join(f"{what} {count}" for what, count in sorted(done.items())))
    for member in slots:
        member.stop()
    return good


def leader(world):
    """One of three brokers is killed with -9, a leader of some partitions and coordinators; replication is 3."""
    members = [Member(world, slot).wait_ready() for slot in (0, 1)]
    with Flow(world, "leader-"):
        for broker in ("1", "2", "3"):
            world.kafka("kill", "--broker", broker)
            lines = len(world.journal())
            wait("work goes on with two brokers", lambda: len(world.journal()) > lines + 200, 120)
            world.kafka("restart", "--broker", broker)
    good = world.verdict("each of three brokers is killed in turn")
    for member in members:
        member.stop()
    return good


class OwnBroker(World):
    """A world with a broker of its own, or three, which may be harmed."""

    brokers = "1"

    def kafka(self, command, *args):
        script = pathlib.Path(__file__).resolve().parents[2] / "deploy/kafka/run"
        return subprocess.run([script, command, "--dir", self.broker, *args], check=True, capture_output=True,
                              text=True, timeout=120).stdout.strip()

    def open(self):
        self.broker = pathlib.Path(tempfile.mkdtemp(prefix="torture-kafka-", dir=os.environ.get("SW_TEST_DIR")))
        self.env["SW_BOOTSTRAP_SERVERS"] = self.kafka("start", "--heap", "320", "--brokers", self.brokers).splitlines()[-1]
        return super().open()

    def close(self):
        super().close()
        self.kafka("stop")
        shutil.rmtree(self.broker)


class ThreeBrokers(OwnBroker):
    brokers = "3"

    def open(self):
        self.env["TORTURE_BROKERS"] = "3"
        return super().open()


SCENARIOS = {function.__name__: function for function in (kills, takeover, zombie, frozen, committed, deaf, twin, stall, aborts, crowd, beaten, nap, late, compaction,
                                                          open_transaction, missing_topic, missing_output, too_large, expired,
                                                          grown, full_disk, chaos, leader)}
FAULTS = {"outputs_first": late, "inputs_first": late, "position_offsets": frozen, "proof_late": committed, "proof_deaf": deaf, "restore_lso": open_transaction, "key_by_unit": compaction}


def run_scenario(bin_folder, scenario, fault="none"):
    kind = {full_disk: OwnBroker, leader: ThreeBrokers}.get(scenario, World)
    world = kind(bin_folder, scenario.__name__, fault)
    started = time.monotonic()
    try:
        good = scenario(world.open())
    except (AssertionError, TimeoutError) as error:
        print(f"FAIL {scenario.__name__} ({fault}): {error}; see {world.log.name}", flush=True)
        good = False
    finally:
        world.close()
    print(f"     {scenario.__name__} took {time.monotonic() - started:.1f} s", flush=True)
    return good


def main(bin_folder, *names):
    if "SW_TEST_BOOTSTRAP" not in os.environ:
        sys.exit("SW_TEST_BOOTSTRAP is not set: tests/run service starts a broker")
    good = True
    for name in names:
        if name in FAULTS:
            print(f"---- rule switched off: {name}; what follows must fail", flush=True)
            # A fault needs a race; the checker must see it lost within three.
            found = any(not run_scenario(bin_folder, FAULTS[name], name) for _ in range(3))
            print(f"{'ok   the fault was found' if found else 'FAIL the fault was NOT found'}: {name}", flush=True)
            good &= found
        else:
            good &= run_scenario(bin_folder, SCENARIOS[name])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
