"""Boxes (x1, y1, x2, y2), a tensor [N, 4] with 0 <= x1 < x2 and 0 <= y1 < y2."""

import numpy as np

import flambeau as fb

__all__ = [
    "batched_nms", "box_area", "box_convert", "box_iou", "clip_boxes_to_image", "generalized_box_iou", "nms",
    "remove_small_boxes",
]  # fmt: skip


def box_area(boxes):
    """box_area(boxes) -> their areas, [N]."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _intersection_and_union(boxes1, boxes2):
    low = fb.maximum(boxes1[:, None, :2], boxes2[:, :2])
    high = fb.minimum(boxes1[:, None, 2:], boxes2[:, 2:])
    sides = (high - low).clamp(min=0)
    common = sides[:, :, 0] * sides[:, :, 1]
    return common, box_area(boxes1)[:, None] + box_area(boxes2) - common


def box_iou(boxes1, boxes2):
    """box_iou(boxes1, boxes2) -> [N, M]: area of the intersection of each pair over that of its union."""
    common, union = _intersection_and_union(boxes1, boxes2)
    return common / union


def generalized_box_iou(boxes1, boxes2):
    """generalized_box_iou(boxes1, boxes2) -> [N, M]: box_iou less the part of the pair's hull that neither covers
    (H. Rezatofighi et al., 2019, arXiv:1902.09630)."""
    common, union = _intersection_and_union(boxes1, boxes2)
    low = fb.minimum(boxes1[:, None, :2], boxes2[:, :2])
    high = fb.maximum(boxes1[:, None, 2:], boxes2[:, 2:])
    sides = (high - low).clamp(min=0)
    hull = sides[:, :, 0] * sides[:, :, 1]
    return common / union - (hull - union) / hull


def nms(boxes, scores, iou_threshold):
    """nms(boxes, scores, iou_threshold) -> int64 indices of the boxes that stay, by falling score

    Non-maximum suppression: a box goes when its box_iou with one of a higher score that stays is above the threshold.
    RuntimeError unless boxes is [N, 4] and scores [N].
    """
    if boxes.dim() != 2 or boxes.shape[1] != 4 or tuple(scores.shape) != (boxes.shape[0],):
        raise RuntimeError(
            f"nms: boxes [N, 4] and scores [N] expected, got {tuple(boxes.shape)} and {tuple(scores.shape)}"
        )
    order = scores.detach().sort(descending=True, stable=True)[1].cpu().numpy()
    overlaps = (box_iou(boxes.detach(), boxes.detach()) > iou_threshold).cpu().numpy()
    gone = np.zeros(len(order), bool)
    kept = []
    for i in order:
        if not gone[i]:
            kept.append(i)
            gone |= overlaps[i]
    return fb.as_tensor(np.array(kept, np.int64), device=boxes.device)


def batched_nms(boxes, scores, idxs, iou_threshold):
    """batched_nms(boxes, scores, idxs, iou_threshold) -> nms among the boxes of each category of idxs [N]."""
    if boxes.numel() == 0:
        return fb.empty((0,), dtype=fb.int64, device=boxes.device)
    apart = idxs.to(boxes.dtype) * (boxes.max() + 1)  # no two categories overlap
    return nms(boxes + apart[:, None], scores, iou_threshold)


def clip_boxes_to_image(boxes, size):
    """clip_boxes_to_image(boxes, size) -> boxes within an image of size (height, width)."""
    height, width = size
    x, y = boxes[..., 0::2].clamp(0, width), boxes[..., 1::2].clamp(0, height)
    return fb.stack((x, y), boxes.dim()).reshape(boxes.shape)


def remove_small_boxes(boxes, min_size):
    """remove_small_boxes(boxes, min_size) -> indices of the boxes both of whose sides are at least min_size."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return fb.where((width >= min_size) & (height >= min_size))[0]


def box_convert(boxes, in_fmt, out_fmt):
    """box_convert(boxes, in_fmt, out_fmt) -> boxes in another form

    "xyxy": two corners; "xywh": corner, width and height; "cxcywh": centre, width and height. ValueError for others.
    """
    forms = ("xyxy", "xywh", "cxcywh")
    if in_fmt not in forms or out_fmt not in forms:
        raise ValueError(
            f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}"
        )
    first, second = boxes[..., :2], boxes[..., 2:]
    if in_fmt == "xywh":
        second = first + second
    elif in_fmt == "cxcywh":
        first, second = first - second / 2, first + second / 2
    if out_fmt == "xywh":
        second = second - first
    elif out_fmt == "cxcywh":
        first, second = (first + second) / 2, second - first
    return fb.cat((first, second), -1)
