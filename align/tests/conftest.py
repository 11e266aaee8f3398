"""What the tests share: exports and models that are made here."""

import json
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

VOCABULARY = 64


def write_export(folder: Path, answers: list[dict], vocabulary: int = VOCABULARY) -> Path:
    """Writes a folder as docs/alignment.md describes it: the Java side has a test that reads the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "export.json").write_text(
        json.dumps({
            "format": "aded-alignment",
            "version": 1,
            "target": {"name": "made", "parameters": 1000, "vocabulary_size": vocabulary},
        })
    )
    lines, records = [], b""
    for answer in answers:
        g = len(answer["answer"])
        record = b"".join([
            np.asarray(answer["prompt"], dtype="<u4").tobytes(),
            np.asarray(answer["answer"], dtype="<u4").tobytes(),
            np.asarray(answer["top"], dtype="<u4").tobytes(),
            np.asarray(answer["probabilities"], dtype="<f4").tobytes(),
            np.asarray(answer.get("guesses", [-1] * g), dtype="<i4").tobytes(),
        ])
        lines.append(json.dumps({
            "id": answer["id"],
            "task": "t",
            "sample": 0,
            "temperature": 0.0,
            "split": answer.get("split", "train"),
            "finished": False,
            "prompt": len(answer["prompt"]),
            "answer": g,
            "offset": len(records),
            "bytes": len(record),
            "crc32": f"{zlib.crc32(record):08x}",
            "rejected": None,
        }))
        records += record
    (folder / "answers.bin").write_bytes(records)
    (folder / "answers.jsonl").write_text("".join(line + "\n" for line in lines))
    return folder


def counting_answer(number: int, length: int = 24, vocabulary: int = VOCABULARY) -> dict:
    """A target that counts upwards by 3, nearly sure of it."""
    start = 3 + number % (vocabulary - 3)
    said = [(start + 3 * (i + 1)) % vocabulary for i in range(length)]
    top = [[token] + [(token + 1 + j) % vocabulary for j in range(15)] for token in said]
    probabilities = [[0.85] + [0.009] * 15 for _ in said]
    return {
        "id": str(number),
        "prompt": [1, (start * 7) % vocabulary, start],
        "answer": said,
        "top": top,
        "probabilities": probabilities,
    }


@pytest.fixture
def export(tmp_path):
    return write_export(tmp_path / "export", [counting_answer(i) for i in range(48)])
