"""Finding the templates that made a finished text, and making the text again in other words.

A template is English with ``{}`` where something was filled in, which may be a message itself. Of all readings of a
text, the one that explains the most of its letters is taken: the less is left to chance. A template that leaves more of
the words unexplained than it explains made another text.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from verify.language.speech import later

# What is longer is no message, but something's output.
LONGEST = 4000
# A message in a message in a message; reports hold no more.
DEEPEST = 5
MOST_COLONS = 8
# How many texts are remembered.
REMEMBERED = 10_000
HOLE = "{}"
# What stands between messages that were joined.
JOINTS = (later("; "), later(": "), later(" or "))
# What is put behind a message, and may be one.
ASIDE = later(" ({})")
# No name, number, path or quotation.
WORD = re.compile(r"(?<![^\s(])[a-z]{2,}(?![^\s,.;:)?])")


@dataclass(frozen=True, slots=True)
class Template:
    """One text with holes.

    Attributes:
        pieces: What stands before, between and behind its holes; one where it has none.
        spoken: The same in other words, as ``str.format`` reads it.
    """

    pieces: tuple[str, ...]
    spoken: str

    @property
    def letters(self) -> int:
        """How many letters it has of its own."""
        return sum(map(str.isalpha, "".join(self.pieces)))

    def fillings(self, text: str) -> Iterator[tuple[str, ...]]:
        """What may fill the holes, if the text was made from this: holes as short as can be from the left, or right."""
        if self.pieces == (text,):
            yield ()
        if len(self.pieces) == 1:
            return
        first, *inner, last = self.pieces
        end = len(text) - len(last)
        if end < len(first) or not text.startswith(first) or not text.endswith(last):
            return
        middle = text[len(first) : end]
        left = _parted(middle, inner)
        if left is None:
            return
        yield left
        right = _parted(middle[::-1], [piece[::-1] for piece in reversed(inner)])
        if right is not None and (other := tuple(value[::-1] for value in reversed(right))) != left:
            yield other


def _parted(text: str, pieces: Sequence[str]) -> tuple[str, ...] | None:
    """What stands between the pieces, each taken where it comes first; None where one does not come."""
    found: list[str] = []
    for piece in pieces:
        before, there, text = text.partition(piece) if piece else ("", " ", text)
        if not there:
            return None
        found.append(before)
    return (*found, text)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text in other words.

    Attributes:
        text: Those words.
        letters: How many letters of the English were explained.
        words: How many of its words were.
        own: How long the outermost template is without what fills it.
    """

    text: str
    letters: int = 0
    words: int = 0
    own: int = 0


@dataclass(frozen=True, slots=True)
class Reader:
    """The templates of a language, by what a text must begin or end with.

    Attributes:
        whole: Texts without holes, with the same in other words.
        by_first: Templates by their first word.
        by_last: Those that begin with a hole, by their last word.
        others: Those that begin and end with one.
        tails: What is put behind another message, such as `` (and {} more)``.
        joints: What stands between messages in other words, by the English.
        known: What was read, by how deep it was.
    """

    whole: Mapping[str, str]
    by_first: Mapping[str, Sequence[Template]]
    by_last: Mapping[str, Sequence[Template]]
    others: Sequence[Template]
    tails: Sequence[Template]
    joints: Mapping[str, str]
    known: dict[tuple[str, int], Reading] = field(default_factory=dict)


def reader_of(messages: Mapping[str, str], joints: Mapping[str, str]) -> Reader:
    """A reader of these templates: English, and the same in other words.

    Args:
        messages: The templates.
        joints: What stands between messages, and behind one.
    """
    by_first, by_last = defaultdict[str, list[Template]](list), defaultdict[str, list[Template]](list)
    others: list[Template] = []
    tails = [Template(tuple(ASIDE.split(HOLE)), joints[ASIDE])]
    for english, spoken in map(partial(_unjoined, joints), messages.items()):
        template = Template(tuple(map(_plain, english.split(HOLE))), spoken)
        if english[0] in " ,;:":
            tails.append(template)
        if HOLE not in english:
            continue
        first, _, more = template.pieces[0].partition(" ")
        rest, _, last = template.pieces[-1].rpartition(" ")
        if first and (more or template.pieces[0].endswith(" ")):
            by_first[first].append(template)
        elif last and (rest or template.pieces[-1].startswith(" ")):
            by_last[last].append(template)
        else:
            others.append(template)
    whole = {_plain(english): _plain(spoken) for english, spoken in messages.items() if HOLE not in english}
    return Reader(whole, by_first, by_last, others, tails, joints)


