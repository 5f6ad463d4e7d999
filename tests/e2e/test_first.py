"""The spine in one test: an incident posted by a school rings the phones of those who must know."""
from shouwang import incident


def test_a_crisis_reaches_the_duty_leader(shouwang):
    shouwang.post(incident("self_harm", danger="imminent", place="on_campus"))
    call = shouwang.wait_phone(role="duty_leader", channel="voice")
    assert call["text"]
