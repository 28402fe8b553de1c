# SPDX-License-Identifier: Apache-2.0
"""page_charts : the drawings of report.html as inline SVG, with text that can be selected.

Every function takes plain figures and returns one `<svg>` element with a title and a description
for screen readers. Colours are the Okabe-Ito set: they differ for every kind of colour vision and
in grey. Nothing here knows a run folder.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from cosim.units import si

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "curve_chart",
    "layer_chart",
    "timeline_chart",
    "tornado_chart",
    "waveform_chart",
]

COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#7F7F7F",
    "#332288",
    "#AA4499",
    "#117733",
    "#882255",
)
WIDTH_IN = 5.6
FEW = 8  # colours that one can tell apart in one bar
STYLE = {
    "svg.fonttype": "none",  # letters stay letters
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
}
_SIZE = re.compile(r'<svg[^>]*?viewBox="([^"]+)"[^>]*>', re.DOTALL)
_GROUP = re.compile(r'<g id="[^"]*"')  # names of groups repeat from drawing to drawing


class _Canvas:
    """A figure on its way to SVG."""

    def __init__(self, height_in: float, rows: int, ratios: Sequence[float] | None) -> None:
        from matplotlib.figure import Figure  # noqa: PLC0415 - `import cosim` stays light

        self.figure: Figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        axes = self.figure.subplots(rows, 1, sharex=rows > 1, height_ratios=ratios, squeeze=False)
        self.axes: list[Axes] = list(axes[:, 0])
        self.svg = ""


@contextmanager
def _drawing(
    name: str,
    title: str,
    text: str,
    height_in: float,
    *,
    rows: int = 1,
    ratios: Sequence[float] | None = None,
) -> Iterator[_Canvas]:
    """A canvas that is an SVG element of id `name` once the block ends."""
    from matplotlib import rc_context  # noqa: PLC0415

    style: Any = {**STYLE, "svg.hashsalt": name}
    with rc_context(style):
        canvas = _Canvas(height_in, rows, ratios)
        yield canvas
        buffer = io.StringIO()
        canvas.figure.savefig(buffer, format="svg", metadata={"Date": None})
    whole = buffer.getvalue()
    match = _SIZE.search(whole)
    if match is None:
        raise ValueError("the drawing has no size")
    head = (
        f'<svg id="{name}" class="drawing" role="img" viewBox="{match.group(1)}" '
        f'aria-labelledby="{name}-title {name}-text" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-text">{escape(text)}</desc>'
    )
    canvas.svg = head + _GROUP.sub("<g", whole[match.end() :])


def layer_chart(name: str, rows: Sequence[tuple[str, Mapping[str, float]]], title: str) -> str:
    """Stacked bars: one bar a layer, one colour a component; joules. `rows` are in order.

    Components beyond the FEW largest are drawn as one.
    """
    rows = _few(rows)
    components = _by_size(rows)
    text = "; ".join(f"{label}: {si(sum(parts.values()), 'J')}" for label, parts in rows)
    with _drawing(name, title, text, 1.1 + 0.34 * len(rows) + 0.22 * len(components) / 3) as canvas:
        axes = canvas.axes[0]
        biggest = max((sum(parts.values()) for _, parts in rows), default=0.0)
        scale, unit = _scale(biggest, "J")
        labels = [label for label, _ in rows]
        left = [0.0] * len(rows)
        for index, component in enumerate(components):
            widths = [parts.get(component, 0.0) / scale for _, parts in rows]
            axes.barh(
                labels,
                widths,
                left=left,
                height=0.66,
                label=component,
                color=COLOURS[index % len(COLOURS)],
                edgecolor="white",
                linewidth=0.6,
            )
            left = [a + b for a, b in zip(left, widths, strict=True)]
        for label, end in zip(labels, left, strict=True):
            axes.annotate(
                f"{end:.3g} {unit}",
                (end, label),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.14)
        axes.set_xlabel(f"energy, {unit}")
        canvas.figure.legend(loc="outside lower center", ncols=3)
    return canvas.svg


def timeline_chart(
    name: str, lanes: Sequence[tuple[str, Sequence[tuple[str, float, float]]]], title: str
) -> str:
    """Spans in lanes: (name, begin, end) in seconds; wide ones carry their name."""
    spans = [span for _, lane in lanes for span in lane]
    end_s = max((span[2] for span in spans), default=0.0)
    begin_s = min((span[1] for span in spans), default=0.0)
    scale, unit = _scale(end_s - begin_s, "s")
    names = list(dict.fromkeys(span[0] for span in spans))
    colour = {key: COLOURS[index % len(COLOURS)] for index, key in enumerate(names)}
    text = "; ".join(f"{key} {si(b - a, 's')}" for key, a, b in spans[:20])
    with _drawing(name, title, text, 1.0 + 0.55 * len(lanes) + 0.2 * len(names) / 4) as canvas:
        axes = canvas.axes[0]
        seen: set[str] = set()
        for row, (_, lane) in enumerate(lanes):
            for key, a, b in lane:
                axes.barh(
                    row,
                    (b - a) / scale,
                    left=(a - begin_s) / scale,
                    height=0.62,
                    color=colour[key],
                    edgecolor="white",
                    linewidth=0.5,
                    label=None if key in seen else key,
                )
                seen.add(key)
        axes.set_yticks(range(len(lanes)), [label for label, _ in lanes])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlim(0, (end_s - begin_s) / scale or 1.0)
        axes.set_xlabel(f"time, {unit}")
        canvas.figure.legend(loc="outside lower center", ncols=4)
    return canvas.svg


def waveform_chart(
    name: str,
    *,
    t_s: Sequence[float],
    volts: Mapping[str, Sequence[float]],
    power_w: Mapping[str, Sequence[float]],
    strobe_s: float,
    title: str,
) -> str:
    """Neuron outputs over the power of each group, on one time axis."""
    t_ns = [1e9 * t for t in t_s]
    text = f"{len(volts)} outputs from 0 to {t_ns[-1]:.3g} ns, sampled at {1e9 * strobe_s:.3g} ns"
    with _drawing(name, title, text, 5.2, rows=2, ratios=(3, 2)) as canvas:
        top, bottom = canvas.axes
        strobe = min(range(len(t_s)), key=lambda k: abs(t_s[k] - strobe_s))
        winner = max(volts, key=lambda key: volts[key][strobe])
        for key, values in volts.items():
            own = key == winner
            top.plot(t_ns, values, color=COLOURS[0] if own else "#9a9a9a", lw=2.2 if own else 1.0)
        middle = len(t_ns) * 2 // 3
        top.annotate(
            f"output {winner}",
            (t_ns[middle], volts[winner][middle]),
            xytext=(0, -14),
            textcoords="offset points",
            color=COLOURS[0],
            fontsize=9,
        )
        top.set_ylabel("neuron output, V")
        biggest = max((max(values) for values in power_w.values()), default=0.0)
        scale, unit = _scale(biggest, "W")
        for index, (key, values) in enumerate(power_w.items()):
            shown = [value / scale for value in values]
            bottom.plot(t_ns, shown, color=COLOURS[index % len(COLOURS)], lw=1.6, label=key)
        bottom.set_ylabel(f"power, {unit}")
        bottom.set_xlabel("time since the inputs were applied, ns")
        for axes in (top, bottom):
            axes.axvline(1e9 * strobe_s, color="black", lw=0.8, ls=":")
        top.annotate(
            "strobe",
            (1e9 * strobe_s, 0.5),
            xycoords=("data", "axes fraction"),
            xytext=(3, -10),
            textcoords="offset points",
            fontsize=9,
        )
        canvas.figure.legend(loc="outside lower center", ncols=3)
    return canvas.svg


def curve_chart(
    name: str, x: Sequence[float], y: Sequence[float], labels: tuple[str, str], title: str
) -> str:
    """One curve."""
    text = f"{labels[1]} from {y[0]:.3g} to {y[-1]:.3g} over {labels[0]} {x[0]:.3g} to {x[-1]:.3g}"
    with _drawing(name, title, text, 3.0) as canvas:
        canvas.axes[0].plot(x, y, color=COLOURS[0], lw=2)
        canvas.axes[0].set_xlabel(labels[0])
        canvas.axes[0].set_ylabel(labels[1])
    return canvas.svg


def tornado_chart(
    name: str, base: float, rows: Sequence[tuple[str, float, float]], title: str
) -> str:
    """What a saving (a share) becomes when one thing goes down or up: (what, low, high)."""
    ordered = sorted(rows, key=lambda row: abs(row[2] - row[1]), reverse=True)
    text = "; ".join(f"{what}: {100 * a:.3g} % to {100 * b:.3g} %" for what, a, b in ordered)
    with _drawing(name, title, text, 1.2 + 0.36 * len(ordered)) as canvas:
        axes = canvas.axes[0]
        for row, (_, low, high) in enumerate(ordered):
            for value, colour in ((low, COLOURS[1]), (high, COLOURS[0])):
                axes.barh(row, 100 * (value - base), left=100 * base, height=0.6, color=colour)
        axes.axvline(100 * base, color="black", lw=1)
        axes.set_yticks(range(len(ordered)), [what for what, _, _ in ordered])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(f"energy saved, % (now {100 * base:.3g}); orange: down, blue: up")
    return canvas.svg


def _few(rows: Sequence[tuple[str, Mapping[str, float]]]) -> list[tuple[str, dict[str, float]]]:
    """The largest components by name, the rest together."""
    names = _by_size(rows)
    kept = names if len(names) <= FEW + 1 else names[:FEW]
    found = []
    for label, parts in rows:
        shown = {name: parts[name] for name in kept if name in parts}
        rest_j = sum(joules for name, joules in parts.items() if name not in kept)
        found.append((label, {**shown, f"{len(names) - FEW} more": rest_j} if rest_j else shown))
    return found


def _by_size(rows: Sequence[tuple[str, Mapping[str, float]]]) -> list[str]:
    """Components, largest sum first."""
    sums: dict[str, float] = {}
    for _, parts in rows:
        for key, joules in parts.items():
            sums[key] = sums.get(key, 0.0) + joules
    return sorted((key for key in sums if sums[key] > 0.0), key=lambda key: -sums[key])


def _scale(value: float, unit: str) -> tuple[float, str]:
    """A power of 1000 that makes `value` readable, and the unit with its prefix."""
    for factor, prefix in ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p")):
        if value >= factor:
            return factor, prefix + unit
    return 1e-15, "f" + unit
