"""A haystack end to end: log → index → campaigns → searches → another day, with time, memory, disk, recall.

    python benchmarks/haystack.py --requests 2_880_000 --at DIR [--seed 1] [--hot identical=N] [--hot band=N]
                                  [--stages generate,index,campaigns,gathering,search,append,equality,meaning]
                                  [--keep-text]

Every stage is a process of its own; `--stages` runs some of them again. `gathering` shows at which step of
the report a campaign is lost. `equality` builds a second index of the whole log at once and compares
its report with that of the grown one. `meaning` indexes with texts and reports, without vectors and with
bulk vectors: how many times as long the two take. Results are kept in
benchmarks/results/haystack-SIZE.json. A full log of 28.8 million requests takes 17 GB and DIR holds
the indexes too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT)]

import msgspec  # noqa: E402
from haystack_log.hot import KEY  # noqa: E402
from haystack_log.write import Size, size_of  # noqa: E402
from haystack_run.measure import Cost, disk, run  # noqa: E402
from haystack_run.recall import recall  # noqa: E402
from kept import machine, write  # noqa: E402

from campaigns.report import CampaignReport  # noqa: E402

STAGES = ("generate", "index", "campaigns", "gathering", "search", "append", "equality", "meaning")
PROMPTPRINT = [sys.executable, "-c", "from cli.main import main; main()"]
ENVIRONMENT = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)])}
QUERIES = 600


class Haystack:
    """One log, its indexes, and what was measured on them."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder: Path = options.at
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "key").write_text(KEY.hex())
        self.results: Path = options.results / f"haystack-{named(options.requests, options.hot)}.json"
        self.stages: dict[str, Any] = {}
        if self.results.exists():
            self.stages = msgspec.json.decode(self.results.read_bytes())["stages"]

    @property
    def size(self) -> Size:
        """What the log holds."""
        size = size_of(self.folder)
        if size is None:
            raise SystemExit(f"{self.folder} holds no log: run the stage generate")
        return size

    def generate(self) -> dict[str, Any]:
        """Write the log, unless it is there."""
        wanted, found = self.options, size_of(self.folder)
        if found is not None and (found.seed, found.requests) == (wanted.seed, wanted.requests):
            return self.stages.get("generate", {}) | {"log": msgspec.to_builtins(found)}
        asked = [f"--hot={each}" for each in wanted.hot]
        command = [
            "-m",
            "haystack_log",
            str(self.folder),
            f"--requests={wanted.requests}",
            f"--seed={wanted.seed}",
        ]
        cost = self._run([sys.executable, *command, *asked], "generate")
        return cost | {"log": msgspec.to_builtins(self.size)}

    def index(self) -> dict[str, Any]:
        """Index all but the last hundredth."""
        shutil.rmtree(self.folder / "index", ignore_errors=True)
        cost = self._index("index", ["log"])
        return cost | self._disk("index")

    def campaigns(self) -> dict[str, Any]:
        """Report, and compare with the truth."""
        cost = self._campaigns("index", "report")
        report = msgspec.json.decode((self.folder / "report").read_bytes(), type=CampaignReport)
        found = recall(report, self.folder / "truth.parquet")
        return cost | {"recall": msgspec.to_builtins(found)} | self._disk("index")

    def gathering(self) -> dict[str, Any]:
        """See what each step of the report keeps together of the planted campaigns."""
        script = str(HERE / "haystack_run" / "gathering.py")
        where = [str(self.folder / "index"), str(self.folder / "truth.parquet")]
        cost = self._run([sys.executable, script, *where], "gathering")
        return cost | {"kept": msgspec.json.decode((self.folder / "gathering").read_bytes())}

    def search(self) -> dict[str, Any]:
        """Search by copy and by span."""
        script = str(HERE / "haystack_run" / "searches.py")
        command = [sys.executable, script, str(self.folder / "index"), str(self.folder / "log"), str(QUERIES)]
        cost = self._run(command, "search")
        return cost | msgspec.json.decode((self.folder / "search").read_bytes())

    def append(self) -> dict[str, Any]:
        """Append the last hundredth to a copy of the index, and report again."""
        grown = self.folder / "grown"
        shutil.rmtree(grown, ignore_errors=True)
        shutil.copytree(self.folder / "index", grown, copy_function=os.link)  # what is in it never changes
        index = self._index("grown", ["last"])
        return {"index": index, "campaigns": self._campaigns("grown", "grown-report")}

    def equality(self) -> dict[str, Any]:
        """Build the whole at once and compare the reports."""
        shutil.rmtree(self.folder / "whole", ignore_errors=True)
        index = self._index("whole", ["log", "last"])
        campaigns = self._campaigns("whole", "whole-report")
        grown, whole = (
            msgspec.json.decode((self.folder / name).read_bytes(), type=CampaignReport)
            for name in ("grown-report", "whole-report")
        )
        shutil.rmtree(self.folder / "whole")
        return {"index": index, "campaigns": campaigns, "same_report": grown == whole}

    def meaning(self) -> dict[str, Any]:
        """Index with texts and report, without vectors and then with them; compare with the truth."""
        found: dict[str, Any] = {}
        seconds = {}
        for name, embed in (("without", []), ("with", ["--embed", "bulk"])):
            folder = f"meaning-{name}"
            shutil.rmtree(self.folder / folder, ignore_errors=True)
            found[f"index_{name}"] = self._index(folder, ["log"], *embed, texts=True)
            found[f"campaigns_{name}"] = self._campaigns(folder, f"{folder}-report")
            report = msgspec.json.decode((self.folder / f"{folder}-report").read_bytes(), type=CampaignReport)
            found[f"recall_{name}"] = msgspec.to_builtins(recall(report, self.folder / "truth.parquet"))
            found |= {f"{key}_{name}": value for key, value in self._disk(folder).items()}
            seconds[name] = {
                kind: found[f"index_{name}"][kind] + found[f"campaigns_{name}"][kind]
                for kind in ("seconds", "cpu_seconds")
            }
            shutil.rmtree(self.folder / folder)
        times = {
            f"times_as_many_{kind}": round(seconds["with"][kind] / seconds["without"][kind], 2)
            for kind in ("seconds", "cpu_seconds")
        }
        return found | times

    def keep(self) -> None:
        """Write what was measured so far."""
        result = {"requests": self.options.requests, "machine": machine("zstandard"), "stages": self.stages}
        write(self.results, result)

    def _index(self, name: str, parts: list[str], *more: str, texts: bool = False) -> dict[str, Any]:
        text = [*more] if texts or self.options.keep_text else ["--no-text"]
        options = ["--index", str(self.folder / name), "--key", str(self.folder / "key"), *text]
        return self._run([*PROMPTPRINT, "index", *(str(self.folder / p) for p in parts), *options], "said")

    def _campaigns(self, name: str, report: str) -> dict[str, Any]:
        where = ["--index", str(self.folder / name)]
        return self._run([*PROMPTPRINT, "campaigns", "--json", "--members", *where], report)

    def _run(self, command: list[str], name: str) -> dict[str, Any]:
        cost: Cost = run(command, stdout=self.folder / name, environment=ENVIRONMENT)
        if cost.exit_code:
            raise SystemExit(f"{' '.join(command[2:])} ended with {cost.exit_code}")
        return msgspec.to_builtins(cost) | {
            "us_per_request": round(1e6 * cost.seconds / self.size.lines, 2),
            "load": round(os.getloadavg()[0], 1),  # far above what a stage uses, others were at work too
        }

    def _disk(self, name: str) -> dict[str, Any]:
        sizes = disk(self.folder / name)
        per_request = round(sum(sizes.values()) / self.size.lines, 1)
        return {"disk_bytes": sizes, "disk_bytes_per_request": per_request}


