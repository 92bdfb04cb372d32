"""What dense networks compute: against the papers' own packages, and formulas by hand.

Not checked here: shapes, parameters and ranges, which test_networks.py holds against every
module.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
import rtdl_revisiting_models
import tabm
import torch
from specc.schema.declaration import Args, NetworkType, Scope
from specc.schema.networks.cross import CROSS
from specc.schema.networks.factorization_machine import FACTORIZATION_MACHINE
from specc.schema.networks.fully_connected import FULLY_CONNECTED
from specc.schema.networks.highway import HIGHWAY
from specc.schema.networks.resnet import RESNET
from specc.schema.networks.tabm import TABM
from specc.schema.networks.torch_layers import TORCH_LAYERS
from specc.schema.networks.two_tower import TWO_TOWER
from specc.schema.shapes import BATCH, UNKNOWN, Length, Members, Shape, ShapeError, Value
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 5
CLOSE = {"atol": 1e-5, "rtol": 1e-5}
pytestmark = pytest.mark.filterwarnings("ignore")


class Place(Scope):
    """A place whose children are modules, each with the shape that it gives."""

    def __init__(self, label_width: int = 2,
                 children: Mapping[str, tuple[nn.Module, Value]] | None = None) -> None:
        self.label_width = label_width
        self.children = children or {}

    def visit(self, child: Any, value: Value) -> Value:
        return self.children[child][1]

    def build(self, child: Any, value: Value) -> nn.Module:
        return self.children[child][0]


def filled(entry: NetworkType, **given: Any) -> Args:
    return {**{name: fragment["default"] for name, fragment in entry.properties.items()
               if "default" in fragment}, **given}


def built(entry: NetworkType, shape: Shape = (BATCH, WIDTH), place: Scope | None = None,
          **given: Any) -> Any:
    assert entry.build is not None
    torch.manual_seed(1)
    return entry.build(shape, filled(entry, **given), place or Place())


def state(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach() for name, tensor in module.state_dict().items()}


def renamed(names: Mapping[str, str], tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the names of another module; a name may be the start of several."""
    found = {}
    for name, tensor in tensors.items():
        old = max((old for old in names if name.startswith(old)), key=len)
        found[names[old] + name.removeprefix(old)] = tensor
    return found


# fully_connected


@pytest.mark.parametrize("normalization", ["none", "batch_norm", "layer_norm", "rms_norm"])
def test_residual_layers_add_their_input_projected_where_widths_differ(normalization: str) -> None:
    network = built(FULLY_CONNECTED, sizes=[WIDTH, WIDTH, 3, 1], residual=True,
                    normalization=normalization, activation="tanh").eval()
    weights = state(network)
    hidden = batch = torch.randn(6, WIDTH)
    for index in range(3):
        inner = f"block_{index}.inner."
        mapped = functional.linear(hidden, weights[f"{inner}linear.weight"],
                                   weights[f"{inner}linear.bias"])
        if normalization != "none":
            mapped = network[index].inner.normalization(mapped)
        # The second block keeps the width; the first reads features, perhaps as codes.
        assert (f"block_{index}.shortcut.weight" in weights) == (index != 1)
        added = hidden if index == 1 else hidden @ weights[f"block_{index}.shortcut.weight"].t()
        hidden = mapped.tanh() + added
    wanted = functional.linear(hidden, weights["linear_3.weight"], weights["linear_3.bias"])
    torch.testing.assert_close(network(batch), wanted)


def test_root_mean_square_normalization_has_that_root_one_and_keeps_the_sign() -> None:
    norm = built(FULLY_CONNECTED, sizes=[8, 1], normalization="rms_norm")[1]
    batch = 100 * torch.randn(4, 8) + 50
    assert isinstance(norm, nn.RMSNorm)
    torch.testing.assert_close(norm(batch).square().mean(-1), torch.ones(4))
    torch.testing.assert_close(norm(batch).sign(), batch.sign())


# highway


