"""The examples are folders of scripts: their modules are found from the folder itself."""

import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

sys.path.insert(0, str(EXAMPLES / "korean-together"))
sys.path.insert(0, str(EXAMPLES / "pam-talk"))
