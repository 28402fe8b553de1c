# SPDX-License-Identifier: Apache-2.0
"""test_report_page : report.html in a real browser: silent, whole, equal to the figures."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cosim import tools
from cosim.report.write import write_comparison, write_difference, write_report

pytestmark = pytest.mark.system

COMMAND = "cosim compare lenet5"
LIMIT_S = 120
PHONE_PX, DESK_PX = 390, 1200
CHARTS = {
    "chart-comparison",
    "chart-tornado",
    "macro-chart-timeline",
    "macro-chart-offload",
    "macro-chart-energy",
    "macro-chart-waveform",
    "macro-chart-neuron",
}
# Runs in the page: what went wrong, how large each drawing is, whether the page is too wide.
PROBE = """
<script>
const wrong = [];
const say = e => wrong.push(String(e.message || e.target.src || e.target.href));
addEventListener('error', say, true);
addEventListener('securitypolicyviolation', e => wrong.push(e.blockedURI));
for (const kind of ['error', 'warn']) console[kind] = (...words) => wrong.push(words.join(' '));
addEventListener('load', () => {
  document.body.style.width = 'WIDTHpx';  // a window has a least width, a phone has not
  const charts = {};
  for (const svg of document.querySelectorAll('svg')) {
    const box = svg.getBoundingClientRect();
    const ink = [...svg.querySelectorAll('path, use, rect')].length;
    const letters = [...svg.querySelectorAll('text')].map(t => t.textContent).join('|');
    charts[svg.id] = {width: box.width, height: box.height, ink, letters};
  }
  const figures = [...document.querySelectorAll('[data-path]')].map(
    e => [e.dataset.path, e.dataset.value, e.textContent]);
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  const repeated = ids.filter((id, k) => ids.indexOf(id) !== k);
  const lost = [...document.querySelectorAll('a[href^="#"]')]
    .map(a => a.getAttribute('href').slice(1)).filter(id => !document.getElementById(id));
  const small = [...document.querySelectorAll('svg text')]
    .filter(t => t.getBoundingClientRect().height < 7).length;
  const range = document.createRange();
  range.selectNodeContents(document.querySelector('td.n'));
  getSelection().addRange(range);
  const selected = getSelection().toString();
  const wide = document.body.scrollWidth - document.body.clientWidth;
  const out = document.createElement('pre');
  out.id = 'probe-result';
  out.textContent = JSON.stringify({wrong, charts, figures, repeated, lost, small, selected, wide});
  document.body.append(out);
});
</script>
"""


def look(page: Path, width_px: int, folder: Path) -> dict[str, Any]:
    """What the browser makes of a page; a policy forbids everything that is not in the file."""
    policy = (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">"
    )
    probe = PROBE.replace("WIDTH", str(width_px))
    text = page.read_text(encoding="utf-8")
    probed = folder / f"probed-{width_px}.html"
    probed.write_text(text.replace("<head>", f"<head>{policy}{probe}", 1), encoding="utf-8")
    done = subprocess.run(
        [
            str(tools.chromium()),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            f"--user-data-dir={folder / 'home'}",
            f"--window-size={DESK_PX},2000",
            "--dump-dom",
            probed.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    found = re.search(r'<pre id="probe-result">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    seen: dict[str, Any] = json.loads(html.unescape(found.group(1)))
    return seen


def at(tree: Any, path: str) -> Any:
    """The value at a dotted path."""
    for key in re.split(r"\.", path):
        if isinstance(tree, list | tuple):
            tree = tree[int(key)]
        elif key in tree:
            tree = tree[key]
        else:  # a name that holds dots itself
            rest = path[path.index(key) :]
            return tree[rest]
    return tree


@pytest.fixture(scope="module")
def runs(compared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three images on the CPU alone and with the macro; a copy, for pages are written again."""
    return Path(shutil.copytree(compared, tmp_path_factory.mktemp("compare") / "run"))


@pytest.fixture(scope="module", params=[PHONE_PX, DESK_PX])
def seen(
    request: pytest.FixtureRequest, runs: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    return look(runs / "report.html", request.param, tmp_path_factory.mktemp("look"))


def test_the_page_opens_in_silence_and_fetches_nothing(seen: dict[str, Any]) -> None:
    assert seen["wrong"] == []
    assert seen["lost"] == []
    assert seen["repeated"] == []


def test_every_chart_is_there_and_has_ink(seen: dict[str, Any]) -> None:
    assert set(seen["charts"]) == CHARTS
    for name, chart in seen["charts"].items():
        assert chart["width"] >= 300, name
        assert chart["height"] >= 80, name
        assert chart["ink"] >= 5, name
        assert chart["letters"], name
    assert seen["small"] == 0  # letters one can read


def test_the_page_fits_its_screen_and_figures_can_be_selected(seen: dict[str, Any]) -> None:
    assert seen["wide"] <= 0
    assert seen["selected"].strip()


def test_figures_equal_the_runs_files(seen: dict[str, Any], runs: Path) -> None:
    compared = json.loads((runs / "compare.json").read_text())
    result = json.loads((runs / "imac" / "result.json").read_text())
    checked = 0
    for path, value, text in seen["figures"]:
        top = path.partition(".")[0]
        tree: Mapping[str, Any] = compared if top in compared and top != "layers" else result
        if top == "layers" and (".cycles." in path or ".energy_j." in path):
            tree = compared
        assert float(value) == at(tree, path), path
        assert text.strip(), path
        checked += 1
    assert checked > 100


def test_the_comparison_is_that_of_the_two_runs(runs: Path) -> None:
    compared = json.loads((runs / "compare.json").read_text())
    both = [json.loads((runs / n / "result.json").read_text()) for n in ("cpu", "imac")]
    for side, result in enumerate(both):
        cycles = [image["cycles"] for image in result["images"]]
        assert compared["figures"]["cycles"][side] == sum(cycles) / len(cycles)
        inside = [layer for layer in result["energy"]["layers"] if layer["in_image"]]
        joules = sum(layer["digital_j"] + layer["analog_j"] for layer in inside) / len(cycles)
        standby_j = sum(part["standby"] for part in result["energy"]["phases"])
        share = sum(cycles) / len(cycles) / result["totals"]["cycles"]
        assert compared["figures"]["energy_j"][side] == pytest.approx(joules + standby_j * share)
    assert 0 < compared["saving"] < 0.2
    fully = next(x for x in compared["layers"] if x["name"] == "fully connected")
    assert fully["cycles"][1] < 0.01 * fully["cycles"][0]


def test_a_single_run_and_a_difference_open_too(runs: Path, tmp_path: Path) -> None:
    one = look(write_report(runs / "imac", "cosim report"), DESK_PX, tmp_path)
    assert one["wrong"] == []
    assert {name.removeprefix("macro-") for name in CHARTS if name.startswith("macro-")} == set(
        one["charts"]
    )
    page = write_difference(runs / "cpu", runs / "imac", "cosim report A B")
    assert page.name == "report-against-cpu.html"
    two = look(page, PHONE_PX, tmp_path)
    assert two["wrong"] == []
    assert "fully" not in two["selected"]


def test_a_comparison_written_again_is_the_same(runs: Path) -> None:
    before = (runs / "compare.json").read_text()
    write_comparison(runs, runs / "cpu", runs / "imac", COMMAND)
    assert (runs / "compare.json").read_text() == before
