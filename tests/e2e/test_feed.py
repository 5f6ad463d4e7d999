"""A partner's feed by its two other ways than Kafka: GET /v1/feed with a cursor and a bearer token, and the live wire."""
import json
import signal
import threading
import time

import pytest
from shouwang import ROOT, UNIT, incident, local, wait_until

DIRECTORY = """
partners:
  - {id: province, area: qinghe, audience: integrator, label: 省平台（虚构）, channel: feed}
  - {id: erxiao-desk, area: qh-erxiao, audience: bureau_duty, label: 片区值班（虚构）, channel: feed}
"""
TOKENS = """  - {unit: qinghe, secret: made-up-token-province, kinds: [feed.province], label: 省平台（虚构）}
  - {unit: qinghe, secret: made-up-token-desk, kinds: [feed.erxiao-desk], label: 片区（虚构）}
"""
PROVINCE, DESK = "made-up-token-province", "made-up-token-desk"


@pytest.fixture(scope="module")
def partners(shouwang, folder):
    county = (ROOT / "config/sample/county.yaml").read_text(encoding="utf-8")
    assert "\ntokens:\n" in county
    path = folder / "county.yaml"
    path.write_text(county.replace("\ntokens:\n", f"\ntokens:\n{TOKENS}") + DIRECTORY, encoding="utf-8")
    shouwang.swctl("import", "directory", *sorted((ROOT / "config/sample").glob("qh-*.yaml")), path)
    wait_until(lambda: get(shouwang, PROVINCE)[0] == 200, "the token is known")


def get(shouwang, token, **query):
    """(status, answer)"""
    words = "&".join(f"{name}={value}" for name, value in query.items())
    status, body = local.http("GET", shouwang.url("console", f"/v1/feed?{words}"), timeout=40,
                              headers={"Authorization": f"Bearer {token}"} if token else {})
    return status, json.loads(body) if body.startswith(b"{") else body.decode()


def test_a_feed_is_read_by_its_cursor(shouwang, partners):
    shouwang.post(incident("self_harm", danger="imminent", place="on_campus"))
    first = wait_until(lambda: (found := get(shouwang, PROVINCE)[1])["entries"] and found, "an entry", 30)
    assert {entry["unit"] for entry in first["entries"]} == {UNIT}
    assert {"opened"} <= {entry["what"] for entry in first["entries"]}
    assert "林小满" not in json.dumps(first, ensure_ascii=False), "no name is on a topic"
    later = get(shouwang, PROVINCE, after=first["cursor"])[1]
    shown = {entry["id"] for entry in first["entries"]}
    assert not shown & {entry["id"] for entry in later["entries"]}


def test_pieces_are_the_whole(shouwang, partners):
    whole = get(shouwang, PROVINCE)[1]["entries"]
    pieces, cursor = [], ""
    while len(pieces) < len(whole):
        answer = get(shouwang, PROVINCE, after=cursor, limit=1)[1]
        assert len(answer["entries"]) == 1
        pieces += answer["entries"]
        cursor = answer["cursor"]
    assert {entry["id"] for entry in pieces[:len(whole)]} >= {entry["id"] for entry in whole}


def test_it_waits_for_the_first_entry_and_not_longer(shouwang, partners):
    cursor = wait_until(lambda: not (found := get(shouwang, PROVINCE, after=get(shouwang, PROVINCE)[1]["cursor"])[1])["entries"]
                        and found["cursor"], "nothing new")
    began = time.monotonic()
    found = []
    waiting = threading.Thread(target=lambda: found.append(get(shouwang, PROVINCE, after=cursor, wait=30)))
    waiting.start()
    shouwang.post(incident("threat", affected="20260002", danger="imminent", place="on_campus"))
    waiting.join(35)
    assert found[0][1]["entries"] and time.monotonic() - began < 25
    end = get(shouwang, DESK)[1]["cursor"]
    began = time.monotonic()
    assert get(shouwang, DESK, after=end, wait=2)[1]["entries"] == [] and 2 <= time.monotonic() - began < 8


def test_each_sees_its_own_feed_only(shouwang, partners):
    assert get(shouwang, DESK)[1]["entries"] == [], "another area"
    assert get(shouwang, None)[0] == 401
    assert get(shouwang, "made-up-token-nobody")[0] == 401
    assert get(shouwang, "demo-only-token-county")[0] == 403, "a token that writes reads nothing"
    assert get(shouwang, PROVINCE, after="nonsense")[0] == 400
    assert get(shouwang, PROVINCE, limit=0)[0] == 400 and get(shouwang, PROVINCE, wait=31)[0] == 400


def test_the_same_is_on_the_live_wire(shouwang, partners, folder):
    key = folder / "province.key"
    public = shouwang.swctl("keys", "curve", key).stdout.strip()
    with open(shouwang.settings["wire_clients"], "a", encoding="ascii") as file:
        print("province", public, "province.", file=file)
    shouwang.process("relay").signal(signal.SIGHUP)
    whole = {entry["id"] for entry in get(shouwang, PROVINCE, limit=500)[1]["entries"]}

    def lines():
        done = shouwang.swctl("--set", "kafka.timeout=20s", "subscribe", "--server", shouwang.settings["wire_publish"],
                              "--ask", shouwang.settings["wire_ask"], "--server-key", shouwang.settings["wire_public_key"],
                              "--key", key, "--to-end", check=False)
        return [json.loads(line) for line in done.stdout.splitlines()]
    found = wait_until(lambda: (got := lines()) and len(got) >= len(whole) and got, "the feed on the wire", 60)
    assert {line["topic"] for line in found} == {f"province.qinghe.{UNIT}."}, "its own prefix only"
    assert {line["value"]["id"] for line in found} >= whole
