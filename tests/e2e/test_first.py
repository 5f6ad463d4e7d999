"""The spine in one test: an incident posted by a school rings the phones of those who must know, and a pressed key counts."""
from shouwang import incident


def test_a_crisis_reaches_the_duty_leader_who_takes_it(shouwang):
    shouwang.post(incident("self_harm", danger="imminent", place="on_campus"))
    call = shouwang.wait_phone(role="duty_leader", channel="voice")
    assert "请按1" in call["text"]
    shouwang.press(call)

    def taken(case):
        acknowledgements = case["episodes"][0].get("acknowledgements", [])
        return any(each["role"] == "duty_leader" for each in acknowledgements)
    shouwang.wait_case("the key counts as an acknowledgement", taken)
