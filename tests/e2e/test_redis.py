"""Redis killed and emptied while all runs: crisis notices and acknowledgements go on, and the board comes back by itself."""
import shutil

from shouwang import incident, wait_until


def test_redis_may_die_and_lose_everything(shouwang):
    shouwang.post(incident("self_harm", affected="20260001", danger="imminent", place="on_campus"))
    shouwang.wait_phone(role="duty_leader", channel="voice")
    wait_until(lambda: len(shouwang.board()["cases"]) == 1, "the first crisis on the board")

    shouwang.process("redis").kill()
    shutil.rmtree(shouwang.process("redis").folder / "appendonlydir", ignore_errors=True)
    before = len(shouwang.sends())
    shouwang.post(incident("self_harm", affected="20260002", danger="imminent", place="on_campus"))
    call = wait_until(lambda: next((send for send in shouwang.sends()[before:]
                                    if send["channel"] == "voice" and send.get("role") == "duty_leader"), None),
                      "the second crisis rings without Redis")
    shouwang.press(call)
    shouwang.wait_case("the second crisis acknowledged", lambda case: case["state"] == "acknowledged")
    assert shouwang.board()["stale"]

    shouwang.start_redis()
    board = wait_until(lambda: (board := shouwang.board()) and not board["stale"] and len(board["cases"]) == 2 and board,
                       "the board comes back by itself", 30)
    assert {case["level"] for case in board["cases"]} == {"crisis"}
