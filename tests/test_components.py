import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.components import components


def reference(nodes, edges):
    """Labels by plain breadth-first search."""
    beside = {n: set() for n in range(nodes)}
    for a, b in edges:
        beside[a].add(b)
        beside[b].add(a)
    label = {}
    for start in range(nodes):
        queue = [] if start in label else [start]
        while queue:
            node = queue.pop()
            if node not in label:
                label[node] = start
                queue += beside[node]
    return [label[n] for n in range(nodes)]


graphs = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40)
    )
)


@given(graphs)
def test_labels_are_the_least_connected_node(graph):
    nodes, edges = graph
    assert components(nodes, np.array(edges, dtype=np.int64).reshape(-1, 2)).tolist() == reference(
        nodes, edges
    )


@given(graphs, st.randoms())
def test_the_order_of_edges_does_not_matter(graph, random):
    nodes, edges = graph
    shuffled = [tuple(random.sample(edge, 2)) for edge in random.sample(edges, len(edges))]
    one, other = (components(nodes, np.array(e, dtype=np.int64).reshape(-1, 2)) for e in (edges, shuffled))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("length", [2, 1000, 200_000])
def test_a_long_chain_is_one_component(length):
    chain = np.stack([np.arange(length - 1), np.arange(1, length)], axis=1)
    assert (components(length, chain[::-1]) == 0).all()
