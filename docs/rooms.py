"""Draws the rooms of the project into docs/architecture.md, from the imports: `make architecture`."""

from __future__ import annotations

from pathlib import Path

import grimp

PACKAGES = ("redspots", "app", "training", "model")
PAGE = Path(__file__).with_name("architecture.md")
BEGIN, END = "<!-- drawn by `make architecture` -->\n", "<!-- end of the drawing -->\n"

Arrows = set[tuple[str, str]]


def room_of(module: str) -> str:
    """Return the room of a module: a folder of `app` or `training`, or else its package."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] in ("app", "training") and len(parts) > 1 else parts[0]


def arrows_between_rooms() -> Arrows:
    """Return which room imports which, lazily or for types alone included."""
    graph = grimp.build_graph(*PACKAGES)
    found: Arrows = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            one, other = room_of(module), room_of(imported)
            # The packages themselves hold nothing but what switches telemetry off.
            if one != other and not {one, other} & {"app", "training"}:
                found.add((one, other))
    return found


def without_detours(arrows: Arrows) -> Arrows:
    """Return the arrows that do not follow from others (the transitive reduction); there are no circles."""
    below: dict[str, set[str]] = {}
    for one, other in arrows:
        below.setdefault(one, set()).add(other)

    def reaches(start: str, end: str) -> bool:
        return any(step == end or reaches(step, end) for step in below.get(start, ()))

    return {
        (one, other) for one, other in arrows if not any(reaches(step, other) for step in below[one] if step != other)
    }


def drawing() -> str:
    """Return the picture as Mermaid in Markdown."""
    arrows = without_detours(arrows_between_rooms())
    rooms = sorted({room for arrow in arrows for room in arrow})
    lines = ["```mermaid", "flowchart TD"]
    for package in PACKAGES:
        inside = [room for room in rooms if room.startswith(f"{package}.")]
        if inside:
            names = [f"    {room}[{room.partition('.')[2]}]" for room in inside]
            lines += [f"  subgraph {package}", *names, "  end"]
        elif package in rooms:
            lines.append(f"  {package}")
    lines += [f"  {one} --> {other}" for one, other in sorted(arrows)]
    return "\n".join([*lines, "```"]) + "\n"


def redrawn(page: str) -> str:
    """Return the page with the picture as it is now."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{drawing()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
