"""govor's prefix beam search beside flashlight-text's lexicon decoder: same emissions, same ARPA file.

    OMP_NUM_THREADS=1 python bench/beam.py govor-demo/work/run govor-demo/work/dataset --split test

The n-gram model is estimated from the data set's train text, which is also flashlight's lexicon: what is
not in it flashlight cannot write; --unknown 10 leaves the sentences with every tenth word out of both.
Emissions are the model's own, and flattened (ln p times --flatten, normalised), as a less certain model has
them. Times are of the searches alone, in one thread.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from govor.models.ctc.vocabulary import Vocabulary

Emissions = NDArray[np.float32]
Search = Callable[[Emissions], str]


def own_search(vocabulary: Vocabulary, arpa: Path, weight: float, beam: int) -> Search:
    """What ``--lm`` does."""
    from govor.lm.beam import BeamDecoder
    from govor.models.ctc.fusion import load_lm, pieces_of

    decoder = BeamDecoder(
        pieces_of(vocabulary),
        vocabulary.blank,
        load_lm(arpa),
        weight=weight,
        beam_size=beam,
        skipped=vocabulary.special,
    )
    return lambda emissions: decoder.decode(emissions)[0].text


def flashlight_search(
    vocabulary: Vocabulary, arpa: Path, words: list[str], weight: float, beam: int
) -> Search:
    """The lexicon decoder with KenLM's scores."""
    from flashlight.lib.text.decoder import (
        CriterionType,
        LexiconDecoder,
        LexiconDecoderOptions,
        SmearingMode,
        Trie,
    )
    from flashlight.lib.text.decoder.kenlm import KenLM
    from flashlight.lib.text.dictionary import Dictionary

    size, delimiter = len(vocabulary.tokens), vocabulary.delimiter
    table = Dictionary()
    for word in ("<unk>", *words):
        table.add_entry(word)
    table.set_default_index(table.get_index("<unk>"))
    model = KenLM(str(arpa), table)
    trie, start = Trie(size, delimiter), model.start(False)
    for word in words:
        index = table.get_index(word)
        trie.insert([*vocabulary.encode(word), delimiter], index, model.score(start, index)[1])
    trie.smear(SmearingMode.MAX)
    options = LexiconDecoderOptions(
        beam, size, 14.0, weight * float(np.log(10)), 0.0, -np.inf, 0.0, True, CriterionType.CTC
    )
    decoder = LexiconDecoder(
        options, trie, model, delimiter, vocabulary.blank, table.get_index("<unk>"), [], False
    )

    def search(emissions: Emissions) -> str:
        values = np.ascontiguousarray(emissions, np.float32)
        found = decoder.decode(values.ctypes.data, *values.shape)
        return " ".join(table.get_entry(i) for i in found[0].words if i >= 0) if found else ""

    return search


def greedy_search(vocabulary: Vocabulary) -> Search:
    """The best token of every frame."""
    from govor.models.ctc.frames import collapse

    def search(emissions: Emissions) -> str:
        runs = collapse(emissions.argmax(axis=-1), np.exp(emissions.max(axis=-1)), vocabulary.special)
        return vocabulary.decode([run.token for run in runs])

    return search


def flattened(emissions: Emissions, factor: float) -> Emissions:
    """Log-probabilities times `factor`, normalised."""
    scaled = emissions * factor
    return (scaled - np.logaddexp.reduce(scaled, axis=-1, keepdims=True)).astype(np.float32)


def measure(search: Search, emissions: list[Emissions], references: list[str]) -> tuple[float, float]:
    """(CPU seconds, WER)."""
    from govor.evaluate import word_edits

    begun = time.process_time()
    texts = [search(values) for values in emissions]
    spent = time.process_time() - begun
    errors = sum(word_edits(a, b).errors for a, b in zip(references, texts, strict=True))
    return spent, errors / sum(len(text.split()) for text in references)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("dataset")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--weight", type=float, default=0.5)
    parser.add_argument("--flatten", type=float, default=0.3)
    parser.add_argument("--unknown", type=int, default=0)
    parser.add_argument("--beams", default="8,32,100")
    asked = parser.parse_args()

    from govor.lm.arpa import write_arpa
    from govor.lm.kneser_ney import estimate
    from govor.load import Dataset
    from govor.models import open_model

    dataset = Dataset.open(asked.dataset)
    model: Any = open_model(asked.model, device="cpu")  # a CTC one
    vocabulary = model.vocabulary
    texts = {
        s: [model.normaliser(t) for t in dataset.table(s)["text"].to_list()] for s in ("train", asked.split)
    }
    references = texts[asked.split]
    waves = [wave for _, wave in dataset.waves(asked.split, range(len(references)))]
    seconds = sum(len(wave) for wave in waves) / model.sample_rate
    train = texts["train"]
    words = sorted({word for text in train for word in text.split()})
    if asked.unknown:
        dropped = set(words[:: asked.unknown])
        train = [text for text in train if not dropped & set(text.split())]
        words = sorted({word for text in train for word in text.split()})
    spoken = [word for text in references for word in text.split()]
    missing = sum(word not in set(words) for word in spoken) / len(spoken)
    own = [model.log_probs([wave])[0] for wave in waves]
    print(f"{seconds:.0f} s, lexicon of {len(words)} words, which lacks {missing:.1%} of {asked.split}")
    print(f"{'emissions':10} {'search':11} {'beam':>5} {'CPU-ms/audio-s':>15} {'WER':>7}")
    with tempfile.TemporaryDirectory() as folder:
        arpa = Path(folder) / "words.arpa"
        write_arpa(estimate(train, 3), arpa)
        for kind, emissions in (("own", own), ("flattened", [flattened(e, asked.flatten) for e in own])):
            searches = [("greedy", 1, greedy_search(vocabulary))]
            for beam in map(int, asked.beams.split(",")):
                searches.append(("govor", beam, own_search(vocabulary, arpa, asked.weight, beam)))
                made = flashlight_search(vocabulary, arpa, words, asked.weight, beam)
                searches.append(("flashlight", beam, made))
            for name, beam, search in searches:
                spent, wer = measure(search, emissions, references)
                print(f"{kind:10} {name:11} {beam:5} {1000 * spent / seconds:15.3f} {wer:7.4f}", flush=True)


if __name__ == "__main__":
    main()
