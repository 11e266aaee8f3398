"""Trains a draft model on the answers of its target, and writes it as GGUF: ``align/train --help``."""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import torch

from . import blocks, data, gguf_file, losses
from .model import Llama, Shape

CHAIN = 3
"""The chain that the curve tells block efficiency of."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        mixture: losses with their weights, see losses.parse.
        learning_rate: at its highest.
        warmup: steps until then; from there it falls along a cosine to a tenth.
        batch: answers a step.
        steps: the most.
        seconds: the most time; the last step may go beyond.
        check_every: steps between two looks at the validation answers.
        patience: looks without a gain after which it ends.
        replay: share of each batch that is replayed: answers seen lately, drawn by how often the draft was rejected
            there, of which only the positions count where it still is.
        seed: of what is drawn.
        limit: Euclidean norm that gradients are cut to.
    """

    mixture: list[tuple[float, str]]
    learning_rate: float = 1e-4
    warmup: int = 20
    batch: int = 8
    steps: int = 1000
    seconds: float = math.inf
    check_every: int = 25
    patience: int = 4
    replay: float = 0.25
    seed: int = 1
    limit: float = 1.0


@dataclass(frozen=True)
class Batch:
    """Answers side by side, padded at their ends, and the positions of them that count.

    Attributes:
        tokens: int64[B, T].
        rows: int64[N], index into B · T of the token before each position.
        said: int64[N], the target's token.
        top: int64[N, 16].
        probabilities: float32[N, 16].
        owner: int64[N], which of the B answers.
    """

    tokens: torch.Tensor
    rows: torch.Tensor
    said: torch.Tensor
    top: torch.Tensor
    probabilities: torch.Tensor
    owner: torch.Tensor

    @classmethod
    def of(cls, answers: list[data.Answer], context: int, device: torch.device) -> "Batch":
        """As much of each answer as the context reaches; each prompt must fit."""
        counts = [positions(answer, context) for answer in answers]
        lengths = [len(answer.prompt) - 1 + count for answer, count in zip(answers, counts)]
        tokens = np.zeros((len(answers), max(lengths)), dtype=np.int64)
        rows, owner = [], []
        for i, (answer, count, length) in enumerate(zip(answers, counts, lengths)):
            tokens[i, :length] = answer.tokens[:length]
            rows.append(i * tokens.shape[1] + len(answer.prompt) - 1 + np.arange(count))
            owner.append(np.full(count, i))

        def all_of(field: Callable[[data.Answer], np.ndarray]) -> torch.Tensor:
            return torch.from_numpy(np.concatenate([field(a)[:n] for a, n in zip(answers, counts)])).to(device)

        return cls(
            torch.from_numpy(tokens).to(device),
            torch.from_numpy(np.concatenate(rows)).to(device),
            all_of(lambda a: a.answer),
            all_of(lambda a: a.top),
            all_of(lambda a: a.probabilities),
            torch.from_numpy(np.concatenate(owner)).to(device),
        )

    def logits(self, model: Llama) -> torch.Tensor:
        """float[N, V]: only the rows that count are multiplied by the output matrix."""
        hidden = model.hidden(self.tokens)
        return model.logits(hidden.reshape(-1, hidden.shape[-1])[self.rows])


def positions(answer: data.Answer, context: int) -> int:
    """How many positions of an answer a context reaches; 0 or less if not even its prompt fits."""
    return min(len(answer.answer), context - len(answer.prompt) + 1)


@torch.no_grad()
def acceptance(model: Llama, answers: list[data.Answer], batch: int = 8) -> tuple[float, float]:
    """Share of greedy drafts that the target accepts, and block efficiency for chains of CHAIN; teacher-forced."""
    device = next(model.parameters()).device
    agrees = []
    for at in range(0, len(answers), batch):
        part = Batch.of(answers[at : at + batch], model.shape.context, device)
        right = (part.logits(model).argmax(1) == part.said).cpu().numpy()
        owner = part.owner.cpu().numpy()
        agrees += [right[owner == i] for i in range(int(owner.max()) + 1)]
    return float(np.mean(np.concatenate(agrees))), blocks.block_efficiency(agrees, CHAIN)


class Replay:
    """Answers seen lately and how often the draft was rejected there: on-policy, since the counts are the draft's own
    of the step in which it saw them. Until it has, those of the export's drafter stand in."""

    def __init__(self, answers: list[data.Answer], capacity: int = 256):
        self.capacity = capacity
        self.answers = answers
        self.rejects = {i: answer.rejected() for i, answer in enumerate(answers) if answer.rejected()}

    def saw(self, index: int, rejected: int) -> None:
        """Keeps how often the draft was rejected in an answer, the latest last."""
        self.rejects.pop(index, None)
        self.rejects[index] = rejected
        while len(self.rejects) > self.capacity:
            self.rejects.pop(next(iter(self.rejects)))

    def draw(self, count: int, chance: random.Random) -> list[int]:
        """Indices by their numbers of rejected positions; none if there are none."""
        known = [(i, n) for i, n in self.rejects.items() if n > 0]
        return chance.choices([i for i, _ in known], [n for _, n in known], k=count) if known and count else []


