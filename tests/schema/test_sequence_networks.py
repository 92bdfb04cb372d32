"""The types that take whole sequences: padding, empty samples, and plain torch.

Shapes and parameters of the types without children are held against their modules in
test_networks.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specc.schema.declaration import Args, NetworkType, Scope
from specc.schema.networks import NETWORKS
from specc.schema.networks.modules.masked_pool import MaskedPool
from specc.schema.networks.modules.masking import readable
from specc.schema.networks.modules.transformer_encoder import sinusoids
from specc.schema.networks.modules.values import Sequence as Steps
from specc.schema.shapes import BATCH, UNKNOWN, Dim, Length, ShapeError, Value
from torch import Tensor, nn
from torch.nn.functional import pad

WIDTH = 8
BY_NAME = {entry.name: entry for entry in NETWORKS}
SIDES = {"query": "mean", "context": "steps"}
"""Children of cross_attention, in the words of `Children`."""

CASES: Mapping[str, tuple[str, Args]] = {
    "lstm": ("lstm", {"width": 5}),
    "lstm_deep": ("lstm", {"width": 3, "layers": 2, "bidirectional": True, "dropout": 0.2}),
    "lstm_max": ("lstm", {"width": 4, "bidirectional": True, "pool": "max"}),
    "lstm_steps": ("lstm", {"width": 4, "bidirectional": True, "pool": "none"}),
    "gru": ("gru", {"width": 5, "bidirectional": True}),
    "gru_mean": ("gru", {"width": 5, "layers": 2, "pool": "mean"}),
    "softmax": ("attention_pooling", {}),
    "softmax_hidden": ("attention_pooling", {"hidden_width": 5}),
    "sigmoid_hidden": ("attention_pooling", {"hidden_width": 5, "weights": "sigmoid"}),
    **{f"pool_{pool}": ("masked_pool", {"pool": pool})
       for pool in ("mean", "max", "sum", "last", "first")},
    "self_attention": ("self_attention", {"heads": 2}),
    "self_attention_bare": ("self_attention", {"residual": False, "normalization": "none"}),
    "encoder": ("transformer_encoder", {"layers": 2, "heads": 2, "width": 6}),
    "encoder_post": ("transformer_encoder", {"layers": 1, "norm_first": False, "pool": "max"}),
    "encoder_learned": ("transformer_encoder", {"layers": 1, "positions": "learned",
                                                "pool": "mean"}),
    "encoder_time": ("transformer_encoder", {"layers": 1, "positions": "time", "pool": "last"}),
    "conv1d": ("conv1d", {"channels": [4, 3], "dilation": 2}),
    "conv1d_even": ("conv1d", {"channels": [4], "kernel_size": 4, "activation": "identity",
                               "pool": "max"}),
    "conv1d_causal": ("conv1d", {"channels": [4, 4], "causal": True, "activation": "softplus",
                                 "pool": "last"}),
    "cross_attention": ("cross_attention", {"width": 6, "heads": 2, **SIDES}),
}
each_case = pytest.mark.parametrize("case", CASES)
QUICK = settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])


class Children(Scope):
    """A place whose two children give the steps as they are, and their mean."""

    label_width = 1

    def visit(self, child: str, value: Value) -> Value:
        assert isinstance(value, tuple)
        return (BATCH, value[2]) if child == "mean" else value

    def build(self, child: str, value: Value) -> nn.Module:
        return MaskedPool("mean") if child == "mean" else nn.Identity()


def filled(name: str, given_args: Args) -> tuple[NetworkType, dict[str, Any]]:
    entry = BY_NAME[name]
    defaults = {key: fragment["default"] for key, fragment in entry.properties.items()
                if "default" in fragment}
    return entry, {**defaults, **given_args}


def read(width: Dim = WIDTH, longest: int | None = 6, timed: bool = True) -> Value:
    return (BATCH, Length("history", longest, timed), width)


def built(name: str, given_args: Args, value: Value | None = None) -> Any:
    entry, args = filled(name, given_args)
    assert entry.build is not None
    torch.manual_seed(7)
    return entry.build(read() if value is None else value, args, Children()).eval()


def steps_of(lengths: Sequence[int], padding: int = 0, garbage: float = 0.0,
             seed: int = 0) -> Steps:
    """Samples with so many steps each; the same ones however much padding stands behind."""
    torch.manual_seed(seed)
    rows = [torch.randn(length, WIDTH) for length in lengths]
    ages = [torch.rand(length) * 1e6 for length in lengths]
    count = max(1, *lengths) + padding
    values, times = torch.full((len(rows), count, WIDTH), garbage), torch.full(
        (len(rows), count), garbage)
    for place, length in enumerate(lengths):
        values[place, :length], times[place, :length] = rows[place], ages[place]
    mask = torch.arange(count) < torch.tensor(lengths)[:, None]
    return Steps(values, mask, times)


def steps_there(output: Tensor | Steps, mask: Tensor) -> Tensor:
    """What a module gave, of a sequence the steps that are there."""
    if isinstance(output, Steps):
        assert output.mask.equal(mask)
        values = output.values
        assert isinstance(values, Tensor) and not values[~mask].any()
        return values[mask]
    return output


def gradients(module: nn.Module, steps: Steps) -> list[Tensor]:
    """Of every weight, for a loss to which every output counts differently."""
    weights = list(module.parameters())
    if not weights:
        return []
    module.zero_grad()
    output = steps_there(module(steps), steps.mask)
    (output * torch.linspace(1, 2, output.numel()).view_as(output)).sum().backward()
    return [weight.grad.clone() if weight.grad is not None else torch.zeros_like(weight)
            for weight in weights]


lengths_drawn = st.lists(st.integers(0, 5), min_size=1, max_size=4)


def reads_sequences(entry: NetworkType) -> bool:
    """Whether a type takes sequences whole, and so could let padding in."""
    if entry.per_step or entry.children:
        return False
    try:
        entry.shape(read(), filled(entry.name, entry.examples[-1])[1], Children())
    except ShapeError:
        return False
    return True


def test_every_type_that_reads_sequences_has_a_case() -> None:
    assert {entry.name for entry in NETWORKS if reads_sequences(entry)} <= {
        name for name, _ in CASES.values()}


@each_case
def test_padding_changes_nothing(case: str) -> None:
    # In single precision, sums in another order differ by 1e-6 with or without padding.
    module = built(*CASES[case]).double()

    @QUICK
    @given(lengths=lengths_drawn, padding=st.integers(0, 3), seed=st.integers(0, 99),
           garbage=st.sampled_from([1e3, -1e30, math.nan]))
    def holds(lengths: list[int], padding: int, seed: int, garbage: float) -> None:
        short = double(steps_of(lengths, seed=seed))
        long = double(steps_of(lengths, padding, garbage, seed))
        torch.testing.assert_close(
            steps_there(module(long), long.mask), steps_there(module(short), short.mask),
            atol=1e-9, rtol=0)
        for ours, wanted in zip(gradients(module, long), gradients(module, short), strict=True):
            torch.testing.assert_close(ours, wanted, atol=1e-9, rtol=0)

    holds()


def double(steps: Steps) -> Steps:
    assert isinstance(steps.values, Tensor)
    return steps._replace(values=steps.values.double())


@each_case
def test_a_sample_alone_is_the_sample_among_others(case: str) -> None:
    module = built(*CASES[case]).double()

    @QUICK
    @given(lengths=lengths_drawn, seed=st.integers(0, 99))
    def holds(lengths: list[int], seed: int) -> None:
        batch = double(steps_of(lengths, seed=seed))
        with torch.no_grad():
            together = module(batch)
            for row, length in enumerate(lengths):
                cut = (slice(row, row + 1), slice(max(1, length)))
                alone = module(Steps(*(part[cut] for part in batch)))
                wanted = together.values[cut] if isinstance(together, Steps) else together[cut[0]]
                given_out = alone.values if isinstance(alone, Steps) else alone
                torch.testing.assert_close(given_out, wanted, atol=1e-9, rtol=0)

    holds()


@each_case
@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
@pytest.mark.parametrize("lengths", [(0,), (0, 0, 0), (2, 0, 5), (1,)], ids=str)
def test_samples_without_steps_give_zeros_and_finite_gradients(
        case: str, lengths: tuple[int, ...]) -> None:
    module = built(*CASES[case]).train()
    steps = steps_of(lengths, padding=1, garbage=1e30)
    assert isinstance(steps.values, Tensor)
    steps.values.requires_grad_()
    # Fails where something on the way is not a number, even if a mask hides it later.
    with torch.autograd.detect_anomaly():
        output = module(steps)
        values = output.values if isinstance(output, Steps) else output
        (values * torch.randn_like(values)).sum().backward()
    assert values.isfinite().all()
    for row, length in enumerate(lengths):
        assert length or not values[row].any()
    assert all(weight.grad is None or weight.grad.isfinite().all()
               for weight in module.parameters())
    gradient = steps.values.grad
    assert gradient is not None and gradient.isfinite().all() and not gradient[~steps.mask].any()


def test_no_softmax_is_taken_over_nothing() -> None:
    mask = torch.tensor([[True, False], [False, False]])
    assert readable(mask).tolist() == [[True, False], [True, True]]


@pytest.mark.parametrize("name", ["lstm", "gru", "transformer_encoder", "conv1d"])
def test_one_step_is_its_own_last_mean_and_maximum(name: str) -> None:
    args = {"lstm": {"width": 4}, "gru": {"width": 4, "bidirectional": True},
            "transformer_encoder": {"layers": 1}, "conv1d": {"channels": [4]}}[name]
    outputs = [built(name, {**args, "pool": pool})(steps_of([1, 1]))
               for pool in ("last", "mean", "max", "none")]
    *pooled, steps = outputs
    assert steps.values.any()
    for output in pooled:
        torch.testing.assert_close(output, steps.values[:, 0])


@pytest.mark.parametrize("wanted", [{}, {"layers": 3}, {"bidirectional": True},
                                    {"layers": 2, "bidirectional": True, "pool": "none"}], ids=str)
@pytest.mark.parametrize(("name", "plain"), [("lstm", nn.LSTM), ("gru", nn.GRU)])
def test_recurrent_layers_are_those_of_torch(name: str, plain: type[nn.RNNBase],
                                             wanted: Args) -> None:
    module = built(name, {"width": 5, **wanted})
    entry, args = filled(name, {"width": 5, **wanted})
    assert {key: tuple(weight.shape) for key, weight in module.named_parameters()} == dict(
        entry.parameters(read(), args, Children()))
    alone = plain(WIDTH, 5, num_layers=args["layers"], batch_first=True,
                  bidirectional=args["bidirectional"])
    alone.load_state_dict(module.layers.state_dict())
    steps = steps_of([3, 0, 5, 1], padding=2, garbage=1e30)
    output = module(steps)
    for row in (0, 2, 3):
        assert isinstance(steps.values, Tensor)
        outputs, state = alone(steps.values[row:row + 1, :int(steps.mask[row].sum())])
        hidden = state[0] if isinstance(state, tuple) else state
        if args["pool"] == "none":
            torch.testing.assert_close(output.values[row, :outputs.shape[1]], outputs[0],
                                       atol=1e-5, rtol=0)
        else:
            directions = 1 + args["bidirectional"]
            torch.testing.assert_close(output[row], hidden[-directions:, 0].flatten(),
                                       atol=1e-5, rtol=0)


def copy_attention(plain: nn.MultiheadAttention, ours: Any) -> None:
    """The weights of an `Attention` into torch's own."""
    inputs = (ours.query, ours.key, ours.value)
    with torch.no_grad():
        if plain.in_proj_weight is None:
            assert plain.q_proj_weight is not None and plain.k_proj_weight is not None
            assert plain.v_proj_weight is not None
            for weight, linear in zip((plain.q_proj_weight, plain.k_proj_weight,
                                       plain.v_proj_weight), inputs, strict=True):
                weight.copy_(linear.weight)
        else:
            plain.in_proj_weight.copy_(torch.cat([linear.weight for linear in inputs]))
        plain.in_proj_bias.copy_(torch.cat([linear.bias for linear in inputs]))
        plain.out_proj.load_state_dict(ours.output.state_dict())


