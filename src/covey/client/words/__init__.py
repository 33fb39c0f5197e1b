"""What members say, and what people read of it: contents, history, profiles, cards, numbers."""