def train(
    model: Llama,
    training: list[data.Answer],
    validation: list[data.Answer],
    settings: Settings,
    report: Callable[[list[dict], bool], None] = lambda curve, better: None,
    clock: Callable[[], float] = time.monotonic,
) -> list[dict]:
    """Trains a model in place and leaves it with the weights that were best on the validation answers.

    Args:
        model: that learns.
        training: answers whose prompts fit into its context.
        validation: answers to decide by when to stop; their prompts are not among the training's.
        report: hears the curve whenever it has grown, and whether the model is better than it ever was.
        clock: seconds.

    Returns:
        The curve: step, answer tokens seen, seconds, loss since the last entry, learning rate, acceptance and block
        efficiency on the validation answers; the first entry is of the model as it came.
    """
    device = next(model.parameters()).device
    chance = random.Random(settings.seed)
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}],
        lr=settings.learning_rate,
        betas=(0.9, 0.95),
    )
    replay = Replay(training)
    began = clock()
    seen, waiting, recent = 0, [], []
    curve: list[dict] = []
    best = {"acceptance": -1.0}
    kept = {}

    def check(step: int, rate: float) -> bool:
        """Looks at the validation answers; whether to go on."""
        nonlocal best, kept
        accepted, efficiency = acceptance(model, validation)
        entry = {
            "step": step,
            "tokens": seen,
            "seconds": round(clock() - began, 1),
            "loss": round(float(np.mean(recent)), 5) if recent else None,
            "learning_rate": rate,
            "acceptance": round(accepted, 5),
            f"block_efficiency_{CHAIN}": round(efficiency, 5),
        }
        recent.clear()
        curve.append(entry)
        better = accepted > best["acceptance"]
        if better:
            best = entry
            kept = {name: p.detach().clone() for name, p in model.state_dict().items()}
        report(curve, better)
        since = sum(1 for later in curve if later["step"] > best["step"])
        return since < settings.patience

    going = check(0, 0.0)
    step = 0
    while going and step < settings.steps and clock() - began < settings.seconds:
        share = max(step / settings.steps, (clock() - began) / settings.seconds)
        rate = settings.learning_rate * min(1.0, (step + 1) / max(1, settings.warmup))
        rate *= 0.55 + 0.45 * math.cos(math.pi * min(1.0, share))
        for group in optimizer.param_groups:
            group["lr"] = rate
        again = replay.draw(round(settings.batch * settings.replay), chance) if step else []
        chosen = []
        while len(chosen) < settings.batch - len(again):
            if not waiting:
                waiting = list(range(len(training)))
                chance.shuffle(waiting)
            chosen.append(waiting.pop())
        batch = Batch.of([training[i] for i in chosen + again], model.shape.context, device)
        logits = batch.logits(model)
        log_p, q = losses.outcomes(logits, batch.top, batch.probabilities)
        rejected = logits.detach().argmax(1) != batch.said
        weight = torch.where(batch.owner < len(chosen), 1.0, rejected.float())
        loss = (losses.mixed(settings.mixture, log_p, q) * weight).sum() / weight.sum().clamp_min(1)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.limit)
        optimizer.step()
        for i, index in enumerate(chosen + again):
            replay.saw(index, int(rejected[batch.owner == i].sum()))
        recent.append(float(loss.detach()))
        seen += len(batch.said)
        step += 1
        if step % settings.check_every == 0:
            going = check(step, rate)
    if curve[-1]["step"] != step:
        check(step, 0.0)
    model.load_state_dict(kept)
    return curve


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="align/train",
        description="Trains a draft model on what \"aded align export\" wrote, and writes it as GGUF.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    defaults = Settings([])
    parser.add_argument(
        "--data", type=Path, required=True, action="append", metavar="DIR", help="an export; several are taken together"
    )
    start = parser.add_mutually_exclusive_group(required=True)
    start.add_argument("--start", type=Path, metavar="FILE", help="the model to train: a Llama, GGUF of F32, F16 or Q8_0")
    start.add_argument("--fresh-like", type=Path, metavar="FILE", help="begin a new model with this GGUF's vocabulary")
    parser.add_argument("--layers", type=int, default=2, help="of a new model")
    parser.add_argument("--width", type=int, default=256, help="of a new model; a multiple of 32")
    parser.add_argument("--heads", type=int, default=4, help="of a new model")
    parser.add_argument("--hidden", type=int, default=0, help="of a new model; 0 for 8/3 of its width")
    parser.add_argument("--context", type=int, default=0, help="tokens to train on; 0 for what the model has, 512 if new")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the trained model, .gguf; its curve goes beside it")
    parser.add_argument("--type", choices=list(gguf_file.TYPES), default="f16", help="of its matrices")
    parser.add_argument("--loss", default="kl", help=f"one of {', '.join(losses.LOSSES)}, or a mixture: kl:0.5,tvd++:0.5")
    parser.add_argument("--learning-rate", type=float, default=defaults.learning_rate)
    parser.add_argument("--warmup", type=int, default=defaults.warmup, help="steps")
    parser.add_argument("--batch", type=int, default=defaults.batch, help="answers a step")
    parser.add_argument("--steps", type=int, default=defaults.steps, help="the most")
    parser.add_argument("--minutes", type=float, default=math.inf, help="the most")
    parser.add_argument("--check-every", type=int, default=defaults.check_every, help="steps")
    parser.add_argument("--patience", type=int, default=defaults.patience, help="looks without a gain before it ends")
    parser.add_argument("--replay", type=float, default=defaults.replay, help="share of a batch that replays rejects")
    parser.add_argument("--validation", type=float, default=0.1, help="share of training prompts to decide by when to stop")
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--threads", type=int, default=0, help="0 for PyTorch's own choice")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args(arguments)


