"""The vector index agrees with brute force, and opens nothing but what was published."""

import subprocess
import sys
from dataclasses import dataclass

import msgspec
import numpy as np
import pytest

from indexes import cells, exact, vectors
from indexes import manifest as manifests
from indexes.errors import IndexDamaged, NoVectors, SettingsMismatch
from indexes.vectors import NOTHING, VectorIndex, write_vectors
from indexes.workspace import Workspace


@dataclass(frozen=True)
class FakeEncoder:
    """Names a model without having one."""

    dimensions: int = 32
    name: str = "fake"
    sha256: str = "f" * 64

    def encode(self, texts):
        raise NotImplementedError


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def clustered(seed, count, dimensions, clusters, spread):
    """Return `count` unit vectors around random centres."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.standard_normal((clusters, dimensions)))
    noise = spread * rng.standard_normal((count, dimensions)) / np.sqrt(dimensions)
    return unit(centres[rng.integers(0, clusters, count)] + noise)


def hashes_for(count, seed=0):
    """Return distinct hashes in no order, so that a row is never mistaken for its hash."""
    return np.random.default_rng(seed).permutation(np.arange(count, dtype=np.uint64) * 977 + 2**63)


def publish(root, *sets, encoder=None):
    """Publish (vectors, hashes) pairs, each as a set of its own."""
    workspace = Workspace.open_or_create(root)
    with workspace.writing() as writer:
        for rows, hashes in sets:
            encoder = encoder or FakeEncoder(rows.shape[1])
            writer.add_vectors(write_vectors(writer.new_folder("vectors"), rows, hashes, encoder))
        return writer.commit()


def stored(rows):
    """Return what a search compares: vectors as they are kept, of length 1 again."""
    return cells.unit(cells.quantised(rows))


@pytest.fixture
def small_cells(monkeypatch):
    """Cells from 100 rows on."""
    monkeypatch.setattr(vectors, "FLAT_ROWS", 100)


def test_importing_the_module_does_not_import_faiss():
    code = "import sys, indexes.vectors; print('faiss' in sys.modules, 'torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False False\n"


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_small_set_agrees_with_brute_force(tmp_path, dtype):
    rows, hashes = clustered(1, 2000, 48, 50, 0.5).astype(dtype), hashes_for(2000)
    queries = clustered(2, 50, 48, 50, 0.5)
    workspace = publish(tmp_path / "index", (rows, hashes))
    found, cosines = VectorIndex.open(workspace, FakeEncoder(48)).search(queries, 10)
    kept = stored(rows.astype(np.float32))
    expected = exact.nearest(kept, queries, 10)
    np.testing.assert_array_equal(found, hashes[expected])
    scores = np.take_along_axis(queries @ kept.T, expected, axis=1)
    np.testing.assert_allclose(cosines, scores, atol=1e-5)
    np.testing.assert_allclose(np.einsum("nd,nd->n", rows, kept), 1, atol=1e-3)
    assert not (tmp_path / "index" / "vectors" / workspace.manifest.vectors[0].name / "cells.npy").exists()


@pytest.mark.parametrize("spread", [0.1, 0.5])
def test_a_large_set_has_a_recall_of_95_percent(tmp_path, spread):
    rows, hashes = clustered(3, 30_000, 384, 600, spread), hashes_for(30_000)
    rng = np.random.default_rng(4)
    noise = spread / 2 * rng.standard_normal((200, 384)) / np.sqrt(384)
    queries = unit(rows[rng.integers(0, len(rows), 200)] + noise)
    workspace = publish(tmp_path / "index", (rows, hashes))
    name = workspace.manifest.vectors[0].name
    assert f"vectors/{name}/cells.npy" in {file.path for file in workspace.manifest.files}
    found, cosines = VectorIndex.open(workspace, FakeEncoder(384)).search(queries, 10)
    expected = exact.nearest(stored(rows), queries, 10)
    recall = np.mean([len(set(a) & set(b)) for a, b in zip(found, hashes[expected], strict=True)]) / 10
    assert recall >= 0.95
    best = np.take_along_axis(queries @ rows.T, expected, axis=1)
    assert np.abs(cosines - best).max() < 0.01  # what is missed is hardly better than what is found


def test_cells_give_exact_cosines(tmp_path, small_cells):
    rows, hashes = stored(clustered(5, 500, 32, 500, 0.1)), hashes_for(500)
    workspace = publish(tmp_path / "index", (rows, hashes))
    found, cosines = VectorIndex.open(workspace, FakeEncoder()).search(rows[:20], 5)
    place = {int(value): row for row, value in enumerate(hashes)}
    for row in range(20):
        mine = stored(rows)[[place[int(value)] for value in found[row]]] @ rows[row]
        np.testing.assert_allclose(cosines[row], mine, atol=1e-5)
    np.testing.assert_array_equal(found[:, 0], hashes[:20])


def test_all_cells_together_are_brute_force(tmp_path, small_cells):
    rows, hashes = clustered(5, 1000, 32, 100, 0.5), hashes_for(1000)
    index = VectorIndex.open(publish(tmp_path / "index", (rows, hashes)), FakeEncoder())
    queries = clustered(7, 50, 32, 100, 0.5)
    expected = exact.nearest(stored(rows), queries, 10)
    np.testing.assert_array_equal(index.search(queries, 10, probed=1000)[0], hashes[expected])
    few = index.search(queries, 10, probed=4)[0]
    assert np.mean(few == hashes[expected]) < 1


def test_sets_become_one_and_lose_prompts(tmp_path, small_cells):
    rows, hashes = clustered(6, 400, 32, 20, 0.5), hashes_for(400)
    root, encoder = tmp_path / "index", FakeEncoder()
    workspace = publish(root, (rows[:300], hashes[:300]), (rows[250:], hashes[250:]))
    with workspace.writing() as writer:
        old = workspace.manifest.vectors
        new = vectors.merged(workspace, old, writer.new_folder("vectors"))
        writer.replace_vectors(old[0], new)
        writer.replace_vectors(old[1], None)
        workspace = writer.commit()
    index = VectorIndex.open(workspace, encoder)
    assert (len(index.sets), len(index)) == (1, 400)
    expected = exact.nearest(stored(rows), rows[:50], 5)
    np.testing.assert_array_equal(index.search(rows[:50], 5, probed=400)[0], hashes[expected])
    with workspace.writing() as writer:
        left = vectors.without(workspace, new, hashes[:350], writer.new_folder("vectors"))
        writer.replace_vectors(new, left)
        workspace = writer.commit()
    index = VectorIndex.open(workspace, encoder)
    assert len(index) == 50
    expected = exact.nearest(stored(rows[350:]), rows[350:], 5)
    np.testing.assert_array_equal(index.search(rows[350:], 5, probed=400)[0], hashes[350:][expected])


def test_vectors_are_read_where_they_are(tmp_path, small_cells):
    rows, hashes = clustered(9, 400, 32, 20, 0.5), hashes_for(400)
    sets = (rows[:300], hashes[:300]), (rows[290:], hashes[290:])
    workspace = publish(tmp_path / "index", *sets)
    asked = np.concatenate([hashes[::3], np.array([0, 1, 2**64 - 1], dtype=np.uint64)])
    places, read = vectors.stored(workspace, FakeEncoder(32).name, asked)
    np.testing.assert_array_equal(places, np.arange(len(hashes[::3])))
    np.testing.assert_array_equal(read(places[::-1]), cells.quantised(rows)[::3][::-1])
    places, read = vectors.stored(workspace, FakeEncoder(32).name, asked[:0])
    assert len(places) == 0


def test_sets_of_one_model_share_their_centres(tmp_path, small_cells):
    rows, hashes = clustered(9, 900, 32, 20, 0.5), hashes_for(900)
    workspace = publish(tmp_path / "index", (rows[:200], hashes[:200]))
    encoder = FakeEncoder(32)
    first = vectors.centres_of(workspace, encoder.sha256)
    with workspace.writing() as writer:
        folder = writer.new_folder("vectors")
        writer.add_vectors(write_vectors(folder, rows[200:], hashes[200:], encoder, centres=first))
        workspace = writer.commit()
    np.testing.assert_array_equal(np.load(folder / "centres.npy"), first)
    assert vectors.centres_of(workspace, "another") is None
    found, _ = VectorIndex.open(workspace, encoder).search(rows[:50], 1, probed=1000)
    np.testing.assert_array_equal(found[:, 0], hashes[:50])


def test_sets_are_searched_as_one(tmp_path, small_cells):
    """The first set has cells, the second is flat; the second is published later."""
    rows, hashes = clustered(6, 240, 32, 20, 0.5), hashes_for(240)
    root = tmp_path / "index"
    publish(root, (rows[:180], hashes[:180]))
    workspace = publish(root, (rows[180:], hashes[180:]))
    index = VectorIndex.open(workspace, FakeEncoder())
    queries = clustered(7, 30, 32, 20, 0.5)
    found, cosines = index.search(queries, 10)
    assert len(index) == 240
    np.testing.assert_array_equal(found, hashes[exact.nearest(stored(rows), queries, 10)])
    assert np.all(np.diff(cosines, axis=1) <= 0)


def test_a_prompt_in_two_sets_is_found_once_at_its_best(tmp_path):
    near, far, other = np.eye(32, dtype=np.float32)[:3]
    near = unit((near + 0.5 * other)[None])[0]
    workspace = publish(
        tmp_path / "index",
        (np.stack([far, other]), np.array([7, 8], dtype=np.uint64)),
        (near[None], np.array([7], dtype=np.uint64)),
    )
    found, cosines = VectorIndex.open(workspace, FakeEncoder()).search(near[None], 4)
    assert found.tolist() == [[7, 8, 0, 0]]
    np.testing.assert_allclose(cosines[0, :2], [1, near @ other], atol=1e-3)


@pytest.mark.parametrize("flat_rows", [10, 1000])
def test_ties_go_to_the_smaller_hash(tmp_path, monkeypatch, flat_rows):
    monkeypatch.setattr(vectors, "FLAT_ROWS", flat_rows)
    rows = np.repeat(clustered(8, 3, 32, 3, 0.5), 20, axis=0)
    hashes = hashes_for(60)
    workspace = publish(tmp_path / "index", (rows, hashes))
    found, _ = VectorIndex.open(workspace, FakeEncoder()).search(rows[:1], 20)
    np.testing.assert_array_equal(found[0], np.sort(hashes[:20]))


def test_missing_results_are_filled_up(tmp_path):
    rows = clustered(9, 3, 32, 3, 0.5)
    index = VectorIndex.open(publish(tmp_path / "index", (rows, hashes_for(3))), FakeEncoder())
    found, cosines = index.search(rows[:2], 5)
    assert (found.shape, found.dtype, cosines.dtype) == ((2, 5), np.uint64, np.float32)
    assert np.all(found[:, 3:] == 0)
    assert np.all(cosines[:, 3:] == NOTHING)
    assert np.all(cosines[:, :3] > NOTHING)
    assert index.search(rows[:0], 5)[0].shape == (0, 5)


def test_many_queries_are_answered_as_one_by_one(tmp_path, small_cells):
    rows = clustered(10, 300, 32, 10, 0.5)
    index = VectorIndex.open(publish(tmp_path / "index", (rows, hashes_for(300))), FakeEncoder())
    hashes, cosines = index.search(rows, 3, probed=2)
    for row in range(300):
        one = index.search(rows[row : row + 1], 3, probed=2)
        np.testing.assert_array_equal(one[0][0], hashes[row])
        np.testing.assert_array_equal(one[1][0], cosines[row])


@pytest.mark.parametrize("other", [FakeEncoder(name="other"), FakeEncoder(sha256="0" * 64), FakeEncoder(16)])
def test_another_model_is_refused(tmp_path, other):
    workspace = publish(tmp_path / "index", (clustered(11, 10, 32, 3, 0.5), hashes_for(10)))
    with pytest.raises(SettingsMismatch, match=r"made with the model fake .* embed the prompts anew"):
        VectorIndex.open(workspace, other)


def test_sets_of_another_model_are_left_out(tmp_path):
    rows, root = clustered(12, 10, 32, 3, 0.5), tmp_path / "index"
    publish(root, (rows[:4], hashes_for(10)[:4]))
    workspace = publish(root, (rows[4:], hashes_for(10)[4:]), encoder=FakeEncoder(name="other"))
    assert len(VectorIndex.open(workspace, FakeEncoder())) == 4
    assert len(VectorIndex.open(workspace, FakeEncoder(name="other"))) == 6


def test_an_index_without_embeddings_says_so(tmp_path):
    with pytest.raises(NoVectors, match="holds no embeddings"):
        VectorIndex.open(Workspace.create(tmp_path / "index"), FakeEncoder())


@pytest.mark.parametrize("name", ["vectors.npy", "prompts.npy", "centres.npy", "cells.npy"])
def test_a_flipped_bit_is_refused(tmp_path, small_cells, name):
    workspace = publish(tmp_path / "index", (clustered(13, 200, 32, 3, 0.5), hashes_for(200)))
    path = workspace.root / "vectors" / workspace.manifest.vectors[0].name / name
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(IndexDamaged, match=name):
        VectorIndex.open(Workspace.open(workspace.root), FakeEncoder())


def forged(workspace, name, content):
    """Put other bytes in place of a file, and in the manifest as well."""
    path = workspace.root / "vectors" / workspace.manifest.vectors[0].name / name
    path.write_bytes(content)
    entry = manifests.seal(workspace.root, path)
    files = tuple(entry if file.path == entry.path else file for file in workspace.manifest.files)
    manifest = msgspec.structs.replace(workspace.manifest, files=files)
    return Workspace(workspace.root, workspace.hasher, manifest, workspace.manifest_sha256)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("cells", np.array([0, 300, 200], dtype=np.int64)),
        ("cells", np.array([0, 10**9, 200], dtype=np.int64)),
        ("cells", np.array([0, 200], dtype=np.int64)),
        ("cells", np.array([0.0, 100.0, 200.0])),
        ("centres", np.zeros((2, 31), dtype=np.float32)),
        ("vectors", np.zeros((199, 32), dtype=np.int8)),
        ("vectors", np.zeros((200, 32), dtype=np.float32)),
        ("prompts", np.zeros(200, dtype=np.int64)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, small_cells, name, values):
    workspace = publish(tmp_path / "index", (clustered(14, 200, 32, 3, 0.5), hashes_for(200)))
    np.save(tmp_path / "forged.npy", values)
    with pytest.raises(IndexDamaged, match="does not hold what its manifest says"):
        VectorIndex.open(
            forged(workspace, f"{name}.npy", (tmp_path / "forged.npy").read_bytes()), FakeEncoder()
        )


def test_an_object_array_is_refused(tmp_path):
    workspace = publish(tmp_path / "index", (clustered(16, 10, 32, 3, 0.5), hashes_for(10)))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(IndexDamaged, match=r"prompts\.npy is damaged"):
        VectorIndex.open(
            forged(workspace, "prompts.npy", (tmp_path / "objects.npy").read_bytes()), FakeEncoder()
        )


def test_loaded_vectors_cannot_be_written(tmp_path):
    workspace = publish(tmp_path / "index", (clustered(17, 10, 32, 3, 0.5), hashes_for(10)))
    [loaded] = VectorIndex.open(workspace, FakeEncoder()).sets
    assert not loaded.codes.flags.writeable


def test_a_folder_is_never_written_twice(tmp_path):
    rows, hashes = clustered(18, 10, 32, 3, 0.5), hashes_for(10)
    write_vectors(tmp_path / "set", rows, hashes, FakeEncoder())
    with pytest.raises(FileExistsError):
        write_vectors(tmp_path / "set", rows, hashes, FakeEncoder())


ROWS, HASHES = clustered(19, 10, 32, 3, 0.5), hashes_for(10)


@pytest.mark.parametrize(
    ("rows", "hashes", "complaint"),
    [
        (ROWS[:0], HASHES[:0], "n > 0"),
        (ROWS[:, :31], HASHES, r"\(n, 32\)"),
        (ROWS.astype(np.float64), HASHES, "float16 or float32"),
        (ROWS * 2, HASHES, "length 1"),
        (ROWS * np.float32(np.nan), HASHES, "length 1"),
        (ROWS, HASHES[:9], "one uint64 hash for each"),
        (ROWS, HASHES.astype(np.int64), "one uint64 hash for each"),
        (ROWS, HASHES // HASHES, "all different"),
    ],
)
def test_what_is_no_set_of_vectors_is_not_written(tmp_path, rows, hashes, complaint):
    with pytest.raises(ValueError, match=complaint):
        write_vectors(tmp_path / "set", rows, hashes, FakeEncoder())
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(("queries", "k"), [(ROWS, 0), (ROWS[0], 3), (ROWS[:, :9], 3), (ROWS * 2, 3)])
def test_what_is_no_query_is_refused(tmp_path, queries, k):
    index = VectorIndex.open(publish(tmp_path / "index", (ROWS, HASHES)), FakeEncoder())
    with pytest.raises(ValueError, match=r"queries"):
        index.search(queries, k)
