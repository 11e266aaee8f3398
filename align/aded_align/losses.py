"""How far a draft's distribution p is from the target's q, at one position, given q's best tokens only.

Of q the best K tokens are known. All others are one outcome, "any other token", on both sides, so that p and q are
distributions over K + 1 outcomes. What is lost by that is small (the best sixteen hold nearly all of q), and goes one
way: neither the KL divergence nor the total variation distance of the coarser pair is above that of the finer one.

Forward KL:  KL(q ‖ p) = Σ q log(q / p).

Total variation distance:  TVD(p, q) = ½ Σ |p − q|. A token drawn from p is accepted with probability 1 − TVD (Leviathan
et al., arXiv 2211.17192, corollary 3.6), so this is the very thing that block efficiency is made of.

TVD++ (arXiv 2403.00858, section on the TVD++ loss). With the reward r(x) = 1 where q(x) > p(x), else 0,

    ∇ TVD(p, q) = E over x ~ p of [ −r(x) ∇ log p(x) ]

which is a policy gradient: the draft is the policy, and it is rewarded for tokens that the target holds more probable
than it does. (Proof: TVD = Σ over q > p of (q − p), and where p = q the gradient is any between the two sides'.)
As usual for policy gradients, the reward is made an advantage, by its mean μ and standard deviation σ under p:

    ∇ TVD++ = E over x ~ p of [ −(r(x) − μ) / σ · ∇ log p(x) ]

The expectation over x is taken exactly here, over all outcomes, not by drawing. Then the mean changes nothing, since
E[∇ log p] = 0, and σ is what remains: TVD's gradient, grown where rewards hardly differ. μ and σ are taken over all
positions of the batch, or position by position: then σ² = μ(1 − μ), and a position where the draft gives the tokens that
it should raise hardly any probability, whose TVD gradient all but vanishes, counts as much as others.

On logits z (p = softmax z) this is ∂/∂z_j = −p_j (r_j − r̄)/σ with r̄ = E[r] at the position; the tests hold the code
against values worked by hand, and TVD against finite differences.
"""

from __future__ import annotations

import torch

TINY = 1e-9
"""Below this a probability is taken for this, so that logarithms stay finite."""


def outcomes(logits: torch.Tensor, top: torch.Tensor, probabilities: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Log p and q over the K best tokens and all others as one.

    Args:
        logits: float[N, V] of the draft.
        top: int64[N, K], distinct tokens of each row.
        probabilities: float[N, K], q of them.

    Returns:
        log p, float[N, K + 1], and q, float[N, K + 1], which sums to 1.
    """
    log_p = logits.gather(1, top) - logits.logsumexp(1, keepdim=True)
    rest = (1 - log_p.exp().sum(1, keepdim=True)).clamp_min(TINY).log()
    q_rest = (1 - probabilities.sum(1, keepdim=True)).clamp_min(0)
    q = torch.cat([probabilities, q_rest], 1)
    return torch.cat([log_p, rest], 1), q / q.sum(1, keepdim=True)


def forward_kl(log_p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """KL(q ‖ p) of each row, float[N]."""
    return (q * (q.clamp_min(TINY).log() - log_p)).sum(1)


def tvd(log_p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """Total variation distance of each row, float[N], in [0, 1]."""
    return 0.5 * (q - log_p.exp()).abs().sum(1)


def tvd_plus_plus(log_p: torch.Tensor, q: torch.Tensor, by_position: bool = False) -> torch.Tensor:
    """A number for each row, float[N], whose gradient is that of TVD++; its value means nothing.

    Args:
        log_p: float[N, K + 1].
        q: float[N, K + 1].
        by_position: whether mean and deviation of the reward are each row's own, not all rows' together.
    """
    with torch.no_grad():
        p = log_p.exp()
        reward = (q > p).to(p.dtype)
        mean = (p * reward).sum(1, keepdim=True)
        if not by_position:
            mean = mean.mean(0, keepdim=True).expand_as(mean)
        variance = (p * (reward - mean) ** 2).sum(1, keepdim=True)
        if not by_position:
            variance = variance.mean(0, keepdim=True).expand_as(variance)
        # Where p is q there is nothing to gain and no deviation; what is divided then is 0 all the same.
        weight = p * (reward - mean) / variance.sqrt().clamp_min(1e-3)
    return -(weight * log_p).sum(1)


LOSSES = {
    "kl": forward_kl,
    "tvd": tvd,
    "tvd++": tvd_plus_plus,
    "tvd++position": lambda log_p, q: tvd_plus_plus(log_p, q, by_position=True),
}


def parse(text: str) -> list[tuple[float, str]]:
    """Reads a mixture such as ``kl:0.5,tvd++:0.5``; a name alone weighs 1.

    Raises:
        ValueError: if a name is unknown or a weight is not above 0.
    """
    mixture = []
    for part in text.split(","):
        name, _, weight = part.partition(":")
        if name not in LOSSES:
            raise ValueError(f"{name} is no loss; there are: {', '.join(LOSSES)}")
        value = float(weight) if weight else 1.0
        if not value > 0:
            raise ValueError(f"the weight of {name} is {weight}; allowed: above 0")
        mixture.append((value, name))
    return mixture


def mixed(mixture: list[tuple[float, str]], log_p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """The weighted sum of losses of each row, float[N]."""
    return sum(weight * LOSSES[name](log_p, q) for weight, name in mixture)
