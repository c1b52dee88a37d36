"""The notebook, with what its cells printed and drew when it was last run."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parents[2] / "notebook.ipynb"

TITLE = re.compile(r'set_title\(\s*"([^"]+)"')


def made() -> str:
    """Return the cells in their order, each heading one level lower."""
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    return "\n\n".join(part for cell in cells for part in _cell(cell))


def _cell(cell: dict[str, Any]) -> Iterator[str]:
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield re.sub(r"^(#+ )", r"#\1", text, flags=re.MULTILINE)
        return
    yield f"```python\n{text}\n```"
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            yield f"```text\n{''.join(output['text'])}\n```"
        elif picture := output.get("data", {}).get("image/png"):
            title = TITLE.search(text)
            alt = title[1] if title else "What the cell above draws"
            yield f"![{alt}](data:image/png;base64,{''.join(picture.split())})"
