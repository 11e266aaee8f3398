import os
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from aded_align import gguf_file
from aded_align.model import Llama, Shape

SHAPE = Shape(
    vocabulary=64, width=32, layers=2, heads=4, kv_heads=2, hidden=64, context=48, epsilon=float(np.float32(1e-5)), rope_base=10000.0, tied=True
)
SHARED = Path(os.environ.get("ADED_SHARED", "")) / "models"


@pytest.fixture
def vocabulary(tmp_path):
    """A GGUF file with a tokeniser and no weights."""
    path = tmp_path / "vocabulary.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"t{i}" for i in range(64)])
    writer.add_token_scores([0.0] * 64)
    writer.add_token_types([1] * 64)
    writer.add_bos_token_id(1)
    writer.add_add_bos_token(True)
    writer.add_chat_template("{{ messages }}")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("tied", [True, False])
def test_saveAndLoad_f32_sameLogitsToTheBit(tmp_path, vocabulary, tied):
    shape = SHAPE if tied else Shape(**(vars(SHAPE) | {"tied": False}))
    model = Llama.fresh(shape, 1)
    gguf_file.save(model, tmp_path / "m.gguf", vocabulary, "m", "f32")
    loaded = gguf_file.load(tmp_path / "m.gguf")
    tokens = torch.arange(20).reshape(2, 10)
    assert loaded.shape == shape
    assert torch.equal(loaded(tokens), model(tokens))


@pytest.mark.parametrize("kind", ["f16", "q8_0"])
def test_saveAndLoad_coarserType_isStableFromThenOn(tmp_path, vocabulary, kind):
    gguf_file.save(Llama.fresh(SHAPE, 1), tmp_path / "a.gguf", vocabulary, "a", kind)
    once = gguf_file.load(tmp_path / "a.gguf")
    gguf_file.save(once, tmp_path / "b.gguf", tmp_path / "a.gguf", "b", kind)
    twice = gguf_file.load(tmp_path / "b.gguf")
    tokens = torch.arange(20).reshape(2, 10)
    assert torch.equal(once(tokens), twice(tokens))


def test_save_tokeniserAndTemplate_areTakenOver(tmp_path, vocabulary):
    gguf_file.save(Llama.fresh(SHAPE, 1), tmp_path / "m.gguf", vocabulary, "m")
    before, after = gguf.GGUFReader(vocabulary), gguf.GGUFReader(tmp_path / "m.gguf")
    names = [name for name in before.fields if name.startswith("tokenizer.")]
    assert len(names) >= 7
    for name in names:
        assert after.get_field(name).contents() == before.get_field(name).contents(), name
    assert gguf_file.vocabulary_size(tmp_path / "m.gguf") == 64


def test_load_foreignArchitecture_isRefused(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "q.gguf", "qwen2")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(gguf_file.Unusable, match="qwen2"):
        gguf_file.load(tmp_path / "q.gguf")


def test_load_noGguf_isRefused(tmp_path):
    (tmp_path / "x.gguf").write_bytes(b"no model at all, whatever its name says")
    with pytest.raises(gguf_file.Unusable, match="cannot be read"):
        gguf_file.load(tmp_path / "x.gguf")


@pytest.mark.skipif(not (SHARED / "stories15M-F16.gguf").is_file(), reason="ADED_SHARED names no models")
def test_saveAndLoad_realModel_sameLogitsToTheBit(tmp_path):
    original = SHARED / "stories15M-F16.gguf"
    model = gguf_file.load(original)
    gguf_file.save(model, tmp_path / "again.gguf", original, "again", "f16")
    again = gguf_file.load(tmp_path / "again.gguf")
    tokens = torch.tensor([[1, 9038, 2501, 263, 931, 29892, 727, 471]])  # "<s> Once upon a time, there was"
    logits = model(tokens)
    assert torch.equal(logits, again(tokens))
    # What a small language model of stories should say: "a", as llama.cpp does.
    assert logits[0, -1].argmax().item() == 263
    old, new = gguf.GGUFReader(original), gguf.GGUFReader(tmp_path / "again.gguf")
    stored = {t.name: t for t in new.tensors}
    for tensor in old.tensors:
        assert np.array_equal(tensor.data, stored[tensor.name].data), tensor.name