def _model(options: argparse.Namespace) -> Llama:
    if options.start:
        return gguf_file.load(options.start, options.context or None)
    hidden = options.hidden or -(-options.width * 8 // 3 // 32) * 32
    shape = Shape(
        vocabulary=gguf_file.vocabulary_size(options.fresh_like),
        width=options.width,
        layers=options.layers,
        heads=options.heads,
        kv_heads=options.heads,
        hidden=hidden,
        context=options.context or 512,
        epsilon=1e-5,
        rope_base=10000.0,
        tied=True,
    )
    return Llama.fresh(shape, options.seed)


def _facts(folders: list[Path]) -> dict:
    """Those of the first export; all must be of targets with the same tokens."""
    every = [data.facts(folder) for folder in folders]
    for folder, facts in zip(folders, every):
        if facts["target"].get("vocabulary_fingerprint") != every[0]["target"].get("vocabulary_fingerprint"):
            raise data.Damaged(f"the target of {folder} has other tokens than that of {folders[0]}")
    return every[0]


def run(options: argparse.Namespace) -> int:
    """Reads, trains, writes."""
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    facts = _facts(options.data)
    model = _model(options)
    if model.shape.vocabulary != facts["target"]["vocabulary_size"]:
        raise gguf_file.Unusable(
            f"the model has {model.shape.vocabulary} tokens, the target {facts['target']['vocabulary_size']}:"
            " they must be the same"
        )
    read = [answer for folder in options.data for answer in data.read(folder, "train")]
    usable = [answer for answer in read if positions(answer, model.shape.context) > 0]
    training, validation = data.validation_split(usable, options.validation)
    if not training or not validation:
        raise data.Damaged(f"{len(training)} answers to train on and {len(validation)} to validate with; wanted: more")
    print(
        f"{len(training)} answers ({sum(positions(a, model.shape.context) for a in training):,} tokens) to train on,"
        f" {len(validation)} to decide by when to stop; {sum(p.numel() for p in model.parameters()):,} weights",
        flush=True,
    )
    settings = Settings(
        mixture=losses.parse(options.loss),
        learning_rate=options.learning_rate,
        warmup=options.warmup,
        batch=options.batch,
        steps=options.steps,
        seconds=options.minutes * 60,
        check_every=options.check_every,
        patience=options.patience,
        replay=options.replay,
        seed=options.seed,
    )
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    name = options.output.name.removesuffix(".gguf")

    def report(curve: list[dict], better: bool) -> None:
        """Says how it gets on. The best weights are written at once, so that a training that is killed leaves them."""
        print(json.dumps(curve[-1]), flush=True)
        if better and len(curve) > 1:
            gguf_file.save(model, options.output, options.start or options.fresh_like, name, options.type)
        summary = {
            "format": 1,
            "date": began,
            "torch": torch.__version__,
            "device": options.device,
            "threads": torch.get_num_threads(),
            "target": facts["target"]["name"],
            "start": options.start.name if options.start else f"new, {model.shape}",
            "arguments": {
                key: value if isinstance(value, (int, float, str)) and value != math.inf else str(value)
                for key, value in vars(options).items()
                if not isinstance(value, (Path, list)) and value is not None
            },
            "training_answers": len(training),
            "training_tokens": sum(positions(a, model.shape.context) for a in training),
            "validation_answers": len(validation),
            "best": max(curve, key=lambda entry: entry["acceptance"]),
            "curve": curve,
        }
        options.output.with_suffix(".curve.json").write_text(json.dumps(summary, indent=2) + "\n")

    curve = train(model.to(options.device), training, validation, settings, report)
    best = max(curve, key=lambda entry: entry["acceptance"])
    print(f"best on validation: step {best['step']}, {best['acceptance']:.4f} accepted (before: {curve[0]['acceptance']:.4f})")
    print(f"written: {options.output}" if best["step"] else "nothing was gained, and nothing is written")
    return 0


def main() -> int:
    """The command; faults of the input are one line."""
    try:
        return run(_options(sys.argv[1:]))
    except (gguf_file.Unusable, data.Damaged, ValueError, OSError) as e:
        print(f"align/train: {e}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