def reworded_by(reader: Reader, text: str) -> str:
    """The text in other words, or as it is where it is no message.

    Args:
        reader: Of a language.
        text: Finished, in English.
    """
    if len(reader.known) >= REMEMBERED:
        reader.known.clear()
    return text if len(text) > LONGEST else _read(reader, text, DEEPEST).text


def _read(reader: Reader, text: str, deepest: int) -> Reading:
    if text in reader.whole:
        return Reading(reader.whole[text], sum(map(str.isalpha, text)), _words(text))
    if not deepest or " " not in text:
        return Reading(text)
    # Parts of a text come again and again, in its other readings.
    if (text, deepest) not in reader.known:
        reader.known[text, deepest] = _best(reader, text, deepest)
    return reader.known[text, deepest]


def _best(reader: Reader, text: str, deepest: int) -> Reading:
    readings = _readings(reader, text, deepest)
    best = max(readings, key=lambda reading: (reading.letters, reading.own), default=Reading(text))
    return best if best.letters else Reading(text)


def _readings(reader: Reader, text: str, deepest: int) -> Iterator[Reading]:
    first, last = text.partition(" ")[0], text.rpartition(" ")[2]
    for template in (*reader.by_first.get(first, ()), *reader.by_last.get(last, ()), *reader.others):
        for values in template.fillings(text):
            reading = _filled(template, [_read(reader, value, deepest - 1) for value in values])
            if 2 * reading.words >= _words(text):
                yield reading
    for tail in reader.tails:
        at = text.rfind(tail.pieces[0], 1)
        for values in tail.fillings(text[at:]) if at > 0 else ():
            behind = _filled(tail, [_read(reader, value, deepest - 1) for value in values])
            yield _joined([_read(reader, text[:at], deepest - 1), behind], "")
    for joint in JOINTS:
        if joint in text:
            parts = [_read(reader, part, deepest - 1) for part in text.split(joint)]
            yield _joined(parts, reader.joints[joint], sum(map(str.isalpha, joint)))
    colon = JOINTS[1]
    # A message may hold the mark that stands between it and the next.
    for at in [found.start() for found in re.finditer(re.escape(colon), text)][:MOST_COLONS]:
        parts = [_read(reader, part, deepest - 1) for part in (text[:at], text[at + len(colon) :])]
        yield _joined(parts, reader.joints[colon])


def _filled(template: Template, values: Sequence[Reading]) -> Reading:
    return Reading(
        template.spoken.format(*(value.text for value in values)) if len(template.pieces) > 1 else template.spoken,
        template.letters + sum(value.letters for value in values),
        sum(map(_words, template.pieces)) + sum(value.words for value in values),
        sum(map(len, template.pieces)),
    )


def _joined(readings: Sequence[Reading], joint: str, letters: int = 0) -> Reading:
    """Several readings as one; where none of them explains anything, neither does the joint."""
    known = sum(reading.letters for reading in readings)
    return Reading(
        joint.join(reading.text for reading in readings),
        known + letters * (len(readings) - 1) if known else 0,
        sum(reading.words for reading in readings),
        # Where nothing else tells them apart, two messages are likelier than one inside of the other.
        LONGEST if known else 0,
    )


def _unjoined(joints: Mapping[str, str], entry: tuple[str, str]) -> tuple[str, str]:
    """A template that ends where another message begins, without what joins the two."""
    english, spoken = entry
    for joint in JOINTS:
        if english.endswith(joint) and spoken.endswith(joints[joint]):
            return english.removesuffix(joint), spoken.removesuffix(joints[joint])
    return entry


def _words(text: str) -> int:
    """How many words it has that are no names, numbers or paths."""
    return len(WORD.findall(text))


def _plain(piece: str) -> str:
    return piece.replace("{{", "{").replace("}}", "}")
