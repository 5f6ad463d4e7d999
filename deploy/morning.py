#!/usr/bin/env python3
"""The player of deploy/demo: starts everything, posts the events of morning.json, and tells what the phones are told."""
import argparse
import datetime
import importlib.machinery
import importlib.util
import json
import pathlib
import re
import shutil
import signal
import sys
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
_loader = importlib.machinery.SourceFileLoader("shouwang_local", str(HERE / "local"))
local = importlib.util.module_from_spec(importlib.util.spec_from_loader("shouwang_local", _loader))
_loader.exec_module(local)

SCHOOL_TOKEN = "demo-only-token-yizhong"
LEADER = ("yz-leader", "demo-only-leader")
LOGINS = (("yz-leader", "demo-only-leader", "值班领导 · duty leader"),
          ("yz-psych", "demo-only-psych", "心理教师 · psychology teacher"),
          ("yz-principal", "demo-only-principal", "校长 · principal"),
          ("bureau", "demo-only-bureau", "教育局值班 · bureau on duty"))
FAVOURITE_PORTS = {"console_port": 8080, "phone_port": 8081, "intake_port": 8082}
ROLES = {"duty_leader": "值班领导", "psych_teacher": "心理教师", "class_teacher": "班主任", "principal": "校长",
         "guardians": "监护人", "bureau_duty": "教育局值班", "grade_head": "年级组长", "last_responder": "最后责任人",
         "county_designee": "县指定负责人", "county_centre": "县中心", "duty_manager": "值班干部"}
LINK = re.compile(r"(/a/\S{8})\S+")  # the token of a link: the phones have it whole
CHANNELS = {"voice": "电话", "sms": "短信", "wecom": "企业微信", "mail": "邮件"}


class Interrupted(Exception):
    """Ctrl-C or a kill: stop everything."""


def interrupt(number, frame):
    """The first one counts; what comes while everything is stopped changes nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Interrupted


class Morning:
    def __init__(self, options):
        self.began = time.monotonic() - options.started
        self.colour = sys.stdout.isatty()
        shutil.rmtree(options.dir, ignore_errors=True)
        self.whole = local.Local(options.dir)
        self.told = 0
        self.cookie = ""
        for name, port in FAVOURITE_PORTS.items():
            self.whole.remember(**{name: port if local.is_free(port) else local.free_port()})

    def say(self, text):
        print(f"== {time.monotonic() - self.began:3.0f} s  {text}", flush=True)

    def sends(self):
        try:
            lines = (self.whole.process("phone").folder / "sends.jsonl").read_text().splitlines()
        except OSError:
            return []
        return [send for send in map(json.loads, filter(lambda line: line.endswith("}"), lines)) if send["answer"] == 200]

    def tell_phones(self):
        """Prints what the phones were sent since the last call."""
        sends = self.sends()
        for send in sends[self.told:]:
            role = ROLES.get(send.get("role", ""), send.get("role", ""))
            head = f"   {CHANNELS.get(send['channel'], send['channel'])} → {role} {send['to']}"
            lines = [LINK.sub(r"\1…", line) for line in send["text"].strip().splitlines()]
            text = "\n        ".join(lines)
            print(f"{self.paint(head)}\n        {text}", flush=True)
        self.told = len(sends)

    def paint(self, text):
        return f"\033[1m{text}\033[0m" if self.colour else text

    def watch(self, seconds, until=lambda: False):
        """Tells what the phones are told for that long, or until a condition holds; answers whether it held."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.tell_phones()
            if until():
                return True
            time.sleep(0.1)
        return until()

    def post(self, moment, number):
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        event = {"specversion": "1.0", "id": f"demo-{number}", "source": "/demo/yizhong", "type": moment["type"], "time": now,
                 "datacontenttype": "application/json", "data": {**moment["data"], "occurred_at": now, "discovered_at": now}}
        status, body = local.http(
            "POST", self.whole.url("intake", "/v1/events"), json.dumps(event).encode(),
            {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {SCHOOL_TOKEN}"})
        if status != 202:
            raise local.Failed(f"intake answered {status}: {body.decode(errors='replace')}")

    # --- what the crisis must reach

    def phone_rang(self):
        return any(send["channel"] == "voice" and send.get("role") == "duty_leader" for send in self.sends())

    def board_shows(self):
        if not self.cookie:
            form = urllib.parse.urlencode({"login": LEADER[0], "password": LEADER[1]}).encode()
            self.cookie = local.cookie_of("POST", self.whole.url("console", "/login"), form)
        status, body = local.http("GET", self.whole.url("console", "/api/board"), headers={"Cookie": self.cookie})
        return status == 200 and any(case.get("level") == "crisis" for case in json.loads(body)["cases"])

    # --- the play

    def play(self):
        moments = json.loads((HERE / "morning.json").read_text())
        for number, moment in enumerate(moments, 1):
            self.watch(moment["wait_s"])
            print(f"\n{self.paint(moment['zh'])}\n{moment['en']}", flush=True)
            self.post(moment, number)
        rang = self.watch(15, self.phone_rang)
        shown = self.watch(15, self.board_shows)
        self.watch(2)
        print()
        self.say("危机已响起值班领导的电话 · the crisis rang the duty leader's phone" if rang else
                 "值班领导的电话没有响 · NO PHONE RANG")
        self.say("危机已在看板上 · the crisis is on the board" if shown else "看板上没有危机 · NOT ON THE BOARD")
        return rang and shown

    def start(self):
        self.whole.start(tell=lambda what: self.say(f"启动 · starting {what}"))
        self.say("就绪 · ready")
        print(f"\n   看板 · board          {self.whole.url('console', '/')}")
        print(f"   模拟手机 · phones     {self.whole.phone}/")
        for login, password, who in LOGINS:
            print(f"   登录 · login          {login} / {password}　{who}")
        print("\n   人名、学校、号码均为虚构。 Every person, school and number is made up.", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True)
    parser.add_argument("--started", type=float, default=0, help="seconds that went before")
    parser.add_argument("--play-once", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    morning = Morning(options)
    status = 1
    try:
        morning.start()
        status = 0 if morning.play() else 1
        if not options.play_once:
            morning.say("轮到你了：打开看板和手机，按键确认、履行职责。Ctrl-C 结束。"
                        " · your turn: open the board and the phones. Ctrl-C ends it.")
            morning.watch(float("inf"))
    except Interrupted:
        status = 0 if not options.play_once else 130
    except local.Failed as failure:
        print(f"deploy/demo: {failure}", file=sys.stderr)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        morning.say("停止 · stopping everything")
        morning.whole.stop()
    sys.exit(status)


if __name__ == "__main__":
    main()
