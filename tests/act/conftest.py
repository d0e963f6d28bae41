"""The tests that need a control plane of Kubernetes are collected only where somebody says where one is."""

import os

from tests.servers.kubernetes_control_plane import BINARIES

collect_ignore = [] if os.environ.get(BINARIES) else ["test_kubernetes_real.py"]
