"""A LoRA fine-tune on data of one's own: its recipe, its data, its two engines, and the log that outlives it."""
