"""Meaning: how fast prompts are encoded, how well rewordings and translations are found, and at what size.

    python benchmarks/meaning.py [rates] [translations] [paraphrases] [minilm] [static --model2vec DIR]
                                 [million --index D] [--distractors N] [--among D …]

Without names the first three are measured; minilm encodes every distractor with the transformer, some
minutes' work. The sets are hand-written: 20 kinds of request × 25 subjects in 16 languages, and all of
them once more in other English words. Every sentence is sought, by its translation or rewording, among
the 500 in English and N distractors: of the same sixteen languages and frames, each of two other subjects,
so that nearly all are near misses; or, --among D --among E, ordinary ones: the prompts of some indexes
and such sentences of other frames, as many of each.
Each part is kept in results/meaning.json. `static` needs semhash and a model2vec model, such as

    from model2vec.distill import distill
    distill("FOLDER OF all-MiniLM-L6-v2", pca_dims=256).save_pretrained("DIR")

`million` needs an index with texts and bulk vectors; results are of its vectors, whatever their number:

    python -m haystack_log H --requests 1_020_000        (in benchmarks/, with .. on PYTHONPATH)
    promptprint index H/log H/last --index D && promptprint index H/log H/last --index D --embed bulk
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from kept import keep  # noqa: E402
from meaning_run.million import million  # noqa: E402
from meaning_run.rates import rates  # noqa: E402
from meaning_run.retrieval import minilm, paraphrases, static, translations  # noqa: E402
from meaning_run.texts import Distractors, distractors, ordinary  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=["rates", "translations", "paraphrases"])
    parser.add_argument("--distractors", type=int, default=50_000)
    parser.add_argument("--model2vec", default="", metavar="DIR")
    parser.add_argument("--index", type=Path, metavar="D")
    parser.add_argument("--among", type=Path, action="append", default=[], metavar="D")
    options = parser.parse_args()

    def others() -> Distractors:
        among, count = options.among, options.distractors
        return ordinary(among, count) if among else distractors(count)

    measure: dict[str, Any] = {
        "rates": rates,
        "translations": lambda: translations(others()),
        "paraphrases": lambda: paraphrases(others()),
        "minilm": lambda: minilm(others()),
        "static": lambda: static(others(), options.model2vec),
        "million": lambda: million(options.index),
    }
    for part in options.parts:
        if part not in measure:
            parser.error(f"{part} is none of {', '.join(measure)}")
        figures = measure[part]()
        keep(
            "meaning",
            f"{part} among a log" if options.among else part,
            figures,
            "sentencepiece",
            "sentence-transformers",
            "faiss-cpu",
        )
        print(part, json.dumps(figures, indent=1), flush=True)


if __name__ == "__main__":
    main()
