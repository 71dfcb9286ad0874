"""What fits in memory: a training step played on tensors without data, and its peak on each kind of allocator."""
