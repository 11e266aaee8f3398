"""Reads what ``aded align export`` wrote. The format is described in docs/alignment.md."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TOP = 16
"""Best tokens a position."""

NOT_ASKED = -1
"""No drafter guessed at this position."""


class Damaged(Exception):
    """The folder is no export, or not whole."""


@dataclass(frozen=True)
class Answer:
    """One answer of the target.

    Attributes:
        id: of the prompt.
        task: that the prompt belongs to.
        temperature: that its tokens were drawn at; 0 for the best token always.
        prompt: int64[P].
        answer: int64[G].
        top: int64[G, 16], the target's best tokens at each position, best first.
        probabilities: float32[G, 16] at temperature 1.
        guesses: int64[G], what the drafter guessed; NOT_ASKED where none was asked.
    """

    id: str
    task: str
    temperature: float
    prompt: np.ndarray
    answer: np.ndarray
    top: np.ndarray
    probabilities: np.ndarray
    guesses: np.ndarray

    @property
    def tokens(self) -> np.ndarray:
        """Prompt and answer, int64[P + G]."""
        return np.concatenate([self.prompt, self.answer])

    def rejected(self) -> int:
        """Positions where the drafter of the export was asked and guessed otherwise."""
        return int(np.sum((self.guesses != NOT_ASKED) & (self.guesses != self.answer)))


def facts(folder: Path) -> dict:
    """What the answers are of.

    Raises:
        Damaged: if the folder holds no export, or one of a newer version.
    """
    try:
        read = json.loads((folder / "export.json").read_text())
    except (OSError, ValueError) as e:
        raise Damaged(f"{folder} holds no export for alignment: {e}") from e
    if read.get("format") != "aded-alignment" or read.get("version") != 1:
        raise Damaged(f"{folder} holds {read.get('format')} of version {read.get('version')}; supported: aded-alignment 1")
    return read


@dataclass(frozen=True)
class _Entry:
    """A line of the index that is whole in itself and fits those before it."""

    number: int
    id: str
    task: str
    split: str
    temperature: float
    prompt: int
    answer: int
    offset: int
    bytes: int
    crc32: int


def read(folder: Path, split: str) -> list[Answer]:
    """All answers of a split, ``train`` or ``held_out``; each is checked against its checksum.

    A last line that is not whole is what a running export has not finished yet: it is left out. The index is read
    first, since the export ends a line once its record is there; and all of it is checked before any record, so that
    damage is said of the file that has it.

    Raises:
        Damaged: if a line or its record does not fit.
    """
    facts(folder)
    entries = _index(folder)
    data = _bytes(folder, "answers.bin")
    return [_answer(folder, entry, data) for entry in entries if entry.split == split]


def _bytes(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as e:
        raise Damaged(f"{name} in {folder} cannot be read: {e}") from e


def _index(folder: Path) -> list[_Entry]:
    entries: list[_Entry] = []
    end = 0
    for number, line in enumerate(_bytes(folder, "answers.jsonl").split(b"\n")[:-1], start=1):
        try:
            entry = _entry(number, json.loads(line))
            # Records stand one behind the other, nothing between them.
            if entry.offset != end:
                raise ValueError(f"its record is at {entry.offset}, the one before ends at {end}")
        except (ValueError, KeyError, TypeError) as e:
            raise Damaged(f"line {number} of answers.jsonl in {folder} does not fit: {e}") from e
        end += entry.bytes
        entries.append(entry)
    return entries


def _entry(number: int, line: dict) -> _Entry:
    p, g, size = line["prompt"], line["answer"], line["bytes"]
    for name in ("prompt", "answer", "bytes", "offset"):
        if type(line[name]) is not int or line[name] < 0:
            raise ValueError(f"{name} is {line[name]!r}")
    if size != 4 * (p + g * (2 + 2 * TOP)):
        raise ValueError(f"a prompt of {p} and an answer of {g} tokens do not take {size} bytes")
    if line["split"] not in ("train", "held_out"):
        raise ValueError(f"split is {line['split']!r}")
    return _Entry(
        number,
        line["id"],
        line["task"],
        line["split"],
        float(line["temperature"]),
        p,
        g,
        line["offset"],
        size,
        int(line["crc32"], 16),
    )


def _answer(folder: Path, entry: _Entry, data: bytes) -> Answer:
    p, g = entry.prompt, entry.answer
    end = entry.offset + entry.bytes
    record = data[entry.offset : end]
    where = f"answers.bin in {folder} is damaged: the record of line {entry.number} of answers.jsonl"
    if len(record) != entry.bytes:
        raise Damaged(f"{where} ends at byte {end}, the file at byte {len(data)}")
    if zlib.crc32(record) != entry.crc32:
        raise Damaged(f"{where} does not match the checksum in that line")
    words = np.frombuffer(record, dtype="<u4")
    ids = words.astype(np.int64)
    at = p + g
    return Answer(
        entry.id,
        entry.task,
        entry.temperature,
        ids[:p],
        ids[p:at],
        ids[at : at + TOP * g].reshape(g, TOP),
        words[at + TOP * g : at + 2 * TOP * g].view("<f4").astype(np.float32).reshape(g, TOP),
        words[at + 2 * TOP * g :].view("<i4").astype(np.int64),
    )


def validation_split(answers: list[Answer], share: float) -> tuple[list[Answer], list[Answer]]:
    """Takes prompts out of the training answers, to decide by when to stop: (training, validation).

    The held-out answers are not looked at while training, so that what is told of them afterwards was not chosen by
    them. The choice is by the prompt's tokens: all answers to a prompt go to the same side. Of the validation prompts
    the greedy answers stay.
    """
    training, validation = [], []
    for answer in answers:
        # Another hash than the export's split, which is the CRC itself modulo 1000.
        chosen = (zlib.crc32(b"validation" + answer.prompt.astype("<u4").tobytes()) % 1000) < round(share * 1000)
        if not chosen:
            training.append(answer)
        elif answer.temperature == 0:
            validation.append(answer)
    return training, validation
