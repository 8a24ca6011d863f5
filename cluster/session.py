"""The Spark session: an existing one, or one made for a master. Nothing else here starts pyspark."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from promptlog.errors import PromptprintError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MASTER = "local[2]"

SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.driver.memory": "3g",
    "spark.driver.maxResultSize": "0",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "1000000",
    "spark.sql.parquet.compression.codec": "zstd",
}


class NoSpark(PromptprintError):
    """pyspark or Java is missing, or Spark does not start."""


@contextmanager
def session(master: str | None = None, settings: Mapping[str, str] | None = None) -> Iterator[SparkSession]:
    """Yield the session that runs already, or one of a master (MASTER without it) that ends afterwards.

    settings: of Spark, besides SETTINGS. Raises NoSpark.
    """
    try:
        import pyspark
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise NoSpark(f"--engine spark needs pyspark: pip install 'promptprint[spark]' ({error})") from None
    running = SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    # Workers run the Python that this is; a pip-installed Spark lies in its package.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_HOME", os.path.dirname(pyspark.__file__))
    builder = SparkSession.builder.master(master or MASTER).appName("promptprint")
    for name, value in {**SETTINGS, **(settings or {})}.items():
        builder = builder.config(name, value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            started = builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise NoSpark(f"Spark does not start; it needs Java 17 or newer ({error})") from error
    try:
        yield started
    finally:
        started.stop()
