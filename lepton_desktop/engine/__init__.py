"""The engine: one headless service per user that owns links, history, queue and store."""
