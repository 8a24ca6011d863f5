"""Where compiled kernels are kept when they cannot lie beside their source.

Numba refuses to import a kernel that it has nowhere to keep: a package that root installed, run
by a user without a home.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "NUMBA_CACHE_DIR"
ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("promptlog", "promptlog/blocks", "fingerprint", "indexes", "campaigns", "cluster")


def keep_kernels() -> None:
    """Give Numba a directory to write to, unless it has one. Does not import Numba."""
    if os.environ.get(VARIABLE) or all(_writable(ROOT / name / "__pycache__") for name in PACKAGES):
        return
    home = Path(os.path.expanduser("~"), ".cache", "promptprint")
    # What lies in the cache is run as code: only a directory of one's own will do.
    if home.is_absolute() and _writable(home) and home.stat().st_uid == os.geteuid():
        os.environ[VARIABLE] = str(home)
    else:
        os.environ[VARIABLE] = _fleeting()


def load_lightly() -> None:
    """Import Numba and Arrow for a command that should start at once, without what they look for beside them.

    Numba looks for scipy's linear algebra, for matrix products inside kernels, and Arrow for pandas, for
    tables that come from there. Nothing here has either, and importing one takes as long as Numba itself.
    """
    if sys.modules.keys() & {"numba", "pyarrow", *_Missing.names}:
        return
    missing = _Missing()
    sys.meta_path.insert(0, missing)
    try:
        import numba.np.arraymath  # noqa: F401
        import pyarrow

        pyarrow.array([None])  # it looks once
    finally:
        sys.meta_path.remove(missing)


class _Missing:
    """A finder that has some packages look as if they were not installed."""

    names = ("scipy", "pandas")

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in self.names:
            raise ModuleNotFoundError(name)


def _writable(folder: Path) -> bool:
    """Return whether a file can be made in a folder, which is made if need be; as Numba finds out."""
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _fleeting() -> str:
    """Return a private directory that lasts as long as this process."""
    import atexit
    import shutil
    import tempfile

    folder = tempfile.mkdtemp(prefix="promptprint-kernels-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
