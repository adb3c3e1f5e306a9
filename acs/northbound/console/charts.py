"""Drawings of counts over time, by pygal, in the colours of the page they stand on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pygal  # type: ignore[import-untyped]
from lxml import etree
from markupsafe import Markup
from msgspec import Struct
from pygal.style import Style  # type: ignore[import-untyped]

#: Points that a drawing has at most; more would be finer than the screen.
MOST_POINTS = 120

#: Labels under a drawing, about.
_LABELS = 6

#: Steps beside a drawing at most.
_MOST_STEPS = 5


class Series(Struct, frozen=True):
    """`colour` is a variable of the style sheet. None where nobody counted."""

    name: str
    colour: str
    values: Sequence[float | None]


def over_time(
    moments: Sequence[datetime | None], series: Sequence[Series], *, stacked: bool, height: int = 190
) -> Markup:
    """An area for each series, over these moments (UTC); the style sheet's colours, light or dark."""
    style: Any = Style(
        background="transparent",
        plot_background="transparent",
        foreground="var(--faint)",
        foreground_strong="var(--ink)",
        foreground_subtle="var(--line)",
        guide_stroke_color="var(--line)",
        major_guide_stroke_color="var(--line)",
        colors=tuple(f"var({one.colour})" for one in series),
        opacity=".28",
        opacity_hover=".5",
        transition="none",
        font_family="inherit",
        label_font_size=13,
        major_label_font_size=13,
        legend_font_size=12,
        tooltip_font_size=12,
    )
    ticks = _ticks(_peak(series, stacked))
    kind: Any = pygal.StackedLine if stacked else pygal.Line
    chart = kind(
        style=style,
        fill=True,
        js=(),
        width=600,
        height=height,
        show_dots=False,
        show_legend=False,
        show_x_guides=False,
        x_labels_major_every=max(1, len(moments) // _LABELS),
        show_minor_x_labels=False,
        truncate_label=-1,
        margin=4,
        margin_right=14,
        spacing=6,
        range=(0, ticks[-1]),
        value_formatter=lambda value: f"{value:,.0f}",
        stroke_style={"width": 1.6},
        disable_xml_declaration=True,
        pretty_print=False,
        no_data_text="Nothing counted yet",
    )
    chart.y_labels = ticks
    chart.x_labels = [one.strftime("%H:%M") if one else "" for one in moments]
    for one in series:
        chart.add(one.name, list(one.values))
    tree = chart.render_tree()
    for script in tree.xpath("//*[local-name()='script']"):  # pages run no script but their own
        script.getparent().remove(script)
    return Markup(etree.tostring(tree, encoding="unicode"))  # drawn from numbers and times alone


def _ticks(peak: float) -> list[int]:
    """Whole numbers from 0 to the peak or above it, six at most, and no two that are written alike."""
    step = next(
        count * 10**power
        for power in itertools.count()
        for count in (1, 2, 5)
        if count * 10**power * _MOST_STEPS >= peak
    )
    return list(range(0, max(1, math.ceil(peak / step)) * step + 1, step))


def _peak(series: Sequence[Series], stacked: bool) -> float:
    columns = zip(*(one.values for one in series), strict=True)
    add = sum if stacked else max
    return max((float(add(value or 0 for value in column)) for column in columns), default=0)
