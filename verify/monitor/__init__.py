"""What sensors say of processor, memory and devices: now, and in the course of a run."""
