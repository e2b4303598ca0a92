"""Where things lie in the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETUP = ROOT / ".setup"
ASSISTANT_PYTHON = ROOT / ".venv" / "bin" / "python"
BACKEND_PYTHON = ROOT / "backend" / ".venv" / "bin" / "python"
MODEL = ROOT / "models" / "farewell.tar.gz"
DEFAULT_DATA = ROOT / ".farewell"
