"""Makes the message classes, `src/aded/v1`, from the .proto files: by hand with `python generate.py`, and in each
build."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
OUT = HERE / "src" / "aded" / "v1"


def generate() -> None:
    """Writes them anew. The .proto files lie beside this directory in the repository, and inside it in a source
    archive."""
    from grpc_tools import protoc

    sources = next((p for p in (HERE.parent / "proto/src/main/proto", HERE / "proto") if p.is_dir()), None)
    if sources is None:
        raise SystemExit("there are no .proto files, neither in ../proto nor in ./proto")
    files = [str(path) for path in sorted((sources / "aded" / "v1").glob("*.proto"))]
    shutil.rmtree(OUT, ignore_errors=True)
    out = str(OUT.parent.parent)
    well_known = str(Path(protoc.__file__).parent / "_proto")
    if (
        protoc.main(["protoc", f"-I{sources}", f"-I{well_known}", f"--python_out={out}", f"--pyi_out={out}", *files])
        != 0
    ):
        raise SystemExit("protoc failed")
    (OUT / "__init__.py").write_text('"""Generated from the .proto files. Ordinary use needs nothing of it."""\n')


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, without the build's packages
    pass
else:

    class Generate(BuildHookInterface):  # type: ignore[type-arg]
        """The same, in a build."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            if self.target_name == "wheel":
                generate()


if __name__ == "__main__":
    sys.exit(generate())
