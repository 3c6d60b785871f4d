"""The pages in a real browser: every page by clicking, nothing from elsewhere, accessible (WCAG AA by axe)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_server import LiveServer, RemoteHarness
from store_contract import Bench
from store_support import PIN, write_study

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
WORDS = {
    "zh-CN": {"add": "添加条件", "found": "次检查", "take": "全部导入", "language": "English"},
    "en": {"add": "Add condition", "found": "examinations", "take": "Take all of it in", "language": "中文"},
}
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium): the pages were not seen"
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A live server with a disputed and a final unit."""
    folder = tmp_path_factory.mktemp("web")
    server = LiveServer(folder).start()
    try:
        bench = Bench(RemoteHarness(server, folder), write_study(folder / "study"), folder)
        prepared, pair = bench.disputed()
        bench.sign(bench.seal_final(prepared, pair, "chief"), prepared.unit, "chief", pair)
        bench.opened("wang")
        bench.server, bench.case = server, prepared.unit.case  # type: ignore[attr-defined]  # for the tests here
        yield bench
    finally:
        server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visitor:
    """A person at a browser; collects what goes wrong and what is asked of other hosts."""

    def __init__(self, browser: Any, bench: Bench, lang: str, person: str) -> None:
        self.url = bench.server.address.url  # type: ignore[attr-defined]  # as the fixture made it
        self.page = browser.new_context(locale=lang, viewport={"width": 1280, "height": 900}).new_page()
        self.troubles: list[str] = []
        self.page.on("console", lambda line: self.troubles.append(line.text) if line.type == "error" else None)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", self._watch)
        self.page.goto(self.url)
        self.page.fill("#person", person)
        self.page.fill("#password", PIN)
        self.page.click("button.main")
        self.page.wait_for_selector("nav")

    def go(self, path: str) -> None:
        """Open a page."""
        assert self.page.goto(self.url + path).status == 200

    def check(self) -> None:
        """Nothing went wrong, nothing came from elsewhere, and axe finds nothing against WCAG AA."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
        found = self.page.evaluate(f"axe.run(document, {json.dumps(rules)})")["violations"]
        told = [(item["id"], [node["html"][:120] for node in item["nodes"]]) for item in found]
        assert told == [], self.page.url
        assert self.troubles == [], self.page.url

    def _watch(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.troubles.append(f"asked {request.url}")


@pytest.mark.parametrize("lang", WORDS)
def test_a_manager_searches_by_clicking_and_looks_at_a_case(browser: Any, bench: Bench, lang: str) -> None:
    words, case = WORDS[lang], bench.case  # type: ignore[attr-defined]  # as the fixture made it
    visitor = Visitor(browser, bench, lang, "manager")
    page = visitor.page
    visitor.check()
    assert page.inner_text(".count") == f"2 {words['found']}"
    page.click(f"text={words['add']} >> nth=0")
    page.wait_for_selector('[id="n0.0.field"]')
    page.select_option('[id="n0.0.value"]', "final")
    page.wait_for_selector('.count strong:text-is("1")')
    page.click('button[value="group:0"]')
    page.wait_for_selector('[id="n0.1.0.field"]')
    page.select_option('[id="n0.1.0.field"]', "study_date")
    page.wait_for_selector('input[id="n0.1.0.value"]')
    page.fill('[id="n0.1.0.value"]', "2026-01-02")
    page.keyboard.press("Tab")
    page.wait_for_load_state("networkidle")
    assert page.inner_text(".count strong") == "1"
    assert page.input_value('[id="n0.0.value"]') == "final"
    page.press('[id="n0.1.0.value"]', "Enter")
    page.wait_for_load_state("networkidle")
    assert page.inner_text(".count strong") == "1"
    assert page.locator(".condition").count() == 2, "Enter searches, it adds nothing"
    visitor.check()
    with page.expect_download() as table:
        page.click("button[formaction='/search/export']")
    assert case in table.value.path().read_text(encoding="utf-8-sig")
    page.click(f"text={case} >> nth=0")
    page.wait_for_selector("figure img")
    assert page.evaluate("document.querySelector('figure img').decode().then(() => true)")
    visitor.check()
    visitor.go(f"/cases/{case}?at=2026-01-05T08:10")
    visitor.check()
    for path in ("/progress", "/audit?check=1", "/work", "/tables", "/grants", "/password"):
        visitor.go(path)
        visitor.check()
    page.click(f"text={words['language']}")
    page.wait_for_load_state()
    assert page.get_attribute("html", "lang") == ("en" if lang == "zh-CN" else "zh-Hans")


def test_a_table_with_problems_is_shown_then_a_good_one_taken_in(browser: Any, bench: Bench, tmp_path: Path) -> None:
    case = bench.case  # type: ignore[attr-defined]  # as the fixture made it
    visitor = Visitor(browser, bench, "en", "manager")
    page, table = visitor.page, tmp_path / "table.csv"
    for content, expected in ((f"case,age\n{case},old\n", ".wrong"), (f"case,age\n{case},61\n", ".good")):
        table.write_text(content, encoding="utf-8")
        visitor.go("/tables")
        page.set_input_files("#file", table)
        page.click("button[value=look]")
        page.wait_for_selector(expected)
        visitor.check()
    page.click(f"text={WORDS['en']['take']}")
    page.wait_for_selector("text=Taken in")
    visitor.go(f"/cases/{case}")
    assert "61" in page.inner_text("main")
    visitor.check()


def test_an_administrator_grants_what_was_found_and_the_data_user_meets_it(browser: Any, bench: Bench) -> None:
    case = bench.case  # type: ignore[attr-defined]  # as the fixture made it
    admin = Visitor(browser, bench, "en", "admin")
    page = admin.page
    page.click("text=Grant what was found")
    page.fill("#purpose", "one study")
    page.fill("#until", "2027-01-31")
    admin.check()
    page.click('button[value="grant"]')
    page.wait_for_url("**/grants")
    assert "one study" in page.inner_text("main")
    admin.check()
    user = Visitor(browser, bench, "zh-CN", "user")
    assert user.page.locator("nav a").all_inner_texts() == ["检索", "我的任务", "进度", "数据授权"]
    user.check()
    for path in ("/grants", f"/cases/{case}"):
        user.go(path)
        user.check()
    with user.page.expect_download() as download:
        user.page.click("text=下载最终结果")
    assert download.value.path().read_bytes()[:2] == b"PK"
    admin.go("/grants")
    assert "final with images" in page.inner_text("main")
    page.fill("input[name=reason]", "the study is over")
    page.click("text=Take back")
    page.wait_for_load_state()
    assert user.page.goto(user.url + f"/cases/{case}").status == 404


def test_a_search_is_kept_and_found_again(browser: Any, bench: Bench) -> None:
    visitor = Visitor(browser, bench, "en", "manager")
    page = visitor.page
    page.click("text=Add condition >> nth=0")
    page.wait_for_selector('[id="n0.0.field"]')
    page.select_option('[id="n0.0.value"]', "final")
    page.wait_for_selector('.count strong:text-is("1")')
    page.click("text=Save this search")
    page.fill("#name", "all final ones")
    page.click('button[value="keep"]')
    page.wait_for_selector("text=Saved searches")
    assert page.input_value('[id="n0.0.value"]') == "final"
    visitor.check()
    visitor.go("/search")
    page.click("text=all final ones")
    page.wait_for_selector('.count strong:text-is("1")')


@pytest.mark.parametrize("lang", WORDS)
def test_an_administrator_looks_at_people_loses_the_way_and_leaves(browser: Any, bench: Bench, lang: str) -> None:
    visitor = Visitor(browser, bench, lang, "admin")
    visitor.go("/people")
    visitor.check()
    assert visitor.page.locator("table tbody tr").count() > 5
    visitor.page.goto(visitor.url + "/cases/CRC-01-000999-X")
    visitor.page.wait_for_selector("main")
    visitor.troubles.clear()  # A browser tells of a 404 as of an error.
    visitor.check()
    visitor.go("/people")
    visitor.page.click("form[action='/sign-out'] button")
    visitor.page.wait_for_selector("#password")
    visitor.check()


def test_a_reader_works_without_a_search(browser: Any, bench: Bench) -> None:
    visitor = Visitor(browser, bench, "en", "wang")
    assert visitor.page.url.endswith("/work")
    assert visitor.page.locator("nav a").all_inner_texts() == ["My work", "Progress"]
    visitor.check()
