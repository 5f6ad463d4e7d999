"""The bureau's board: obligations by the time left, urge, return and confirm a report, hand a shift over, the ledger as CSV."""
import csv
import datetime
import io
import os
import pathlib

import pytest
from playwright.sync_api import expect, sync_playwright
from shouwang import incident, local, wait_until

BUREAU, PASSWORD = "bureau", "demo-only-bureau"
LEADER = ("--as", "yz-leader", "--role", "duty_leader")


@pytest.fixture(scope="module")
def case(shouwang):
    """A crisis whose phone report is owed to the bureau."""
    shouwang.post(incident("self_harm", danger="happening", place="on_campus"))
    shouwang.wait_phone(role="duty_leader", channel="voice", seconds=30)
    return shouwang.wait_case("the crisis", lambda one: one["kind"] == "self_harm")["id"]


@pytest.fixture(scope="module")
def page(shouwang, case):
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        opened = chromium.new_page(viewport={"width": 1280, "height": 900})
        opened.on("pageerror", lambda error: pytest.fail(f"page error: {error}"))
        opened.goto(shouwang.url("console", "/login"))
        opened.fill("input[name=login]", BUREAU)
        opened.fill("input[name=password]", PASSWORD)
        opened.click("button")
        opened.goto(shouwang.url("console", "/sla"))
        expect(opened.locator("#owed tbody tr").first).to_be_visible(timeout=10000)
        yield opened
        chromium.close()


def picture(page, folder, name):
    page.screenshot(path=pathlib.Path(os.environ.get("SW_TEST_PICTURES", folder)) / f"{name}.png", full_page=True)


def row(page, part, text):
    return page.locator(f"{part} tbody tr", has_text=text).first


def answer(page, text="（虚构）请补正"):
    """Fills the dialog's reason and sends it; answers what it shows."""
    page.fill("dialog textarea", text)
    page.click("dialog button.primary")
    outcome = page.locator("dialog .outcome")
    expect(outcome).to_be_visible(timeout=10000)
    shown = outcome.inner_text()
    page.click("dialog button[type=button]")
    return shown


def notices(shouwang, purpose):
    return [record for record in shouwang.read_topic("notices.urgent") if record["value"].get("purpose") == purpose]


def test_what_is_owed_is_shown_by_the_time_left(page, folder):
    rows = page.locator("#owed tbody tr")
    due = [int(node.get_attribute("data-due")) for node in rows.locator("[data-due]").all()]
    assert due == sorted(due) and len(due) >= 4
    assert "林小满" not in page.inner_text("body"), "no pupil's name is on it"
    picture(page, folder, "sla")


def test_urging_tells_the_owner_once(shouwang, page, case):
    row(page, "#owed", "电话报告").get_by_role("button", name="催办").click()
    assert answer(page) == "已生效"
    wait_until(lambda: len(notices(shouwang, "urge")) == 1, "one notice to the owner")
    row(page, "#owed", "电话报告").get_by_role("button", name="催办").click()
    assert "刚刚催办过" in answer(page)
    assert len(notices(shouwang, "urge")) == 1
    expect(row(page, "#owed", "电话报告")).to_contain_text("已催办 1", timeout=10000)
    lines = [line["value"] for line in shouwang.read_topic("journal")]
    assert any(line["what"] == "obligation_urged" for line in lines)


def test_a_report_is_returned_and_confirmed(shouwang, page, folder, case):
    shouwang.swctl("met", case, "phone_report", *LEADER)
    report = row(page, "#reported", "电话报告")
    expect(report).to_be_visible(timeout=10000)
    picture(page, folder, "sla-reported")
    report.get_by_role("button", name="退回").click()
    assert answer(page) == "已生效"
    expect(row(page, "#owed", "电话报告")).to_contain_text("退回 1", timeout=10000)
    wait_until(lambda: len(notices(shouwang, "returned")) == 1, "its owner is told")
    shouwang.swctl("met", case, "phone_report", *LEADER)
    row(page, "#reported", "电话报告").get_by_role("button", name="确认").click()
    assert answer(page) == "已生效"
    expect(page.locator("#reported tbody tr", has_text="电话报告")).to_have_count(0, timeout=10000)


def test_a_shift_is_handed_over_and_acknowledged(shouwang, page, folder, case):
    page.get_by_role("button", name="交接班").click()
    picture(page, folder, "sla-hand-over")
    assert answer(page, "（虚构）家长已在路上").startswith("已生效")
    notice = wait_until(lambda: next(iter(notices(shouwang, "handover")), None), "the next person is told")
    shouwang.swctl("ack", case, "--as", notice["value"]["person"], "--role", notice["value"]["role"])
    assert any(line["value"]["what"] == "handed_over" for line in shouwang.read_topic("journal"))


def test_the_ledger_is_csv_for_spreadsheets(shouwang, case):
    assert shouwang.board() is not None
    status, body = local.http("GET", shouwang.url("console", "/api/ledger.csv"),
                              headers={"Cookie": shouwang.cookies[BUREAU]})
    assert status == 200 and body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    report = next(line for line in rows if "phone_report" in line)
    assert report[0] == "qh-yizhong" and "confirmed" in report and len(report) == len(rows[0])
    assert local.http("GET", shouwang.url("console", "/api/ledger.csv"))[0] == 401


def test_deadlines_that_passed_are_remembered(shouwang, page, folder, case):
    """Found 40 minutes before it was reported: the phone report was due after 30."""
    found = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=40)
    shouwang.post(incident("threat", danger="happening", place="on_campus", discovered_at=found.isoformat(timespec="seconds")))
    expect(row(page, "#breaches", "电话报告")).to_be_visible(timeout=30000)
    picture(page, folder, "sla-breach")


def opened(shouwang, case):
    """The case as the county's expert is shown it."""
    shouwang.board("centre", "demo-only-centre")
    return local.http("GET", shouwang.url("console", f"/api/cases/{case}"), headers={"Cookie": shouwang.cookies["centre"]})[1].decode()


def test_one_of_a_temporary_team_sees_the_pupil_until_it_is_dissolved(shouwang, case):
    name = "林小满"
    assert name not in opened(shouwang, case), "the county sees no pupil's name"
    read = wait_until(lambda: next((line["value"] for line in shouwang.read_topic("journal")
                                    if line["value"].get("actor_role") == "county_centre"), None),
                      "the reading is in the journal")
    until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).isoformat(timespec="seconds")
    shouwang.swctl("team", case, read["actor"], "--until", until, "--reason", "（虚构）支援", *LEADER)
    wait_until(lambda: name in opened(shouwang, case), "on the team the expert sees it")
    shouwang.swctl("team", case, *LEADER)
    wait_until(lambda: name not in opened(shouwang, case), "and off the team no more")


def test_it_fits_a_telephone_in_english(shouwang, page, folder):
    page.set_viewport_size({"width": 360, "height": 740})
    page.evaluate("localStorage.setItem('lang', 'en')")
    page.reload()
    expect(page.locator("#owed tbody tr").first).to_be_visible(timeout=10000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, "nothing hangs over at 360 px"
    picture(page, folder, "sla-phone")
