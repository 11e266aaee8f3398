import numpy as np
import pytest
from aded_align import blocks, data
from conftest import counting_answer, write_export


def test_read_wholeExport_givesEachRecord(tmp_path):
    given = counting_answer(5) | {"guesses": [-1, 9] + counting_answer(5)["answer"][2:]}
    folder = write_export(tmp_path, [counting_answer(4), given, counting_answer(6) | {"split": "held_out"}])
    read = data.read(folder, "train")
    assert [answer.id for answer in read] == ["4", "5"]
    assert read[1].prompt.tolist() == given["prompt"]
    assert read[1].answer.tolist() == given["answer"]
    assert read[1].top.tolist() == given["top"]
    assert np.allclose(read[1].probabilities, given["probabilities"])
    assert read[1].guesses.tolist() == given["guesses"]
    assert read[1].rejected() == 1  # the first was not asked, the second is wrong
    assert [answer.id for answer in data.read(folder, "held_out")] == ["6"]


def test_read_lineThatIsNotFinished_isLeftOut(tmp_path):
    folder = write_export(tmp_path, [counting_answer(4)])
    with open(folder / "answers.jsonl", "a") as index:
        index.write('{"id": "5", "ta')
    assert len(data.read(folder, "train")) == 1


def test_read_changedByte_isRefused(tmp_path):
    folder = write_export(tmp_path, [counting_answer(4)])
    changed = bytearray((folder / "answers.bin").read_bytes())
    changed[40] ^= 1
    (folder / "answers.bin").write_bytes(changed)
    with pytest.raises(data.Damaged, match="line 1 .* checksum"):
        data.read(folder, "train")


def test_read_noExport_isRefused(tmp_path):
    with pytest.raises(data.Damaged, match="no export"):
        data.read(tmp_path, "train")


def test_validationSplit_samePromptTwice_standsOnOneSide(export):
    answers = data.read(export, "train")
    training, validation = data.validation_split(answers + answers, 0.3)
    sides = {tuple(a.prompt) for a in training} & {tuple(a.prompt) for a in validation}
    assert not sides
    assert training and validation
    assert len(training) + len(validation) == 2 * len(answers)


def test_passes_handWorked():
    agrees = np.array([True, True, False, True, True, True, True, False])
    # Chains of 2: TT+F | TT+T | T+F, that is 3 + 3 + 2 tokens.
    assert blocks.passes(agrees, 2) == 3
    # Chains of 3: TT+F | TTT+T | F is the target's own.
    assert blocks.passes(agrees, 3) == 3
    assert blocks.passes(np.zeros(5, dtype=bool), 3) == 5
    assert blocks.passes(np.ones(8, dtype=bool), 3) == 2
    assert blocks.block_efficiency([agrees, np.zeros(4, dtype=bool)], 2) == 12 / 7


def test_read_cutRecords_namesTheFileThatIsCut(tmp_path):
    folder = write_export(tmp_path, [counting_answer(4)])
    whole = (folder / "answers.bin").read_bytes()
    (folder / "answers.bin").write_bytes(whole[:-8])
    with pytest.raises(data.Damaged, match=f"answers.bin .* the record of line 1 .* the file at byte {len(whole) - 8}"):
        data.read(folder, "train")
