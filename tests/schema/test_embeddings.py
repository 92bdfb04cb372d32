"""Ids and numbers as vectors, and the FT-Transformer, against the authors' packages.

Not checked here: shapes and parameters against the modules, which test_networks.py draws.
"""

from __future__ import annotations

from typing import Any

import pytest
import rtdl_num_embeddings
import rtdl_revisiting_models
import torch
from specc.compiler.network.trace import trace
from specc.compiler.passes.resolve import resolve
from specc.compiler.stages import Shapes, Source, Spec
from specc.schema.declaration import Args, NetworkType, Scope
from specc.schema.networks import NETWORKS
from specc.schema.networks.modules.numerical_embeddings import normal_edges
from specc.schema.networks.modules.tables import FrozenTable
from specc.schema.networks.modules.values import Features as RealFeatures
from specc.schema.networks.tables import default_width
from specc.schema.shapes import (
    BATCH,
    FIRST_VALUE,
    NULL,
    PAD,
    UNKNOWN_ID,
    Features,
    Frames,
    IdColumn,
    Length,
    ShapeError,
    Value,
)
from torch import Tensor, nn

BY_NAME = {entry.name: entry for entry in NETWORKS}
VECTORS = torch.tensor([[1.0, 2.0], [3.0, 6.0], [5.0, 1.0]])
GIVEN = IdColumn("word", FIRST_VALUE + 3, "vectors", 2)
FROZEN = IdColumn("word", FIRST_VALUE + 3, "vectors", 2, frozen=True)


class Place(Scope):
    """A place whose bundle has one frame of given vectors."""

    label_width = 1

    def vectors(self, frame: str) -> Tensor:
        assert frame == "vectors"
        return VECTORS


def filled(name: str, given: Args) -> tuple[NetworkType, dict[str, Any]]:
    entry = BY_NAME[name]
    defaults = {key: fragment["default"] for key, fragment in entry.properties.items()
                if "default" in fragment}
    return entry, {**defaults, **given}


def built(name: str, value: Value, **given: Any) -> Any:
    entry, args = filled(name, given)
    assert entry.build is not None
    return entry.build(value, args, Place())


def shape(name: str, value: Value, **given: Any) -> Value:
    entry, args = filled(name, given)
    return entry.shape(value, args, Place())


def copy(pairs: dict[nn.Parameter, Any]) -> None:
    """Sets each parameter to the reference's of the same shape."""
    with torch.no_grad():
        for own, reference in pairs.items():
            assert own.shape == reference.shape
            own.copy_(reference)


# embedding


@pytest.mark.parametrize(("size", "width"), [(3, 3), (10, 6), (100, 21), (10_000, 278),
                                             (1_000_000, 600)])
def test_default_width_is_the_rule_of_fastai(size: int, width: int) -> None:
    assert default_width(size) == width


def test_vectors_stand_behind_the_numbers() -> None:
    value = Features((BATCH, 2), (IdColumn("a", 5), IdColumn("b", 9)))
    module = built("embedding", value, width=4)
    numbers, ids = torch.randn(3, 2), torch.tensor([[1, 8], [4, 3], [0, 0]])
    output = module(RealFeatures(numbers, ids))
    wanted = [numbers, module.tables[0].weight[ids[:, 0]], module.tables[1].weight[ids[:, 1]]]
    torch.testing.assert_close(output, torch.cat(wanted, 1))
    assert shape("embedding", value, width=4) == (BATCH, 10)
    assert shape("embedding", value) == (BATCH, 2 + 4 + 5)
    tokens = built("embedding", value, width=4, tokens=True)(RealFeatures(numbers[:, :0], ids))
    assert tokens.shape == (3, 2, 4)


def test_steps_are_embedded_one_by_one() -> None:
    steps = Length("visits", 4)
    value = Features((BATCH, steps, 2), (IdColumn("a", 5),))
    assert shape("embedding", value, width=3) == (BATCH, steps, 5)
    module = built("embedding", value, width=3)
    numbers, ids = torch.randn(2, 4, 2), torch.randint(0, 5, (2, 4, 1))
    output = module(RealFeatures(numbers, ids))
    torch.testing.assert_close(output[1, 2], module(RealFeatures(numbers[1, 2], ids[1, 2])))