def shake(module: nn.Module) -> None:
    """Biases and norms that start at 0 and 1 would hide which is which."""
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(0.3 * torch.randn_like(weight))


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_transformer_encoder_is_that_of_torch(norm_first: bool, activation: str) -> None:
    module = built("transformer_encoder", {"layers": 2, "heads": 4, "activation": activation,
                                           "norm_first": norm_first, "positions": "none"})
    shake(module)
    layer = nn.TransformerEncoderLayer(WIDTH, 4, 4 * WIDTH, activation=activation,
                                       batch_first=True, norm_first=norm_first)
    plain = nn.TransformerEncoder(layer, 2, nn.LayerNorm(WIDTH) if norm_first else None,
                                  enable_nested_tensor=False).eval()
    for theirs, ours in zip(plain.layers, module.layers, strict=True):
        assert isinstance(theirs, nn.TransformerEncoderLayer)
        copy_attention(theirs.self_attn, ours.attention)
        for name, part in (("linear1", ours.hidden), ("linear2", ours.output),
                           ("norm1", ours.attention_norm), ("norm2", ours.output_norm)):
            getattr(theirs, name).load_state_dict(part.state_dict())
    if plain.norm is not None:
        plain.norm.load_state_dict(module.norm.state_dict())
    steps = steps_of([3, 0, 5, 1], padding=1, garbage=1e30)
    output = module(steps)
    for row in (0, 2, 3):
        length = int(steps.mask[row].sum())
        assert isinstance(steps.values, Tensor)
        torch.testing.assert_close(output.values[row, :length],
                                   plain(steps.values[row:row + 1, :length])[0],
                                   atol=1e-5, rtol=0)