def named(requests: int, hot: list[str]) -> str:
    """Return "2.88M", "200k" or "1M-identical-band"."""
    million, thousand = requests / 1e6, requests / 1e3
    size = f"{million:g}M" if million >= 1 else f"{thousand:g}k"
    return "-".join([size, *(each.split("=")[0] for each in hot)])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--at", type=Path, required=True, help="where the log and its indexes are kept")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hot", action="append", default=[], metavar="identical|band=N")
    parser.add_argument("--stages", default=",".join(STAGES[:-1]))
    parser.add_argument("--keep-text", action="store_true", help="index with texts")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args()
    haystack = Haystack(options)
    for stage in options.stages.split(","):
        if stage not in STAGES:
            parser.error(f"--stages: {stage} is none of {', '.join(STAGES)}")
        haystack.stages[stage] = getattr(haystack, stage)()
        haystack.keep()
        show(stage, haystack.stages[stage])


def show(stage: str, figures: dict[str, Any]) -> None:
    """Print a stage's line, and lines for what it holds."""
    if "seconds" in figures:
        print(
            f"{stage:20} {figures['seconds']:9.1f} s {figures['cpu_seconds']:9.1f} CPU s "
            f"{figures['us_per_request']:8.1f} us a request "
            f"{figures['peak_bytes'] / 1e9:6.2f} GB ({figures['peak_anonymous_bytes'] / 1e9:.2f} anonymous)",
            flush=True,
        )
    for name, value in figures.items():
        match value:
            case {"seconds": _}:
                show(f"{stage}: {name}", value)
            case {"campaigns": planted, "innocents": _, **rest}:
                for found in planted:
                    print("  ", found)
                print("  ", {"innocents": value["innocents"]} | rest)
            case list():
                for kept in value:
                    print("  ", kept)
            case {"p50_ms": _}:
                print(f"   {name}: {value}")
            case float() | bool() if name not in ("seconds", "cpu_seconds", "us_per_request"):
                print(f"   {name}: {value}")


if __name__ == "__main__":
    main()