@pytest.mark.parametrize("column", [IdColumn("a", 6), GIVEN, FROZEN])
def test_padding_is_zero_and_stays_zero(column: IdColumn) -> None:
    module = built("embedding", Features((BATCH, 0), (column,)))
    width = column.width or default_width(6)
    ids = torch.tensor([[PAD], [4]])
    output = module(RealFeatures(torch.zeros(2, 0), ids))
    assert (output[0] == 0).all() and (output[1] != 0).any() and output.shape == (2, width)
    if not column.frozen:
        output.sum().backward()
        table = module.tables[0].weight
        assert (table.grad[PAD] == 0).all() and (table.grad[4] == 1).all()


def test_a_new_table_starts_within_its_bounds() -> None:
    weight = built("embedding", Features((BATCH, 0), (IdColumn("a", 2_000),)),
                   width=16).tables[0].weight[1:]
    assert 0.24 < weight.abs().max() <= 0.25
    assert abs(weight.mean()) < 0.01


@pytest.mark.parametrize("column", [GIVEN, FROZEN])
def test_given_vectors_fill_the_table(column: IdColumn) -> None:
    weight = built("embedding", Features((BATCH, 0), (column,)), width=7).tables[0].weight
    torch.testing.assert_close(weight[FIRST_VALUE:].detach(), VECTORS)
    for row in (NULL, UNKNOWN_ID):
        torch.testing.assert_close(weight[row].detach(), VECTORS.mean(0))


def test_t7_frozen_vectors_are_no_parameters_and_the_plan_shows_it() -> None:
    value = Features((BATCH, 1), (FROZEN, IdColumn("a", 5)))
    module = built("embedding", value, width=3)
    assert isinstance(module.tables[0], FrozenTable) and not module.tables[0].weight.requires_grad
    assert [name for name, _ in module.named_parameters()] == ["tables.1.weight"]
    assert "tables.0.weight" in module.state_dict(), "and saved all the same"
    entry, args = filled("embedding", {"width": 3})
    assert entry.parameters(value, args, Place()) == {"tables.1.weight": (5, 3)}
    frozen = Features((BATCH, 1), (FROZEN,))
    node = traced({"type": "embedding"}, frozen).nodes[-1]
    assert node.output == (BATCH, 3) and node.parameters == {}


def traced(network: dict[str, Any], value: Any) -> Shapes:
    """A network that reads one frame."""
    plain = {"type": "plain"}
    spec = {"specc": 1, "extractors": {"label": plain, "a": plain}, "loss":
            {"type": "torch.nn:MSELoss"}, "network": {**network, "input_frames": ["a"]}}
    graph = resolve(Spec(Source("spec", ""), spec)).stage
    assert graph is not None
    shapes, found = trace(graph.network, {"a": value}, 1)
    assert found == ()
    return shapes


@pytest.mark.parametrize(("value", "given", "key"), [
    ((BATCH, 3), {}, None),
    (Features((BATCH, 2), (IdColumn("a", 5),)), {"tokens": True}, "tokens"),
    (Features((BATCH, 0), (IdColumn("a", 5), IdColumn("b", 500))), {"tokens": True}, "width"),
    (Features((BATCH, 0), (IdColumn("a", 5), GIVEN)), {"tokens": True, "width": 3}, "width"),
    (Frames({"a": (BATCH, 3)}), {}, None),
])
def test_what_no_table_can_read_is_refused_with_advice(value: Value, given: Args,
                                                       key: str | None) -> None:
    with pytest.raises(ShapeError) as refused:
        shape("embedding", value, **given)
    assert refused.value.help is not None and refused.value.key == key


# Numerical embeddings


@pytest.mark.parametrize("activation", ["identity", "relu"])
def test_linear_embeddings_are_those_of_the_package(activation: str) -> None:
    reference: Any = rtdl_num_embeddings.LinearReLUEmbeddings(3, 5)
    linear = reference.linear
    if activation == "identity":
        reference = linear
    own = built("linear_embeddings", (BATCH, 3), width=5, activation=activation, tokens=True)
    copy({own.embedding.weight: linear.weight, own.embedding.bias: linear.bias})
    x = torch.randn(7, 3)
    torch.testing.assert_close(own(x), reference(x))


