"""What `make bench` runs: this server and its peers, side by side, under the same load. README.rst says how to read it.

    python -m benchmarks [--streams N] [--only NAME ...] [--quick] [--rst]

Nothing here is part of the product: myapp imports none of it and no wheel carries it.
"""
from pathlib import Path

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build/benchmarks"   # where `make bench` puts the compiled load client and limit, and the peers' environment
