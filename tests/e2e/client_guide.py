"""docs/client.md taken apart: its blocks are what the tests compare, run and build."""
import collections
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "examples"

Block = collections.namedtuple("Block", "language text")
Command = collections.namedtuple("Command", "line output")


def blocks(language=None):
    text = (ROOT / "docs" / "client.md").read_text()
    found = [Block(*match) for match in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)]
    return [block for block in found if language in (None, block.language)]


def commands(console):
    """What a console block shows: each command, and what it printed."""
    shown = re.split(r"^\$ (.*)\n", console, flags=re.M)
    return [Command(*pair) for pair in zip(shown[1::2], shown[2::2])]


def sessions():
    """Each program of the guide, and the commands shown below it."""
    found = []
    for block in blocks():
        if block.language == "cpp":
            found.append((block.text, []))
        elif block.language == "console":
            found[-1][1].extend(commands(block.text))
    return found