def test_self_attention_is_that_of_torch() -> None:
    module = built("self_attention", {"heads": 2})
    shake(module)
    plain = nn.MultiheadAttention(WIDTH, 2, batch_first=True).eval()
    copy_attention(plain, module.attention)
    steps = steps_of([4, 2], garbage=1e30)
    for row, length in enumerate((4, 2)):
        assert isinstance(steps.values, Tensor)
        alone = steps.values[row:row + 1, :length]
        wanted = module.norm(alone + plain(alone, alone, alone)[0])
        torch.testing.assert_close(module(steps).values[row, :length], wanted[0], atol=1e-5,
                                   rtol=0)


def test_cross_attention_is_that_of_torch_and_its_parameters_its_own() -> None:
    given_args = {"width": WIDTH, "heads": 4, **SIDES}
    module = built("cross_attention", given_args)
    entry, args = filled("cross_attention", given_args)
    shake(module)
    assert entry.shape(read(), args, Children()) == (BATCH, WIDTH)
    assert {name: tuple(weight.shape) for name, weight in module.named_parameters()} == dict(
        entry.parameters(read(), args, Children()))
    plain = nn.MultiheadAttention(WIDTH, 4, kdim=WIDTH, vdim=WIDTH, batch_first=True).eval()
    copy_attention(plain, module.attention)
    steps = steps_of([4, 2, 0], garbage=1e30)
    for row, length in enumerate((4, 2)):
        assert isinstance(steps.values, Tensor)
        alone = steps.values[row:row + 1, :length]
        wanted = plain(alone.mean(1, keepdim=True), alone, alone)[0][0, 0]
        torch.testing.assert_close(module(steps)[row], wanted, atol=1e-5, rtol=0)


