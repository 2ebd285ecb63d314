"""Who carries runs out: this machine, Slurm or Ray; what is checked before, and how they are stopped."""
