"""A real Ray of a head and one node, in one machine: run by Ray's own Python, until its input ends.

Each line of its input has it lose the node, as where a machine fails; another one takes its place.
"""

import os
import sys
from pathlib import Path

port, folder = int(sys.argv[1]), Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
os.environ |= {"RAY_TMPDIR": str(folder), "RAY_USAGE_STATS_ENABLED": "0", "RAY_enable_metrics_collection": "0"}
os.environ.pop("RAY_ADDRESS", None)  # that of the cluster which is made here

from ray.cluster_utils import Cluster  # noqa: E402 - it reads the environment

SMALL = {"object_store_memory": 100 * 2**20, "include_log_monitor": False}
HEAD = {"num_cpus": 0, "dashboard_host": "127.0.0.1", "dashboard_port": port, "include_dashboard": True, **SMALL}

cluster = Cluster(initialize_head=True, head_node_args={**HEAD, "temp_dir": str(folder / "ray")})
node = cluster.add_node(num_cpus=2, **SMALL)
print("done", flush=True)
for _ in sys.stdin:
    cluster.remove_node(node, allow_graceful=False)
    node = cluster.add_node(num_cpus=2, **SMALL)
    print("done", flush=True)
cluster.shutdown()