def test_cross_attention_points_at_the_child_that_does_not_fit() -> None:
    for sides, key in ((("steps", "steps"), "query"), (("mean", "mean"), "context")):
        entry, args = filled("cross_attention", {"width": 8, "query": sides[0],
                                                 "context": sides[1]})
        with pytest.raises(ShapeError) as refused:
            entry.shape(read(), args, Children())
        assert refused.value.key == key and refused.value.help


def test_cross_attention_is_silent_behind_a_mistake() -> None:
    class Mistaken(Children):
        def visit(self, child: str, value: Value) -> Value:
            return UNKNOWN if child == "steps" else super().visit(child, value)

    entry, args = filled("cross_attention", {"width": 8, **SIDES})
    assert entry.shape(read(), args, Mistaken()) is UNKNOWN
    assert entry.parameters(read(), args, Mistaken()) == {}


@pytest.mark.parametrize("weights", ["softmax", "sigmoid"])
@pytest.mark.parametrize("hidden_width", [None, 3])
def test_attention_pooling_is_that_of_the_paper(weights: str, hidden_width: int | None) -> None:
    module = built("attention_pooling", {"weights": weights, "hidden_width": hidden_width})
    steps = steps_of([3, 0, 1], garbage=1e30)
    output = module(steps)
    for row, length in ((0, 3), (2, 1)):
        assert isinstance(steps.values, Tensor)
        read_steps = steps.values[row, :length]
        if hidden_width is not None:
            read_steps = torch.tanh(read_steps @ module.hidden.weight.T)
        scores = read_steps @ module.score.weight[0]
        share = (scores.softmax(0) if weights == "softmax"
                 else torch.sigmoid(scores + module.score.bias))
        torch.testing.assert_close(output[row], (share[:, None] * read_steps).sum(0), atol=1e-6,
                                   rtol=0)


