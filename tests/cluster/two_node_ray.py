"""A real Ray of a head and one node, in one machine: run by Ray's own Python; each line of its input is a command."""

import os
import sys
from pathlib import Path

port, folder = int(sys.argv[1]), Path(sys.argv[2]) / "ray"
folder.mkdir(parents=True)
os.environ["RAY_TMPDIR"] = str(folder.parent)
os.environ.pop("RAY_ADDRESS", None)  # that of the cluster which is made here

from ray.cluster_utils import Cluster  # noqa: E402 - it reads the environment

head = {"num_cpus": 0, "dashboard_host": "127.0.0.1", "dashboard_port": port, "include_dashboard": True,
        "temp_dir": str(folder), "object_store_memory": 100 * 2**20}  # fmt: skip
node = {"num_cpus": 2, "object_store_memory": 100 * 2**20}
cluster = Cluster(initialize_head=True, head_node_args=head)
worker = cluster.add_node(**node)
print("up", flush=True)
for line in sys.stdin:
    if line.strip() == "lose the node":
        cluster.remove_node(worker, allow_graceful=False)
    else:
        worker = cluster.add_node(**node)
    print("done", flush=True)
cluster.shutdown()
