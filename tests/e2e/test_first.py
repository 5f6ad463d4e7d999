"""The spine in one test: an incident posted by a school rings the phones of those who must know."""
from shouwang import incident


def test_a_crisis_reaches_the_duty_leader(shouwang):
    shouwang.post(incident("self_harm", unit="fenyang-01", affected="S001", place="on_campus", danger="imminent"))
    call = shouwang.wait_phone(role="duty_leader", channel="voice")
    assert call["text"]
