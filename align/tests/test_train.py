import json

import pytest
import torch
from aded_align import data, gguf_file, losses, train
from aded_align.model import Llama, Shape
from conftest import VOCABULARY, counting_answer, write_export
from test_gguf_file import vocabulary  # noqa: F401  a fixture

SHAPE = Shape(
    vocabulary=VOCABULARY, width=32, layers=1, heads=2, kv_heads=2, hidden=64, context=64, epsilon=1e-5,
    rope_base=10000.0, tied=True,
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def split(export):
    return data.validation_split(data.read(export, "train"), 0.2)


@pytest.mark.parametrize("loss", ["kl", "kl:0.5,tvd++:0.5"])
def test_train_regularTarget_isLearned(export, loss):
    training, validation = split(export)
    model = Llama.fresh(SHAPE, 1)
    settings = train.Settings(losses.parse(loss), learning_rate=1e-2, warmup=5, steps=120, check_every=40)
    curve = train.train(model, training, validation, settings)
    assert curve[0]["step"] == 0 and curve[0]["acceptance"] < 0.2
    assert curve[-1]["acceptance"] > 0.9
    assert curve[-1]["block_efficiency_3"] > 3
    assert train.acceptance(model, validation)[0] == max(entry["acceptance"] for entry in curve)


def test_train_nothingToGain_endsAndKeepsTheBestWeights(export):
    training, validation = split(export)
    model = Llama.fresh(SHAPE, 1)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    settings = train.Settings(losses.parse("kl"), learning_rate=0.0, steps=1000, check_every=2, patience=3)
    curve = train.train(model, training, validation, settings)
    assert [entry["step"] for entry in curve] == [0, 2, 4, 6]
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_train_timeIsUp_ends(export):
    training, validation = split(export)
    times = iter(range(0, 10_000, 10))
    settings = train.Settings(losses.parse("kl"), steps=1000, seconds=100, check_every=1000)
    curve = train.train(Llama.fresh(SHAPE, 1), training, validation, settings, clock=lambda: float(next(times)))
    assert 0 < curve[-1]["step"] < 10


def test_batch_answerBeyondTheContext_isCutThere():
    import numpy as np

    answer = data.Answer(
        "a", "t", 0.0, np.arange(5), np.arange(10), np.zeros((10, 16), dtype=np.int64),
        np.zeros((10, 16), dtype=np.float32), np.full(10, -1),
    )
    batch = train.Batch.of([answer], 8, torch.device("cpu"))
    # Tokens 0 … 7 are seen, and tell of the answer's tokens at 5 … 8.
    assert batch.tokens.shape == (1, 8)
    assert batch.rows.tolist() == [4, 5, 6, 7]
    assert batch.said.tolist() == [0, 1, 2, 3]


def test_replay_drawsByRejects_andForgetsTheOldest(export):
    import random

    answers = data.read(export, "train")
    replay = train.Replay(answers, capacity=2)
    assert replay.draw(4, random.Random(1)) == []
    replay.saw(0, 9)
    replay.saw(1, 0)
    assert replay.draw(4, random.Random(1)) == [0, 0, 0, 0]
    replay.saw(2, 5)
    assert set(replay.draw(20, random.Random(1))) == {2}  # the first is forgotten, the second was never rejected


def test_run_freshModel_writesModelAndCurve(tmp_path, vocabulary, capsys):  # noqa: F811
    folder = write_export(tmp_path / "export", [counting_answer(i) for i in range(40)])
    arguments = [
        "--data", str(folder), "--fresh-like", str(vocabulary), "--width", "32", "--heads", "2", "--layers", "1",
        "--context", "64", "--output", str(tmp_path / "draft.gguf"), "--steps", "40", "--learning-rate", "0.01", "--check-every", "20",
        "--validation", "0.2", "--device", "cpu",
    ]
    assert train.run(train._options(arguments)) == 0
    curve = json.loads((tmp_path / "draft.curve.json").read_text())
    assert [entry["step"] for entry in curve["curve"]] == [0, 20, 40]
    assert gguf_file.load(tmp_path / "draft.gguf").shape.context == 64
    assert "best on validation" in capsys.readouterr().out


def test_run_otherVocabulary_isRefused(tmp_path, vocabulary):  # noqa: F811
    folder = write_export(tmp_path / "export", [counting_answer(i) for i in range(4)], vocabulary=100)
    arguments = ["--data", str(folder), "--fresh-like", str(vocabulary), "--output", str(tmp_path / "x.gguf")]
    with pytest.raises(gguf_file.Unusable, match="64 tokens, the target 100"):
        train.run(train._options(arguments))


def test_run_exportsOfOtherTargets_areRefused(tmp_path, vocabulary):  # noqa: F811
    folders = [write_export(tmp_path / name, [counting_answer(i) for i in range(4)]) for name in ("a", "b")]
    facts = json.loads((folders[1] / "export.json").read_text())
    facts["target"]["vocabulary_fingerprint"] = "00000000000000ff"
    (folders[1] / "export.json").write_text(json.dumps(facts))
    arguments = ["--data", str(folders[0]), "--data", str(folders[1])]
    arguments += ["--fresh-like", str(vocabulary), "--output", str(tmp_path / "x.gguf")]
    with pytest.raises(data.Damaged, match="other tokens"):
        train.run(train._options(arguments))


def test_run_nothingGained_writesNoModel(tmp_path, vocabulary, capsys):  # noqa: F811
    folder = write_export(tmp_path / "export", [counting_answer(i) for i in range(40)])
    arguments = [
        "--data", str(folder), "--fresh-like", str(vocabulary), "--width", "32", "--heads", "2", "--layers", "1",
        "--context", "64", "--output", str(tmp_path / "draft.gguf"), "--steps", "2", "--check-every", "1",
        "--validation", "0.2", "--device", "cpu", "--learning-rate", "0",
    ]
    assert train.run(train._options(arguments)) == 0
    assert not (tmp_path / "draft.gguf").exists()
    assert "nothing was gained" in capsys.readouterr().out
