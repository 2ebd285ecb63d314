"""The trained network, its initial weights, and the graph that is served."""
