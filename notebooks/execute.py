"""Runs notebooks from their first cell to their last, without a browser: `python execute.py [--into FOLDER] [NOTEBOOK …]`.

With --into the notebooks with their outputs, and their plots as PNG files, are written there. Ends with 1 when a cell fails.
"""

import argparse
import base64
import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CELL_SECONDS = 120


def execute(path, into):
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(HERE)}}
    client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", resources=place)
    began = time.monotonic()
    failure = None
    try:
        client.execute()
    except CellExecutionError as error:
        failure = str(error)
    if into is not None:
        nbformat.write(notebook, into / path.name)
        images = [
            output["data"]["image/png"]
            for cell in notebook.cells
            for output in cell.get("outputs", [])
            if "image/png" in output.get("data", {})
        ]
        for number, image in enumerate(images, 1):
            (into / f"{path.stem}-{number}.png").write_bytes(base64.b64decode(image))
    print(f"{path.name}: {'ok' if failure is None else 'FAILED'} in {time.monotonic() - began:.1f} s", flush=True)
    if failure is not None:
        print(failure, file=sys.stderr)
    return failure is None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path)
    parser.add_argument("notebooks", nargs="*", type=Path)
    given = parser.parse_args()
    if given.into is not None:
        given.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gridmill-jupyter-") as folder:
        # Nothing of this run stays in the home folder.
        for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
            os.environ.setdefault(name, f"{folder}/{name.lower()}")
        paths = given.notebooks or sorted(HERE.glob("[1-3]-*.ipynb"))
        results = [execute(path.resolve(), given.into) for path in paths]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
