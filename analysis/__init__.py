"""What it means: allocation of euros, totals, indicators, comparisons. Frames in, frames out."""
