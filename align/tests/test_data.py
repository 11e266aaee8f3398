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


@pytest.mark.parametrize(
    "was, becomes, said",
    [
        ('"offset": 0', '"offset": 4', "its record is at 4, the one before ends at 0"),
        ('"prompt": 3', '"prompt": 2', "do not take"),
        ('"prompt": 3', '"prompt": -3', "prompt is -3"),
        ('"split": "train"', '"split": "trait"', "split is 'trait'"),
        ('"crc32": "', '"crc32": "x', "does not fit"),
        ('"id"', '"i', "does not fit"),
    ],
)
def test_read_damagedIndex_isSaidOfTheIndexAndNotOfTheAnswers(tmp_path, was, becomes, said):
    folder = write_export(tmp_path, [counting_answer(4), counting_answer(5)])
    index = (folder / "answers.jsonl").read_text()
    assert was in index
    (folder / "answers.jsonl").write_text(index.replace(was, becomes, 1))
    with pytest.raises(data.Damaged, match="line 1 of answers.jsonl") as refused:
        data.read(folder, "held_out")  # of which there is none: the whole index is looked at
    assert said in str(refused.value) and "answers.bin" not in str(refused.value)


def test_read_lineThatIsLost_isSaidOfTheIndex(tmp_path):
    folder = write_export(tmp_path, [counting_answer(4), counting_answer(5), counting_answer(6)])
    lines = (folder / "answers.jsonl").read_text().splitlines(keepends=True)
    (folder / "answers.jsonl").write_text(lines[0] + lines[2])
    with pytest.raises(data.Damaged, match="line 2 of answers.jsonl .* the one before ends at"):
        data.read(folder, "train")


def test_read_exportThatRuns_recordsThatComeMeanwhileAreNoDamage(tmp_path, monkeypatch):
    """Whoever writes ends a line once its record is there: what was read first must not lack what is read later."""
    folder = write_export(tmp_path, [counting_answer(4), counting_answer(5)])
    whole = {name: (folder / name).read_bytes() for name in ("answers.bin", "answers.jsonl")}
    record = len(whole["answers.bin"]) // 2
    (folder / "answers.bin").write_bytes(whole["answers.bin"][:record])
    (folder / "answers.jsonl").write_bytes(whole["answers.jsonl"].splitlines(keepends=True)[0])
    read_bytes = type(folder).read_bytes

    def reading(path):
        content = read_bytes(path)
        for name, all_of_it in whole.items():  # the export goes on between two reads
            (folder / name).write_bytes(all_of_it)
        return content

    monkeypatch.setattr(type(folder), "read_bytes", reading)
    assert len(data.read(folder, "train")) == 1


@pytest.mark.parametrize("name", ["answers.bin", "answers.jsonl"])
def test_read_fileThatIsNotThere_isNamed(tmp_path, name):
    folder = write_export(tmp_path, [counting_answer(4)])
    (folder / name).unlink()
    with pytest.raises(data.Damaged, match=f"{name} in .* cannot be read"):
        data.read(folder, "train")
