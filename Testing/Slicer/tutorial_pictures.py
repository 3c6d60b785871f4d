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

from PIL import Image

DOCS = Path(__file__).resolve().parents[2] / "Docs"
PICTURES = DOCS / "images" / "tutorial"
TUTORIALS = ("tutorial.md", "tutorial.zh-CN.md")
SHOWN = re.compile(r"images/tutorial/([\w./-]+\.png)")
COLOURS = 256


def shown() -> set[str]:
    """The pictures that the tutorials show, as `<language>/<name>.png`."""
    return {name for page in TUTORIALS for name in SHOWN.findall((DOCS / page).read_text(encoding="utf-8"))}


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
            few = shot.convert("RGB").quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            few.save(place, optimize=True)
    for old in PICTURES.rglob("*.png"):
        if old.relative_to(PICTURES).as_posix() not in wanted:
            old.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
