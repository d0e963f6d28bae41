"""Plans made into files for other tools: pure, text in, documents out."""
