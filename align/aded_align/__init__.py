"""Aligns a small draft model with the target whose answers ``aded align export`` wrote.

After Goel et al., "Direct Alignment of Draft Model for Speculative Decoding with Chat-Fine-Tuned LLMs"
(arXiv 2403.00858): the draft is distilled on the target's own answers, by forward KL, by total variation distance, or
by TVD++. Rejected positions are replayed after Draft-OPD (arXiv 2605.29343).
"""
