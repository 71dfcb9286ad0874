"""Fine-tuning through adapters, from counting parameters to reciting what was taught."""
