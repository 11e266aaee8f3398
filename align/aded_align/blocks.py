"""What chains of drafts yield: the same definitions as ``aded align evaluate``."""

from __future__ import annotations

import numpy as np


def passes(agrees: np.ndarray, chain: int) -> int:
    """Passes of the target for an answer whose draft agrees with it as ``agrees`` says (bool[G]), greedy chains.

    A pass yields the accepted drafts and one token of the target's own.
    """
    count, at = 0, 0
    while at < len(agrees):
        accepted = 0
        while accepted < chain and at + accepted < len(agrees) and agrees[at + accepted]:
            accepted += 1
        at += accepted + 1
        count += 1
    return count


def block_efficiency(all_agrees: list[np.ndarray], chain: int) -> float:
    """Tokens a pass of the target, 1 to chain + 1; NaN for no answers (τ of arXiv 2403.00858)."""
    total = sum(passes(agrees, chain) for agrees in all_agrees)
    return sum(len(agrees) for agrees in all_agrees) / total if total else float("nan")
