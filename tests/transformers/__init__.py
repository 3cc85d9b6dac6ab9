"""Tests that need PyTorch and sentence-transformers, which live in an environment of their own (.ci/run)."""