def test_highway_mixes_its_input_with_what_it_makes_of_it() -> None:
    network = built(HIGHWAY, layers=2, activation="tanh", gate_bias=-0.5)
    x = wanted = torch.randn(4, WIDTH)
    for layer in network:
        assert (layer.gate.bias == -0.5).all()
        gate = torch.sigmoid(layer.gate(wanted))
        wanted = torch.tanh(layer.transform(wanted)) * gate + wanted * (1 - gate)
    torch.testing.assert_close(network(x), wanted, **CLOSE)


# resnet


def resnet_pair(**given: Any) -> tuple[nn.Module, nn.Module]:
    """Ours with a linear layer behind it, and the paper's with the same weights."""
    args = filled(RESNET, **given)
    ours = nn.Sequential(built(RESNET, **given), nn.Linear(args["width"], 2))
    reference = rtdl_revisiting_models.ResNet(
        d_in=WIDTH, d_out=2, n_blocks=args["layers"], d_block=args["width"],
        d_hidden_multiplier=args["hidden_factor"], dropout1=args["hidden_dropout"],
        dropout2=args["residual_dropout"])
    names = {"0.linear.": "input_projection.", "0.normalization.": "output.normalization.",
             "1.": "output.linear."}
    for index in range(args["layers"]):
        for our, their in (("normalization", "normalization"), ("linear_in", "linear1"),
                           ("linear_out", "linear2")):
            names[f"0.block_{index}.inner.{our}."] = f"blocks.{index}.{their}."
    reference.load_state_dict(renamed(names, state(ours)))
    return ours, reference


@pytest.mark.parametrize("given", [
    {}, {"layers": 1, "width": 4, "hidden_factor": 1.7},
    {"layers": 4, "width": 6, "hidden_factor": 0.5, "residual_dropout": 0.2}], ids=str)
def test_resnet_is_that_of_the_paper(given: dict[str, Any]) -> None:
    ours, reference = resnet_pair(**given)
    for _ in range(3):  # running means move, dropout draws alike
        batch = torch.randn(8, WIDTH)
        torch.manual_seed(2)
        wanted = reference(batch)
        torch.manual_seed(2)
        torch.testing.assert_close(ours(batch), wanted, **CLOSE)
    batch = torch.randn(8, WIDTH)
    torch.testing.assert_close(ours.eval()(batch), reference.eval()(batch), **CLOSE)


def test_layer_norm_lets_a_resnet_train_on_one_row_and_read_more_axes() -> None:
    args = filled(RESNET, normalization="layer_norm", width=4)
    assert not RESNET.needs_several_rows(args) and RESNET.needs_several_rows(filled(RESNET))
    assert RESNET.shape((BATCH, 3, WIDTH), args, Place()) == (BATCH, 3, 4)
    with pytest.raises(ShapeError, match="batch_norm"):
        RESNET.shape((BATCH, 3, WIDTH), filled(RESNET), Place())


# cross


@pytest.mark.parametrize("rank", [None, 1, 3])
def test_each_cross_layer_multiplies_with_the_features(rank: int | None) -> None:
    network = built(CROSS, layers=3, rank=rank).double()
    first = torch.randn(6, WIDTH, dtype=torch.float64)
    crossed = first
    for layer in network.layers:
        matrix = layer.weight if rank is None else layer.widen.weight @ layer.narrow.weight
        bias = layer.bias if rank is None else layer.widen.bias
        assert torch.linalg.matrix_rank(matrix) == (WIDTH if rank is None else rank)
        nn.init.normal_(bias)
        crossed = first * (crossed @ matrix.t() + bias) + crossed
    torch.testing.assert_close(network(first), crossed)


def test_cross_starts_as_in_the_paper() -> None:
    layer = built(CROSS, shape=(BATCH, 400), layers=1).layers[0]
    assert not layer.bias.any()
    assert layer.weight.std().item() == pytest.approx((2 / 400) ** 0.5, rel=0.02)


