"""A study that many workers share: what to try next, who is at it, and what came of it. Knows nothing of models."""
