"""The pages in Debian's Chromium: sign in, the board counts down and follows, the case is acted on, and the page behind a
link shows at 360 px, acts by its button only. Screenshots lie in the run's folder, shown with SW_TEST_PICTURES=DIR."""
import os
import pathlib
import re

import pytest
from playwright.sync_api import expect, sync_playwright
from shouwang import incident

LEADER, PASSWORD = "yz-leader", "demo-only-leader"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def crisis(shouwang):
    """A crisis in the spine: answers the WeCom message of the duty leader, with its link."""
    shouwang.post(incident("self_harm", danger="imminent", place="on_campus", place_detail="东校区三楼",
                           with_pupil="温老师", callback="100-0002000", text="（虚构）写了告别的话"))
    return shouwang.wait_phone(role="duty_leader", channel="wecom")


def picture(page, folder, name):
    page.screenshot(path=pathlib.Path(os.environ.get("SW_TEST_PICTURES", folder)) / f"{name}.png", full_page=True)


def sign_in(page, shouwang):
    """Answers the page of the board; what the pages complain about on their console fails the test."""
    page.on("pageerror", lambda error: pytest.fail(f"page error: {error}"))
    page.goto(shouwang.url("console", "/login"))
    page.fill("input[name=login]", LEADER)
    page.fill("input[name=password]", PASSWORD)
    page.click("button")
    expect(page.locator("a.case").first).to_be_visible(timeout=10000)
    return page


def test_board_and_case(shouwang, folder, browser, crisis):
    page = sign_in(browser.new_page(viewport={"width": 1280, "height": 900}), shouwang)
    row = page.locator("a.case.level-crisis").first
    expect(row).to_be_visible()
    count = row.locator(".count")
    before = count.inner_text()
    expect(count).not_to_have_text(before, timeout=5000)  # the countdown runs
    picture(page, folder, "board")

    row.click()
    expect(page.locator("h2").first).to_be_visible(timeout=10000)
    expect(page.locator("body")).to_contain_text("东校区三楼")
    picture(page, folder, "case")
    page.close()


def test_board_follows_by_itself(shouwang, browser, crisis):
    page = sign_in(browser.new_page(), shouwang)
    rows = page.locator("a.case")
    before = rows.count()
    shouwang.post(incident("bullying", affected="20260009"))
    expect(rows).to_have_count(before + 1, timeout=10000)
    page.close()


def test_the_link_shows_and_its_button_acts(shouwang, folder, browser, crisis):
    link = re.search(r"https?://\S+/a/\S+", crisis["text"]).group()
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(link)
    expect(page.locator("body")).to_contain_text("东校区三楼")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, "nothing hangs over at 360 px"
    assert page.locator("a[href^='tel:']").count() >= 3
    picture(page, folder, "link")
    assert "林小满" not in page.inner_text("body"), "the name needs more than the link"
    case = next(case for case in shouwang.cases() if case["level"] == "crisis")
    assert case["state"] == "open", "a GET never acts"

    page.click("form[method=post] button")
    expect(page.locator("body")).to_contain_text("已接手", timeout=10000)
    picture(page, folder, "link-done")
    shouwang.wait_case("the leader's acknowledgement counts",
                       lambda found: found["id"] == case["id"] and found["episodes"][0].get("acknowledgements"))
    page.goto(link)  # acknowledging twice is harmless
    page.close()


def test_phones_show_what_each_was_told(shouwang, folder, browser, crisis):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(shouwang.phone + "/")
    expect(page.locator("body")).to_contain_text("接手请按1", timeout=10000)
    picture(page, folder, "phones")
    page.close()
