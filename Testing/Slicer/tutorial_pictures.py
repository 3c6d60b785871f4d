"""Makes the tutorials' pictures out of those of a run: the ones they show, with few colours, so that they are small.

    python Testing/Slicer/run_slicer.py --slicer PATH --only 'test_slicer_whole_way*' --size 1366x768 --pictures SHOTS
    python Testing/Slicer/run_slicer.py --slicer PATH --only 'test_slicer_whole_way*' --size 1920x1080 --pictures SHOTS
    python Testing/Slicer/tutorial_pictures.py SHOTS

What no tutorial shows any more is taken out of `Docs/images/tutorial`.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image

DOCS = Path(__file__).resolve().parents[2] / "Docs"
PICTURES = DOCS / "images" / "tutorial"
TUTORIALS = ("tutorial.md", "tutorial.zh-CN.md")
SHOWN = re.compile(r"images/tutorial/([\w./-]+\.png)")
COLOURS, GREYS = 128, 40
GREY = 6
"""How much the parts of a grey may differ."""


def shown() -> set[str]:
    """The pictures that the tutorials show, as `<language>/<name>.png`."""
    return {name for page in TUTORIALS for name in SHOWN.findall((DOCS / page).read_text(encoding="utf-8"))}


def few_colours(shot: Image.Image) -> Image.Image:
    """The picture in a ramp of greys, so that images stay grey, and the colours that tell its other pixels apart."""
    pixels = np.asarray(shot).reshape(-1, 3)
    coloured = pixels[np.ptp(pixels.astype(np.int16), axis=1) > GREY]
    ramp = np.repeat(np.linspace(0, 255, GREYS).round().astype(np.uint8), 3)
    others = Image.fromarray(coloured[None]).quantize(COLOURS - GREYS, method=Image.Quantize.MAXCOVERAGE)
    palette = Image.new("P", (1, 1))
    palette.putpalette([*ramp.tolist(), *(others.getpalette() or [])[: 3 * (COLOURS - GREYS)]])
    return shot.quantize(palette=palette, dither=Image.Dither.NONE)


def main(words: list[str]) -> int:
    """Write every picture that is shown; 1 where the run did not make one of them."""
    parser = argparse.ArgumentParser(description=str(__doc__))
    parser.add_argument("shots", type=Path, help="the folder given to run_slicer.py --pictures")
    shots = parser.parse_args(words).shots
    wanted = shown()
    missing = sorted(name for name in wanted if not (shots / name).is_file())
    if missing:
        sys.stderr.write(f"{shots} lacks {', '.join(missing)}; make them with run_slicer.py --pictures\n")
        return 1
    for name in sorted(wanted):
        place = PICTURES / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(shots / name) as shot:
            few_colours(shot.convert("RGB")).save(place, optimize=True)
    for old in PICTURES.rglob("*.png"):
        if old.relative_to(PICTURES).as_posix() not in wanted:
            old.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
