# SPDX-License-Identifier: Apache-2.0
"""page_charts : the drawings of report.html as inline SVG, with text that can be selected.

Every function takes plain figures and returns one `<svg>` element with a title and a description
for screen readers. Colours are the Okabe-Ito set: they differ for every kind of colour vision and
in grey. Nothing here knows a run folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cosim.report.svg import SMALL, WIDTH, Drawing, Legend, Scale, letters_width
from cosim.units import si

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
OTHERS = "#9a9a9a"  # curves beside the one that matters
FEW = 8  # colours that one can tell apart in one bar
ROW, BAR = 25.0, 16.0  # heights of a row and of its bar
TOP, AXIS, GAP = 8.0, 34.0, 6.0  # above, of an axis with values and name, between parts
LEFT, RIGHT = 52.0, WIDTH - 14.0  # ends of curves
BEYOND = 60.0  # for the figure behind a bar


def layer_chart(name: str, rows: Sequence[tuple[str, Mapping[str, float]]], title: str) -> str:
    """Stacked bars: one bar a layer, one colour a component; joules. `rows` are in order.

    Components beyond the FEW largest are drawn as one.
    """
    rows = _few(rows)
    components = _by_size(rows)
    text = "; ".join(f"{label}: {si(sum(parts.values()), 'J')}" for label, parts in rows)
    biggest = max((sum(parts.values()) for _, parts in rows), default=0.0)
    scale, unit = _scale(biggest, "J")
    legend = _legend(components)
    labels = [label for label, _ in rows]
    left, bottom = _left(labels), TOP + ROW * len(rows)
    drawing = Drawing(height=bottom + AXIS + GAP + legend.height)
    axis = Scale(low=0.0, high=biggest / scale or 1.0, begin=left, end=WIDTH - BEYOND)
    drawing.axis_x(axis, TOP, bottom, f"energy, {unit}")
    drawing.rows(labels, TOP, ROW, left)
    for k, (_, parts) in enumerate(rows):
        end, y = 0.0, TOP + k * ROW + (ROW - BAR) / 2
        for index, component in enumerate(components):
            joules = parts.get(component, 0.0) / scale
            wide = axis.at(joules) - axis.begin
            if wide > 0.0:
                drawing.box(axis.at(end), y, wide, BAR, COLOURS[index % len(COLOURS)])
            end += joules
        drawing.text(axis.at(end) + 4, y + BAR - 4, f"{end:.3g} {unit}", size=SMALL)
    legend.draw(drawing, bottom + AXIS + GAP)
    return drawing.element(name, title, text)


def timeline_chart(
    name: str, lanes: Sequence[tuple[str, Sequence[tuple[str, float, float]]]], title: str
) -> str:
    """Spans in lanes: (name, begin, end) in seconds."""
    spans = [span for _, lane in lanes for span in lane]
    end_s = max((span[2] for span in spans), default=0.0)
    begin_s = min((span[1] for span in spans), default=0.0)
    scale, unit = _scale(end_s - begin_s, "s")
    names = list(dict.fromkeys(span[0] for span in spans))
    legend = _legend(names)
    colour = dict(legend.names)
    text = "; ".join(f"{key} {si(b - a, 's')}" for key, a, b in spans[:20])
    labels = [label for label, _ in lanes]
    left, row = _left(labels), 1.4 * ROW
    bottom = TOP + row * len(lanes)
    drawing = Drawing(height=bottom + AXIS + GAP + legend.height)
    axis = Scale(low=0.0, high=(end_s - begin_s) / scale or 1.0, begin=left, end=RIGHT)
    drawing.axis_x(axis, TOP, bottom, f"time, {unit}")
    drawing.rows(labels, TOP, row, left)
    for k, (_, lane) in enumerate(lanes):
        for key, a, b in lane:
            x = axis.at((a - begin_s) / scale)
            wide = axis.at((b - begin_s) / scale) - x
            drawing.box(x, TOP + k * row + 5, wide, row - 10, colour[key])
    legend.draw(drawing, bottom + AXIS + GAP)
    return drawing.element(name, title, text)


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
    legend = _legend(list(power_w))
    above, middle, bottom = (TOP, TOP + 170.0), (TOP + 186.0, TOP + 300.0), TOP + 300.0
    drawing = Drawing(height=bottom + AXIS + GAP + legend.height)
    time = Scale(low=t_ns[0], high=t_ns[-1], begin=LEFT, end=RIGHT)
    volt = _upright(volts.values(), *above)
    biggest = max((max(values) for values in power_w.values()), default=0.0)
    scale, unit = _scale(biggest, "W")
    powers = {key: [value / scale for value in values] for key, values in power_w.items()}
    power = _upright(powers.values(), *middle)
    drawing.axis_x(time, *above, named=False)
    drawing.axis_y(volt, LEFT, RIGHT, "neuron output, V")
    drawing.axis_x(time, *middle, "time since the inputs were applied, ns")
    drawing.axis_y(power, LEFT, RIGHT, f"power, {unit}")
    strobe = min(range(len(t_s)), key=lambda k: abs(t_s[k] - strobe_s))
    winner = max(volts, key=lambda key: volts[key][strobe])
    for key, values in volts.items():
        if key != winner:
            drawing.curve((time, volt), t_ns, values, OTHERS, 1.0)
    drawing.curve((time, volt), t_ns, volts[winner], COLOURS[0], 2.2)
    for key, values in powers.items():
        drawing.curve((time, power), t_ns, values, dict(legend.names)[key], 1.6)
    shown = len(t_ns) * 2 // 3
    at = time.at(t_ns[shown]), volt.at(volts[winner][shown]) + 14
    drawing.text(*at, f"output {winner}", size=SMALL, anchor="middle", colour=COLOURS[0])
    x = time.at(1e9 * strobe_s)
    for top, low in (above, middle):
        drawing.line([(x, top), (x, low)], wide=0.8, dots="1 2")
    drawing.text(x - 3, sum(above) / 2, "strobe", size=SMALL, anchor="end")
    legend.draw(drawing, bottom + AXIS + GAP)
    return drawing.element(name, title, text)


def curve_chart(
    name: str, x: Sequence[float], y: Sequence[float], labels: tuple[str, str], title: str
) -> str:
    """One curve."""
    text = f"{labels[1]} from {y[0]:.3g} to {y[-1]:.3g} over {labels[0]} {x[0]:.3g} to {x[-1]:.3g}"
    bottom = TOP + 170.0
    drawing = Drawing(height=bottom + AXIS)
    along, up = Scale(low=x[0], high=x[-1], begin=LEFT, end=RIGHT), _upright([y], TOP, bottom)
    drawing.axis_x(along, TOP, bottom, labels[0])
    drawing.axis_y(up, LEFT, RIGHT, labels[1])
    drawing.curve((along, up), x, y, COLOURS[0], 2.0)
    return drawing.element(name, title, text)


def tornado_chart(
    name: str, base: float, rows: Sequence[tuple[str, float, float]], title: str
) -> str:
    """What a saving (a share) becomes when one thing goes down or up: (what, low, high)."""
    ordered = sorted(rows, key=lambda row: abs(row[2] - row[1]), reverse=True)
    text = "; ".join(f"{what}: {100 * a:.3g} % to {100 * b:.3g} %" for what, a, b in ordered)
    labels = [what for what, _, _ in ordered]
    left, bottom = _left(labels), TOP + ROW * len(ordered)
    drawing = Drawing(height=bottom + AXIS)
    ends = [100 * value for value in (base, *(end for _, *both in ordered for end in both))]
    margin = 0.05 * (max(ends) - min(ends)) or 1.0
    axis = Scale(low=min(ends) - margin, high=max(ends) + margin, begin=left, end=RIGHT)
    drawing.axis_x(
        axis, TOP, bottom, f"energy saved, % (now {100 * base:.3g}); orange: down, blue: up"
    )
    drawing.rows(labels, TOP, ROW, left)
    middle = axis.at(100 * base)
    for k, (_, low, high) in enumerate(ordered):
        for value, colour in ((low, COLOURS[1]), (high, COLOURS[0])):
            wide = axis.at(100 * value) - middle
            drawing.box(middle, TOP + k * ROW + (ROW - BAR) / 2, wide, BAR, colour)
    drawing.line([(middle, TOP), (middle, bottom)])
    return drawing.element(name, title, text)


def _legend(names: Sequence[str]) -> Legend:
    return Legend(names=[(name, COLOURS[index % len(COLOURS)]) for index, name in enumerate(names)])


def _left(labels: Sequence[str]) -> float:
    """Where bars begin behind their names."""
    return 8.0 + max(map(letters_width, labels), default=0.0)


def _upright(curves: Iterable[Sequence[float]], top: float, bottom: float) -> Scale:
    """A scale that holds all curves, with a little space above and below."""
    values = [value for curve in curves for value in curve] or [0.0]
    space = 0.05 * (max(values) - min(values)) or 1.0
    return Scale(low=min(values) - space, high=max(values) + space, begin=bottom, end=top)


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
