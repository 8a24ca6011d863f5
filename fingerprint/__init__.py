"""Text to comparable form: canonical form, tokens, keyed shingles, MinHash, spans, embeddings."""
