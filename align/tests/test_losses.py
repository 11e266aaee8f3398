import pytest
import torch
from aded_align import losses


def gradient(loss, p, q, **more):
    """∂loss/∂logits where softmax(logits) is p; all outcomes are among the best, none is left over."""
    logits = torch.tensor(p, dtype=torch.float64).log().requires_grad_()
    log_p = logits.log_softmax(1)
    loss(log_p, torch.tensor(q, dtype=torch.float64), **more).mean().backward()
    return logits.grad


def test_tvdPlusPlus_byPosition_gradientHandWorked():
    # r = (0, 1, 1): the target holds the second and third more probable. μ = .3 + .2 = .5, σ = √(.5 · .5) = .5.
    # −p (r − μ) / σ = −(.5 · −1, .3 · 1, .2 · 1).
    grad = gradient(losses.tvd_plus_plus, [[0.5, 0.3, 0.2]], [[0.2, 0.5, 0.3]], by_position=True)
    assert grad[0].tolist() == pytest.approx([0.5, -0.3, -0.2])


def test_tvdPlusPlus_unlikelyGain_countsAsMuchAsOthers():
    # r = (0, 1), μ = .01, σ = √(.01 · .99) = .0995: TVD's gradient (.0099, −.0099) becomes (.0995, −.0995).
    p, q = [[0.99, 0.01]], [[0.01, 0.99]]
    assert gradient(losses.tvd, p, q)[0].tolist() == pytest.approx([0.0099, -0.0099])
    grad = gradient(losses.tvd_plus_plus, p, q, by_position=True)
    assert grad[0].tolist() == pytest.approx([0.0994987, -0.0994987], rel=1e-5)


def test_tvdPlusPlus_overTheBatch_gradientHandWorked():
    # Position 1: r = (0, 1), p = (.5, .5). Position 2: r = (1, 0), p = (.2, .8).
    # μ = (.5 + .2) / 2 = .35. E(r − μ)² = .5·.35² + .5·.65² = .2725 and .2·.65² + .8·.35² = .1825: σ² = .2275.
    # A constant taken off the reward changes nothing, so at each position −p (r − its own mean) / σ, of the mean of two:
    # position 1: −.5 (0 − .5) / σ / 2 = .125 / .476970 = .262071; position 2: −.2 (1 − .2) / σ / 2 = −.167725.
    p, q = [[0.5, 0.5], [0.2, 0.8]], [[0.1, 0.9], [0.6, 0.4]]
    grad = gradient(losses.tvd_plus_plus, p, q)
    assert grad[0].tolist() == pytest.approx([0.262071, -0.262071], rel=1e-5)
    assert grad[1].tolist() == pytest.approx([-0.167725, 0.167725], rel=1e-5)


def test_tvdPlusPlus_anyPosition_isTvdOverDeviation():
    generator = torch.Generator().manual_seed(3)
    p = torch.randn(6, 9, generator=generator, dtype=torch.float64).softmax(1)
    q = torch.randn(6, 9, generator=generator, dtype=torch.float64).softmax(1)
    plain = gradient(losses.tvd, p.tolist(), q.tolist())
    grown = gradient(losses.tvd_plus_plus, p.tolist(), q.tolist(), by_position=True)
    mean = (p * (q > p)).sum(1, keepdim=True)
    assert torch.allclose(grown, plain / (mean * (1 - mean)).sqrt())


@pytest.mark.parametrize("loss", [losses.tvd, losses.forward_kl])
def test_gradient_againstFiniteDifferences(loss):
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(1, 7, generator=generator, dtype=torch.float64)
    q = torch.randn(1, 7, generator=generator, dtype=torch.float64).softmax(1)
    grad = gradient(loss, logits.softmax(1).tolist(), q.tolist())
    for j in range(7):
        step = torch.zeros_like(logits)
        step[0, j] = 1e-6
        difference = loss((logits + step).log_softmax(1), q) - loss((logits - step).log_softmax(1), q)
        assert grad[0, j].item() == pytest.approx(difference.item() / 2e-6, abs=1e-7)


def test_tvdPlusPlus_gradientAgainstFiniteDifferencesOfTvd():
    """The policy gradient is TVD's: what is left of TVD++ times its deviation is the slope of TVD itself."""
    logits = torch.tensor([[0.3, -0.4, 1.1, 0.2]], dtype=torch.float64)
    q = torch.tensor([[0.1, 0.4, 0.2, 0.3]], dtype=torch.float64)
    p = logits.softmax(1)
    mean = (p * (q > p)).sum().item()
    deviation = (mean * (1 - mean)) ** 0.5
    grad = gradient(losses.tvd_plus_plus, p.tolist(), q.tolist(), by_position=True)
    for j in range(4):
        step = torch.zeros_like(logits)
        step[0, j] = 1e-6
        slope = (losses.tvd((logits + step).log_softmax(1), q) - losses.tvd((logits - step).log_softmax(1), q)) / 2e-6
        assert grad[0, j].item() * deviation == pytest.approx(slope.item(), abs=1e-7)


def test_outcomes_restOfTheVocabulary_isOneOutcome():
    logits = torch.log(torch.tensor([[0.5, 0.2, 0.2, 0.1]]))
    log_p, q = losses.outcomes(logits, torch.tensor([[1, 0]]), torch.tensor([[0.6, 0.3]]))
    assert log_p.exp()[0].tolist() == pytest.approx([0.2, 0.5, 0.3])
    assert q[0].tolist() == pytest.approx([0.6, 0.3, 0.1])
    assert losses.tvd(log_p, q).item() == pytest.approx(0.4)
    # .6 ln 3 + .3 ln .6 + .1 ln (1/3)
    assert losses.forward_kl(log_p, q).item() == pytest.approx(0.396059, rel=1e-4)


def test_outcomes_draftThatIsSure_staysFinite():
    logits = torch.tensor([[200.0, 0.0, 0.0]], requires_grad=True)
    log_p, q = losses.outcomes(logits, torch.tensor([[0, 1]]), torch.tensor([[1.0, 0.0]]))
    for name in losses.LOSSES:
        loss = losses.LOSSES[name](log_p, q).sum()
        (grad,) = torch.autograd.grad(loss, logits, retain_graph=True)
        assert torch.isfinite(grad).all(), name


def test_parse_mixture():
    assert losses.parse("kl:0.5,tvd++") == [(0.5, "kl"), (1.0, "tvd++")]
    with pytest.raises(ValueError, match="kll is no loss"):
        losses.parse("kll")
    with pytest.raises(ValueError, match="allowed: above 0"):
        losses.parse("kl:0")
