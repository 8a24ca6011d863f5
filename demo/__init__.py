"""A log to try promptprint on: three weeks of invented traffic with planted campaigns.

Every text was written for it (`texts/`), put together by a small grammar; nothing comes from
a data set. Nothing here imports the rest of the project.
"""

from demo.accounts import Truth
from demo.traffic import DemoLog, build, requests, truth

__all__ = ["DemoLog", "Truth", "build", "requests", "truth"]
