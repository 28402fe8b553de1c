# SPDX-License-Identifier: Apache-2.0
"""bsnn : a spiking tile's wrong decisions over spread, offset, noise, TMR; operations per joule.

One cause at a time, the others off; `tmr` and `read` with everything on. Errors are decisions that
differ from exact sums (cosim/sttbsnn/errors.py); operations per joule count all supplies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cosim.errors import CircuitError, DesignError
from cosim.sttbsnn.design import BsnnDesign, load_bsnn
from cosim.sttbsnn.errors import error_rate, step_cost
from cosim.study.catalogue import Made
from cosim.study.chart import COLOURS, MARKERS, canvas, plain_log, save, styled
from cosim.study.record import OK, Origin, Record, Row, Value, key_of
from cosim.study.study import Tell
from cosim.study.subject import program_digest

__all__ = ["PUBLISHED_TOPS_PER_W", "make_bsnn_study", "point_count"]

PUBLISHED_TOPS_PER_W = 176.6  # 1x288 subarray, 65 nm: 10.1109/ACCESS.2021.3125685
QUIET = {
    "r": "variation.r_sigma=0.0",
    "tmr": "variation.tmr_sigma=0.0",
    "vt": "variation.vt_sigma_v=0.0",
    "offset": "variation.offset_sigma_v=0.0",
    "noise": "variation.noise_v=0.0",
}
ROWS, INPUTS, DIES = 32, 300, 3
QUICK_INPUTS, QUICK_DIES = 100, 1
GRID: Mapping[str, Sequence[float]] = {
    "offset": (0.0, 0.25, 0.5, 1.0, 2.0, 7.0, 15.0),  # mV
    "resistance": (0.0, 1.0, 2.0, 5.0, 10.0, 15.0),  # %
    "transistor": (0.0, 31.0, 45.0, 60.0),  # mV
    "noise": (0.0, 0.1, 0.2, 0.4, 0.8, 1.6),  # mV
    "tmr": (0.5, 1.0, 1.24, 2.0, 2.5),
    "read": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8),  # V
    "time": (300.0, 500.0, 1000.0, 2000.0),  # ps
}
COSTED = ("read", "time")
CAUSES = ("offset", "resistance", "transistor", "noise", "tmr", "read")
LABELS = {
    "offset": "sigma of latch offsets (mV)",
    "resistance": "sigma of R and TMR of junctions (%)",
    "transistor": "sigma of access thresholds (mV)",
    "noise": "noise of a decision (mV)",
    "tmr": "TMR at zero bias",
    "read": "read voltage (V)",
    "time": "time step (ps)",
}
KEYS = {"cause": str, "value": float, "trimmed": int}
FIGURES = {"wrong": float, "wrong_near": float, "decisions": int, "tops_per_w": float}


def point_count(quick: bool) -> int:
    """How many points there are."""
    return len(_points(quick))


def _points(quick: bool) -> list[Row]:
    """Every point: cause, value, whether thresholds take offsets up."""
    found: list[Row] = []
    for cause, grid in GRID.items():
        for value in (grid[0], grid[len(grid) // 2], grid[-1]) if quick else grid:
            for trimmed in (0, 1) if cause == "offset" else (1,):
                found.append({"cause": cause, "value": value, "trimmed": trimmed})
    return found


def _sets(cause: str, value: float) -> list[str]:
    """Design values of a point."""
    if cause == "tmr":
        return [f"device.mtj.tmr0={value}"]
    if cause == "read":
        # the transistor's threshold rises with the source line, at half of the read voltage
        return [f"row.read_v={value}", f"device.access.body_shift_v={0.276 * 0.5 * value}"]
    if cause == "time":
        half = int(value / 2)
        return [f"timing.settle_ps={half}", f"timing.sense_ps={half}"]
    own = {"offset": ("offset",), "resistance": ("r", "tmr"), "transistor": ("vt",)}
    kept = own.get(cause, ("noise",))
    changed = {
        "offset": [f"variation.offset_sigma_v={1e-3 * value}"],
        "resistance": [f"variation.r_sigma={value / 100}", f"variation.tmr_sigma={value / 100}"],
        "transistor": [f"variation.vt_sigma_v={1e-3 * value}"],
        "noise": [f"variation.noise_v={1e-3 * value}"],
    }[cause]
    return [text for key, text in QUIET.items() if key not in kept] + changed


def _solve(design: BsnnDesign, point: Mapping[str, Value], seed: int, quick: bool) -> Row:
    row: Row = {"wrong": 0.0, "wrong_near": 0.0, "decisions": 0, "tops_per_w": 0.0}
    if point["cause"] in COSTED:
        row["tops_per_w"] = step_cost(design, rows=1, seed=seed).tops_per_w
    if point["cause"] != "time":
        rate = error_rate(
            design,
            seed=seed,
            rows=ROWS,
            inputs=QUICK_INPUTS if quick else INPUTS,
            dies=QUICK_DIES if quick else DIES,
            trimmed=bool(point["trimmed"]),
        )
        row |= {"wrong": rate.wrong, "wrong_near": rate.near, "decisions": rate.decisions}
    return row


def make_bsnn_study(
    design: str,
    sets: Sequence[str],
    *,
    command: str,
    seed: int,
    out: Path,
    quick: bool,
    fresh: bool,
    tell: Tell,
) -> Made:
    """Solve what is not there yet, draw the figure anew."""
    base = load_bsnn(design, sets)
    identity = {
        "engine": "fast",
        "design": f"{base.name} {base.digest()}",
        "seed": str(seed),
        "grid": "quick" if quick else "full",
        "program": program_digest("cosim/sttbsnn"),
    }
    origin = Origin(command=command, identity=identity)
    columns = {**KEYS, **FIGURES, "status": str}
    record = Record(path=out / "bsnn.csv", origin=origin, columns=columns, keys=tuple(KEYS))
    record.load(fresh=fresh)
    points, known = _points(quick), record.solved
    counts = {"points": len(points), "kept": 0, "solved": 0, "refused": 0}
    for done, point in enumerate(points):
        if key_of(point, record.keys) in known:
            counts["kept"] += 1
            continue
        tell(f"{point['cause']} {point['value']}", done)
        row: Row = dict(point)
        try:
            changed = load_bsnn(design, [*sets, *_sets(str(point["cause"]), float(point["value"]))])
            row |= {**_solve(changed, point, seed, quick), "status": OK}
        except (CircuitError, DesignError) as error:
            row["status"] = f"{type(error).__name__}: {' '.join(str(error).split())}"
        counts["solved" if row["status"] == OK else "refused"] += 1
        record.add([row])
    record.arrange(points)
    tell("all points there", len(points))
    png = out / "bsnn.png"
    title = "STT-BSNN tile: decisions against exact sums, and operations per joule"
    with styled():
        save(_draw(record.rows), png, title, origin)
    return Made(csv=record.path, png=png, counts=counts, rows=record.rows)


def _draw(rows: Sequence[Row]) -> Figure:
    figure, axes = canvas(9.6, 7.0, 3, 3)
    solved = [row for row in rows if row["status"] == OK]
    for place, cause in zip(axes, CAUSES, strict=False):
        mine = [row for row in solved if row["cause"] == cause]
        _errors(place, mine, cause)
    for place, cause in zip(axes[6:8], COSTED, strict=True):
        mine = [row for row in solved if row["cause"] == cause]
        _lines(place, mine, lambda row: float(row["tops_per_w"]), "circuit", 0)
        place.axhline(PUBLISHED_TOPS_PER_W, color="#555555", linestyle="--", linewidth=1)
        place.text(
            0.98,
            PUBLISHED_TOPS_PER_W,
            f"published {PUBLISHED_TOPS_PER_W}",
            transform=place.get_yaxis_transform(),
            ha="right",
            va="bottom",
            fontsize=7,
            color="#555555",
        )
        place.set_ylim(bottom=0)
        place.set_xlabel(LABELS[cause])
        place.set_ylabel("TOPS/W, 1 row")
    axes[8].set_visible(False)
    return figure


def _errors(axes: Axes, rows: Sequence[Row], cause: str) -> None:
    """Shares in percent; zeros are left out of the logarithmic axis."""
    for colour, (trimmed, text) in enumerate(((1, "trimmed"), (0, "untrimmed"))):
        mine = [row for row in rows if row["trimmed"] == trimmed]
        for key, line in (("wrong", "all"), ("wrong_near", "next to threshold")):
            label = f"{line}, {text}" if cause == "offset" else line
            if mine and all(float(row[key]) == 0 for row in mine):
                label += ": none"
            if mine:
                _lines(axes, mine, _percent(key), label, 2 * colour + int(key != "wrong"))
    if any(float(row["wrong"]) > 0 for row in rows):
        plain_log(axes)
    axes.set_xlabel(LABELS[cause])
    axes.set_ylabel("wrong decisions (%)")
    if rows:
        axes.legend(frameon=False, fontsize=6)


def _percent(key: str) -> Callable[[Row], float]:
    return lambda row: 100.0 * float(row[key])


def _lines(
    axes: Axes, rows: Sequence[Row], figure: Callable[[Row], float], label: str, style: int
) -> None:
    ordered = sorted(rows, key=lambda row: float(row["value"]))
    shown = [(float(row["value"]), figure(row)) for row in ordered]
    shown = [(x, y) for x, y in shown if y > 0]
    axes.plot(
        [x for x, _ in shown],
        [y for _, y in shown],
        color=COLOURS[style],
        marker=MARKERS[style],
        label=label,
    )
