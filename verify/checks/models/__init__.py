"""What several checks ask about: models, whole and small, real and random, and what they are trained on."""