@pytest.mark.parametrize("lite", [False, True])
@pytest.mark.parametrize("activation", ["identity", "relu"])
def test_periodic_embeddings_are_those_of_the_package(lite: bool, activation: str) -> None:
    if lite and activation == "identity":
        pytest.skip("the package refuses it")
    reference = rtdl_num_embeddings.PeriodicEmbeddings(
        3, frequency_init_scale=0.5, lite=lite, activation=activation == "relu")
    own = built("periodic_embeddings", (BATCH, 3), lite=lite, activation=activation, tokens=True,
                frequency_init_scale=0.5)
    copy({own.embedding.frequencies: reference.periodic.weight,
          own.embedding.linear.weight: reference.linear.weight,
          own.embedding.linear.bias: reference.linear.bias})
    x = torch.randn(7, 3)
    torch.testing.assert_close(own(x), reference(x), rtol=1e-5, atol=1e-5)


def test_frequencies_start_small() -> None:
    weight = built("periodic_embeddings", (BATCH, 200)).embedding.frequencies
    assert 0.009 < weight.std() < 0.011 and weight.abs().max() <= 0.03


@pytest.mark.parametrize("version", ["A", "B"])
@pytest.mark.parametrize("activation", ["identity", "relu"])
@pytest.mark.parametrize("bins", [2, 48])
def test_piecewise_linear_embeddings_are_those_of_the_package(version: Any, activation: str,
                                                              bins: int) -> None:
    edges = normal_edges(bins)
    reference: Any = rtdl_num_embeddings.PiecewiseLinearEmbeddings(
        [edges] * 3, 6, activation=activation == "relu", version=version)
    own = built("piecewise_linear_embeddings", (BATCH, 3), width=6, bins=bins, version=version,
                activation=activation, tokens=True)
    nn.init.normal_(reference.linear.weight)
    copy({own.embedding.linear.weight: reference.linear.weight})
    if version == "A":
        copy({own.embedding.linear.bias: reference.linear.bias})
    else:
        copy({own.embedding.straight.weight: reference.linear0.weight,
              own.embedding.straight.bias: reference.linear0.bias})
    x = 3 * torch.randn(50, 3)
    torch.testing.assert_close(own(x), reference(x), rtol=1e-5, atol=1e-5)


def test_bins_are_equally_likely_under_the_standard_normal() -> None:
    edges = normal_edges(48)
    assert len(edges) == 49 and (edges.diff() > 0).all()
    torch.testing.assert_close(edges, -edges.flip(0))
    shares = torch.special.ndtr(edges).diff()
    torch.testing.assert_close(shares, torch.full((48,), 1 / 49))


@pytest.mark.parametrize("name", ["linear_embeddings", "periodic_embeddings",
                                  "piecewise_linear_embeddings"])
def test_vectors_stand_side_by_side_unless_they_are_tokens(name: str) -> None:
    assert shape(name, (BATCH, 3), width=4) == (BATCH, 12)
    assert shape(name, (BATCH, 3), width=4, tokens=True) == (BATCH, 3, 4)
    flat = built(name, (BATCH, 3), width=4)
    tokens = built(name, (BATCH, 3), width=4, tokens=True)
    tokens.load_state_dict(flat.state_dict())
    x = torch.randn(5, 3)
    torch.testing.assert_close(flat(x), tokens(x).reshape(5, 12))


# ft_transformer


