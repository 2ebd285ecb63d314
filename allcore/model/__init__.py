"""The modified VGG16, its initial weights, and the graph that is served."""
