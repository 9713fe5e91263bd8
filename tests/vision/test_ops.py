"""Boxes, against plain loops and, where it is installed, torchvision."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.vision import ops


def boxes(count, seed=0):
    rng = np.random.RandomState(seed)
    corner = rng.uniform(0, 10, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(1, 8, (count, 2))], 1).astype(np.float32)


def iou(a, b):
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    area = sum((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b))
    return width * height / (area - width * height)


def test_box_iou():
    a, b = boxes(5), boxes(7, 1)
    expected = [[iou(x, y) for y in b] for x in a]
    np.testing.assert_allclose(
        ops.box_iou(fb.from_numpy(a), fb.from_numpy(b)).numpy(), expected, rtol=1e-5, atol=1e-6
    )


def suppressed(array, scores, threshold):
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if all(iou(array[i], array[k]) <= threshold for k in kept):
            kept.append(i)
    return kept


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7, 1.0])
def test_nms(threshold):
    array, scores = boxes(40), np.random.RandomState(3).permutation(40).astype(np.float32)
    kept = ops.nms(fb.from_numpy(array), fb.from_numpy(scores), threshold)
    assert kept.dtype is fb.int64 and kept.tolist() == suppressed(array, scores, threshold)


def test_nms_of_nothing_and_of_other_shapes():
    assert ops.nms(fb.zeros(0, 4), fb.zeros(0), 0.5).tolist() == []
    assert ops.batched_nms(fb.zeros(0, 4), fb.zeros(0), fb.zeros(0), 0.5).tolist() == []
    with pytest.raises(RuntimeError, match=r"got \(2, 3\) and \(2,\)"):
        ops.nms(fb.zeros(2, 3), fb.zeros(2), 0.5)


def test_categories_do_not_suppress_each_other():
    array, scores = boxes(30), np.random.RandomState(3).permutation(30).astype(np.float32)
    categories = np.arange(30) % 3
    kept = ops.batched_nms(*map(fb.from_numpy, (array, scores, categories)), 0.3).tolist()
    expected = []
    for category in range(3):
        (mine,) = np.where(categories == category)
        expected += [mine[i] for i in suppressed(array[mine], scores[mine], 0.3)]
    assert kept == sorted(expected, key=lambda i: -scores[i])


def test_clip_and_small():
    tensor = fb.tensor([[-1.0, 2, 5, 30], [3, 3, 4, 4]])
    assert ops.clip_boxes_to_image(tensor, (10, 4)).tolist() == [[0, 2, 4, 10], [3, 3, 4, 4]]
    assert ops.remove_small_boxes(tensor, 2).tolist() == [0]
    assert ops.box_area(tensor).tolist() == [168, 1]


@pytest.mark.parametrize("form", ["xyxy", "xywh", "cxcywh"])
def test_box_convert(form):
    known = {"xyxy": [1.0, 2, 5, 8], "xywh": [1.0, 2, 4, 6], "cxcywh": [3.0, 5, 4, 6]}
    for other, expected in known.items():
        assert ops.box_convert(fb.tensor([known[form]]), form, other).tolist() == [expected]
    with pytest.raises(ValueError, match="in_fmt corners"):
        ops.box_convert(fb.zeros(1, 4), "corners", form)


@pytest.mark.parametrize("name", ["box_iou", "generalized_box_iou"])
def test_against_torchvision(name):
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torchvision.ops")
    a, b = boxes(6), boxes(4, 1)
    expected = getattr(theirs, name)(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    np.testing.assert_allclose(
        getattr(ops, name)(fb.from_numpy(a), fb.from_numpy(b)).numpy(), expected, rtol=1e-5
    )