def test_pools_are_those_of_the_steps_that_are_there() -> None:
    steps = steps_of([3, 1], padding=1, garbage=1e30)
    assert isinstance(steps.values, Tensor)
    three = steps.values[0, :3]
    wanted = {"mean": three.mean(0), "max": three.amax(0), "sum": three.sum(0), "first": three[0],
              "last": three[2]}
    for pool, row in wanted.items():
        torch.testing.assert_close(built("masked_pool", {"pool": pool})(steps)[0], row)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(("kernel_size", "dilation"), [(1, 1), (3, 1), (3, 2), (4, 1), (5, 3)])
@pytest.mark.parametrize("causal", [False, True])
def test_conv1d_is_that_of_torch(kernel_size: int, dilation: int, causal: bool) -> None:
    module = built("conv1d", {"channels": [3, 2], "kernel_size": kernel_size, "causal": causal,
                              "dilation": dilation, "activation": "tanh"})
    steps = steps_of([5, 0, 2], padding=2, garbage=1e30)
    output = module(steps)
    reach = dilation * (kernel_size - 1)
    for row, length in ((0, 5), (2, 2)):
        assert isinstance(steps.values, Tensor)
        channels = steps.values[row, :length].T
        for layer in module.convolutions:
            plain = nn.Conv1d(layer.in_channels, layer.out_channels, kernel_size,
                              dilation=dilation, padding=0 if causal else "same")
            plain.load_state_dict(layer.state_dict())
            channels = plain(pad(channels, (reach, 0)) if causal else channels).tanh()
        torch.testing.assert_close(output.values[row, :length], channels.T, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("causal", "sees"), [(True, False), (False, True)])