@pytest.mark.parametrize("rank", [WIDTH, WIDTH + 1])
def test_rank_that_saves_nothing_is_refused_at_its_key(rank: int) -> None:
    with pytest.raises(ShapeError, match="a rank below 5") as refused:
        CROSS.shape((BATCH, WIDTH), filled(CROSS, rank=rank), Place())
    assert refused.value.key == "rank"
    assert CROSS.shape((BATCH, None), filled(CROSS, rank=rank), Place()) == (BATCH, None)


# factorization_machine


def test_factorization_machine_sums_all_pairs() -> None:
    network = built(FACTORIZATION_MACHINE, factors=3).double()
    nn.init.normal_(network.linear.weight)
    nn.init.normal_(network.linear.bias)
    batch = torch.randn(4, WIDTH, dtype=torch.float64)
    weights, vectors = network.linear.weight[0], network.vectors
    for row, score in zip(batch, network(batch), strict=True):
        wanted = network.linear.bias[0] + (weights * row).sum()
        for i, j in itertools.combinations(range(WIDTH), 2):
            wanted = wanted + vectors[i] @ vectors[j] * row[i] * row[j]
        torch.testing.assert_close(score, wanted.unsqueeze(0))


# two_tower

HALVES = {"left": (nn.Identity(), (BATCH, WIDTH)), "right": (nn.Tanh(), (BATCH, WIDTH))}


def towers(**given: Any) -> Any:
    return built(TWO_TOWER, place=Place(children=HALVES), left="left", right="right", **given)


def test_similarity_of_two_towers() -> None:
    batch = torch.randn(4, WIDTH)
    dots = (batch * batch.tanh()).sum(1)
    torch.testing.assert_close(towers()(batch), dots[:, None])
    cosines = dots / batch.norm(dim=1) / batch.tanh().norm(dim=1)
    torch.testing.assert_close(towers(similarity="cosine")(batch), cosines[:, None])
    scaled = towers(similarity="cosine", scale=True)
    torch.testing.assert_close(scaled(batch), cosines[:, None] / 0.07)
    nn.init.constant_(scaled.log_scale, 0.5)
    torch.testing.assert_close(scaled(batch), cosines[:, None] * torch.tensor(0.5).exp())
    assert towers(scale=True)(batch).equal(towers()(batch))


def test_cosine_of_nothing_is_zero_and_has_a_gradient() -> None:
    batch = torch.zeros(2, WIDTH, requires_grad=True)
    alike = towers(similarity="cosine")(batch)
    alike.sum().backward()
    assert not alike.any() and batch.grad is not None and batch.grad.isfinite().all()


@pytest.mark.parametrize(("right", "key", "message"), [
    ((BATCH, 3), None, "two outputs of one width"),
    ((BATCH, Length("history"), WIDTH), "right", "a tensor"),
    ((BATCH, Members(3), WIDTH), "right", "one output a sample"),
])
def test_towers_end_alike(right: Value, key: str | None, message: str) -> None:
    place = Place(children={"left": HALVES["left"], "right": (nn.Identity(), right)})
    with pytest.raises(ShapeError, match=message) as refused:
        TWO_TOWER.shape((BATCH, WIDTH), filled(TWO_TOWER, left="left", right="right"), place)
    assert refused.value.key == key and refused.value.help


def test_tower_with_a_mistake_is_not_judged_again() -> None:
    place = Place(children={"left": HALVES["left"], "right": (nn.Identity(), UNKNOWN)})
    args = filled(TWO_TOWER, left="left", right="right")
    assert TWO_TOWER.shape((BATCH, WIDTH), args, place) is UNKNOWN


# tabm


