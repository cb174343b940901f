"""One sample of the memory benchmark: memory_child.py MODULE"""

from __future__ import annotations

import importlib
import sys

from tests.bench.child import memory_mb, report

importlib.import_module(sys.argv[1])
rss_mb, pss_mb = memory_mb("self")
report({"rss_mb": rss_mb, "pss_mb": pss_mb, "modules": len(sys.modules)})
