"""Redis is a view and a guard: killed and emptied while everything runs, crisis notices and acknowledgements go on, and
the board comes back by itself."""
import json
import shutil
import urllib.parse

from shouwang import incident, local, wait_until

UNIT = "qh-yizhong"
TOKEN = "demo-only-token-yizhong"


def sign_in(shouwang):
    form = urllib.parse.urlencode({"login": "yz-leader", "password": "demo-only-leader"}).encode()
    return local.cookie_of("POST", shouwang.url("console", "/login"), form)


def board(shouwang, cookie):
    status, body = local.http("GET", shouwang.url("console", "/api/board"), headers={"Cookie": cookie})
    assert status == 200, body
    return json.loads(body)


def crisis(shouwang, pupil):
    """Posts a crisis and waits until the duty leader's phone has rung for it; answers the case's id."""
    before = len(shouwang.sends(answer=200, role="duty_leader", channel="voice"))
    known = {case["id"] for case in shouwang.cases()}
    shouwang.post(incident("self_harm", UNIT, pupil, place="on_campus", danger="happening"), token=TOKEN)
    shouwang.wait_phone(role="duty_leader", channel="voice", count=before + 1, seconds=30)
    return shouwang.wait_case("a new crisis", lambda case: case["level"] == "crisis" and case["id"] not in known)["id"]


def test_redis_dies_is_emptied_and_comes_back(shouwang):
    cookie = sign_in(shouwang)
    first = crisis(shouwang, "20260001")
    wait_until(lambda: any(case["id"] == first for case in board(shouwang, cookie)["cases"]), "the board shows it")

    redis = shouwang.process("redis")
    redis.kill()
    wait_until(lambda: board(shouwang, cookie)["stale"], "the board says that it may be old")
    assert any(case["id"] == first for case in board(shouwang, cookie)["cases"]), "what was known is still shown"
    second = crisis(shouwang, "20260002")
    assert shouwang.swctl("ack", second, "--as", "yz-leader").returncode == 0

    for path in redis.folder.iterdir():
        if path.name.startswith("appendonly"):
            shutil.rmtree(path)
    shouwang.start_redis()

    def both():
        shown = board(shouwang, cookie)
        return not shown["stale"] and {first, second} <= {case["id"] for case in shown["cases"]}
    wait_until(both, "the board is built anew, both cases on it", 30)
    assert shouwang.metric("relay", "sw_relay_model_rebuilds_total") >= 2