def reference_and_own(value: Value, reference: Any, **given: Any) -> Any:
    """The own module with the weights of the reference."""
    own = built("ft_transformer", value, **given)
    pairs = {own.start: reference.cls_embedding.weight,
             own.norm.weight: reference.backbone.output.normalization.weight,
             own.norm.bias: reference.backbone.output.normalization.bias}
    if reference.cont_embeddings is not None:
        pairs |= {own.tokens.numbers.weight: reference.cont_embeddings.weight,
                  own.tokens.numbers.bias: reference.cont_embeddings.bias}
    if reference.cat_embeddings is not None:
        pairs[own.tokens.id_bias] = reference.cat_embeddings.bias
        for table, given_table in zip(own.tokens.tables, reference.cat_embeddings.embeddings,
                                      strict=True):
            pairs[table.weight] = given_table.weight
    for layer, block in zip(own.layers, reference.backbone.blocks, strict=True):
        parts = {layer.query: block["attention"].W_q, layer.key: block["attention"].W_k,
                 layer.value: block["attention"].W_v,
                 layer.feed_forward_norm: block["ffn_normalization"],
                 layer.widen: block["ffn"].linear1, layer.narrow: block["ffn"].linear2}
        if "attention_normalization" in block:
            parts[layer.attention_norm] = block["attention_normalization"]
        if block["attention"].W_out is not None:
            parts[layer.output] = block["attention"].W_out
        for part, block_part in parts.items():
            pairs |= {part.weight: block_part.weight, part.bias: block_part.bias}
    assert len(pairs) == len(list(own.parameters())) - (
        2 if reference.cont_embeddings is None else 0)
    copy(pairs)
    return own


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize(("numbers", "sizes"), [(4, []), (3, [5, 9]), (0, [7])])
def test_ft_transformer_is_that_of_the_package(layers: int, numbers: int,
                                               sizes: list[int]) -> None:
    torch.manual_seed(layers)
    defaults = rtdl_revisiting_models.FTTransformer.get_default_kwargs(3)
    reference: Any = rtdl_revisiting_models.FTTransformer(
        n_cont_features=numbers, cat_cardinalities=sizes, d_out=1,
        **{**defaults, "n_blocks": layers}).eval()
    for parameter in reference.parameters():
        nn.init.normal_(parameter, std=0.2)
    for norm in [part for part in reference.modules() if isinstance(part, nn.LayerNorm)]:
        nn.init.normal_(norm.weight, 1.0, 0.2)
    columns = tuple(IdColumn(str(index), size) for index, size in enumerate(sizes))
    value: Value = Features((BATCH, numbers), columns) if columns else (BATCH, numbers)
    own = reference_and_own(value, reference, layers=layers).eval()
    x = torch.randn(6, numbers)
    ids = torch.stack([torch.randint(0, size, (6,)) for size in sizes], 1) if sizes else None
    wanted = reference.backbone.output.linear
    output = wanted(own(x if ids is None else RealFeatures(x, ids)))
    torch.testing.assert_close(output, reference(x if numbers else None, ids),
                               rtol=1e-5, atol=1e-5)
    assert output.std() > 0.01


def test_ft_transformer_has_the_defaults_of_the_package() -> None:
    wanted = rtdl_revisiting_models.FTTransformer.get_default_kwargs()
    args = filled("ft_transformer", {})[1]
    module = built("ft_transformer", (BATCH, 2))
    assert (args["layers"], args["width"], args["heads"], args["attention_dropout"],
            args["dropout"], args["residual_dropout"]) == (
        wanted["n_blocks"], wanted["d_block"], wanted["attention_n_heads"],
        wanted["attention_dropout"], wanted["ffn_dropout"], wanted["residual_dropout"])
    assert module.layers[0].narrow.in_features == int(192 * wanted["ffn_d_hidden_multiplier"])


def test_ft_transformer_reads_tokens_as_they_are() -> None:
    value = (BATCH, 3, 8)
    assert shape("ft_transformer", value, width=8) == (BATCH, 8)
    module = built("ft_transformer", value, width=8).eval()
    assert not list(module.tokens.parameters())
    tokens = torch.randn(4, 3, 8)
    torch.testing.assert_close(module(tokens), module(tokens[:, [2, 0, 1]]))


def test_ft_transformer_takes_given_vectors_of_its_width() -> None:
    value = Features((BATCH, 1), (FROZEN,))
    module = built("ft_transformer", value, width=2, heads=1)
    assert isinstance(module.tokens.tables[0], FrozenTable)
    assert "tokens.tables.0.weight" not in dict(module.named_parameters())


@pytest.mark.parametrize(("value", "given", "key"), [
    ((BATCH, 3), {"width": 12}, "heads"),
    ((BATCH, 3, 16), {"width": 8}, "width"),
    ((BATCH, Length("visits"), 8), {}, None),
    (Features((BATCH, Length("visits"), 8), (IdColumn("a", 5),)), {}, None),
    (Features((BATCH, 1), (GIVEN,)), {}, "width"),
])
def test_what_ft_transformer_cannot_read_is_refused(value: Value, given: Args,
                                                    key: str | None) -> None:
    with pytest.raises(ShapeError) as refused:
        shape("ft_transformer", value, **given)
    assert refused.value.key == key and (refused.value.help or refused.value.value)