def test_a_causal_convolution_sees_nothing_that_comes_later(causal: bool, sees: bool) -> None:
    module = built("conv1d", {"channels": [4, 4], "causal": causal})
    steps = steps_of([5])
    assert isinstance(steps.values, Tensor)
    before = module(steps).values[0, :4].clone()
    steps.values[0, 4] = 9.0
    assert (not before.equal(module(steps).values[0, :4])) == sees


# Positions


def test_sinusoids_are_those_of_the_paper() -> None:
    table = sinusoids(torch.tensor([0.0, 3.0]), 5)
    assert table[0].tolist() == [0.0, 1.0, 0.0, 1.0, 0.0]
    for column in range(5):
        angle = 3 / 10_000 ** (2 * (column // 2) / 5)
        wanted = math.cos(angle) if column % 2 else math.sin(angle)
        assert table[1, column].item() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(("positions", "sees"), [("none", False), ("sinusoidal", True),
                                                 ("learned", True), ("time", True)])
def test_positions_tell_the_order(positions: str, sees: bool) -> None:
    module = built("transformer_encoder", {"layers": 1, "positions": positions, "pool": "mean"})
    shake(module)
    steps = steps_of([4])
    assert isinstance(steps.values, Tensor)
    turned = steps._replace(values=steps.values.flip(1))
    assert torch.allclose(module(steps), module(turned), atol=1e-5) != sees


def test_time_positions_follow_the_logarithm_of_the_age() -> None:
    module = built("transformer_encoder", {"layers": 1, "positions": "time", "pool": "mean"})
    steps = steps_of([3])._replace(ages=torch.tensor([[3600.0, 0.0, -60.0]]))
    vectors = module.positions(steps, WIDTH)
    places = torch.tensor([math.log(3601), 0.0, -math.log(61)])
    torch.testing.assert_close(vectors[0], sinusoids(places, WIDTH))


def test_steps_beyond_the_learned_places_share_the_last() -> None:
    module = built("transformer_encoder", {"layers": 1, "positions": "learned"}, read(longest=3))
    vectors = module.positions(steps_of([5]), WIDTH)
    assert vectors.shape == (5, WIDTH) and vectors[2].equal(vectors[4])
    assert not vectors[1].equal(vectors[2])
    nothing = built("transformer_encoder", {"layers": 1, "positions": "learned"}, read(longest=0))
    assert nothing(steps_of([0])).values.shape == (1, 1, WIDTH)


def test_times_and_lengths_that_are_not_known_flow() -> None:
    entry, args = filled("transformer_encoder", {"positions": "learned", "layers": 1})
    unknown = read(None, longest=None)
    assert entry.shape(unknown, args, Children()) == unknown
    assert entry.parameters(unknown, args, Children())["positions.places.weight"] == (None, None)


# What is refused


@pytest.mark.parametrize(("name", "args", "value", "key", "says"), [
    ("lstm", {"width": 3}, (BATCH, 4), None, "sequence"),
    ("masked_pool", {}, (BATCH, 4, 4), None, "sequence"),
    ("lstm", {"width": 3, "dropout": 0.1}, read(), "dropout", "layers"),
    ("gru", {"width": 3, "dropout": 0.1}, read(), "dropout", "layers"),
    ("self_attention", {"heads": 3}, read(), "heads", "2, 4"),
    ("transformer_encoder", {"width": 10}, read(), "heads", "2, 5, 10"),
    ("transformer_encoder", {"positions": "time"}, read(timed=False), "positions", "as_of"),
    ("cross_attention", {"width": 7, **SIDES}, read(), "heads", "1, 7"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_does_not_fit_is_refused_with_help(name: str, args: Args, value: Value,
                                                key: str | None, says: str) -> None:
    entry, all_args = filled(name, args)
    with pytest.raises(ShapeError) as refused:
        entry.shape(value, all_args, Children())
    assert refused.value.key == key
    assert says in f"{refused.value.wanted} {refused.value.help}"