def tabm_pair(**given: Any) -> tuple[nn.Module, nn.Module]:
    """Ours, and the authors' with the same weights."""
    args = filled(TABM, **given)
    ours = built(TABM, **given)
    reference = tabm.TabM(
        n_num_features=WIDTH, d_out=2, k=args["members"], n_blocks=args["layers"],
        d_block=args["width"], dropout=args["dropout"],
        arch_type=args["architecture"].replace("_", "-"), start_scaling_init="random-signs")
    names = {"head.": "output.", "body.scaling.": "backbone.affine."}
    for index in range(args["layers"]):
        block, ours_is = f"backbone.blocks.{index}.0.", f"body.linear_{index}."
        names |= {ours_is: block, f"{ours_is}scale_in": f"{block}r",
                  f"{ours_is}scale_out": f"{block}s"}
    reference.load_state_dict(renamed(names, state(ours)))
    return ours, reference


@pytest.mark.parametrize("given", [
    {}, {"architecture": "tabm_mini"}, {"members": 1, "layers": 1, "width": 3, "dropout": 0.0},
    {"members": 5, "layers": 4, "width": 7, "dropout": 0.4, "architecture": "tabm_mini"},
], ids=str)
def test_tabm_is_that_of_the_paper(given: dict[str, Any]) -> None:
    ours, reference = tabm_pair(**given)
    batch = torch.randn(6, WIDTH)
    for training in (True, False):
        torch.manual_seed(2)
        wanted = reference.train(training)(batch)
        torch.manual_seed(2)
        torch.testing.assert_close(ours.train(training)(batch), wanted, **CLOSE)


@pytest.mark.parametrize("architecture", ["tabm", "tabm_mini"])
def test_members_start_with_common_weights_signs_and_heads_of_their_own(architecture: str) -> None:
    weights = state(built(TABM, members=16, layers=2, width=50, architecture=architecture))
    first = weights["body.scaling.weight" if architecture == "tabm_mini"
                    else "body.linear_0.scale_in"]
    assert set(first.unique().tolist()) == {-1.0, 1.0}
    if architecture == "tabm":
        for name in ("linear_0.scale_out", "linear_1.scale_in", "linear_1.scale_out"):
            assert (weights[f"body.{name}"] == 1).all()
        for index in range(2):
            bias = weights[f"body.linear_{index}.bias"]
            assert (bias == bias[0]).all() and bias.any()
    bound = 50 ** -0.5
    for name in ("body.linear_1.weight", "head.weight", "head.bias"):
        assert weights[name].abs().max() <= bound and weights[name].std() > bound / 3
    assert len(weights["head.weight"].unique(dim=0)) == 16


ENSEMBLE = (BATCH, Members(4), 3)


@pytest.mark.parametrize("name", ["ReLU", "Sigmoid", "Softmax", "LogSoftmax", "Identity"])
def test_activations_are_applied_by_member(name: str) -> None:
    entry = next(entry for entry in TORCH_LAYERS if entry.name == f"torch.nn:{name}")
    assert entry.shape(ENSEMBLE, filled(entry), Place()) == ENSEMBLE
    outputs = torch.randn(5, 4, 3)
    module = built(entry, shape=ENSEMBLE)
    alone = built(entry, shape=(BATCH, 3))
    for member in range(4):
        torch.testing.assert_close(module(outputs)[:, member], alone(outputs[:, member]))


@pytest.mark.parametrize("name", ["Linear", "Dropout", "LayerNorm", "BatchNorm1d", "Flatten"])
def test_nothing_else_follows_an_ensemble(name: str) -> None:
    entry = next(entry for entry in TORCH_LAYERS if entry.name == f"torch.nn:{name}")
    with pytest.raises(ShapeError, match="one output a sample") as refused:
        entry.shape(ENSEMBLE, filled(entry, out_features=2), Place())
    assert "only activations may follow" in (refused.value.help or "")


def test_members_are_no_classes() -> None:
    entry = next(entry for entry in TORCH_LAYERS if entry.name == "torch.nn:Softmax")
    with pytest.raises(ShapeError, match="an axis other than the members") as refused:
        entry.shape(ENSEMBLE, filled(entry, dim=1), Place())
    assert (refused.value.key, refused.value.value) == ("dim", -1)
