"""The matching of boxes in a detector, and its hard negatives."""
import torch
import torch.nn.functional as F
from torch.autograd import Variable

THRESHOLD, VARIANCES = 0.5, [0.1, 0.2]


def point_form(boxes):
    return torch.cat((boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2), 1)


def jaccard(box_a, box_b):
    A, B = box_a.size(0), box_b.size(0)
    max_xy = torch.min(box_a[:, 2:].unsqueeze(1).expand(A, B, 2), box_b[:, 2:].unsqueeze(0).expand(A, B, 2))
    min_xy = torch.max(box_a[:, :2].unsqueeze(1).expand(A, B, 2), box_b[:, :2].unsqueeze(0).expand(A, B, 2))
    sides = torch.clamp((max_xy - min_xy), min=0)
    inter = sides[:, :, 0] * sides[:, :, 1]
    area_a = ((box_a[:, 2] - box_a[:, 0]) * (box_a[:, 3] - box_a[:, 1])).unsqueeze(1).expand_as(inter)
    area_b = ((box_b[:, 2] - box_b[:, 0]) * (box_b[:, 3] - box_b[:, 1])).unsqueeze(0).expand_as(inter)
    return inter / (area_a + area_b - inter)


def match(truths, labels, priors, loc_t, conf_t, idx):
    overlaps = jaccard(truths, point_form(priors))
    best_prior_overlap, best_prior_idx = overlaps.max(1, keepdim=True)
    best_truth_overlap, best_truth_idx = overlaps.max(0, keepdim=True)
    best_truth_idx.squeeze_(0)
    best_truth_overlap.squeeze_(0)
    best_prior_idx.squeeze_(1)
    best_truth_overlap.index_fill_(0, best_prior_idx, 2)
    for j in range(best_prior_idx.size(0)):
        best_truth_idx[best_prior_idx[j]] = j
    matches = truths[best_truth_idx]
    conf = labels[best_truth_idx] + 1
    conf[best_truth_overlap < THRESHOLD] = 0
    g_cxcy = (matches[:, :2] + matches[:, 2:]) / 2 - priors[:, :2]
    g_cxcy /= (VARIANCES[0] * priors[:, 2:])
    g_wh = torch.log((matches[:, 2:] - matches[:, :2]) / priors[:, 2:]) / VARIANCES[1]
    loc_t[idx] = torch.cat([g_cxcy, g_wh], 1)
    conf_t[idx] = conf  # floats into longs


def nms(boxes, scores, overlap=0.5):
    keep, count = scores.new(scores.size(0)).zero_().long(), 0
    x1, y1, x2, y2 = boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3]
    area = torch.mul(x2 - x1, y2 - y1)
    v, idx = scores.sort(0)
    xx1, xx2 = boxes.new(), boxes.new()
    while idx.numel() > 0:
        i = idx[-1]
        keep[count] = i
        count += 1
        if idx.size(0) == 1:
            break
        idx = idx[:-1]
        torch.index_select(x1, 0, idx, out=xx1)
        torch.index_select(x2, 0, idx, out=xx2)
        w = torch.clamp(torch.clamp(xx2, max=x2[i]) - torch.clamp(xx1, min=x1[i]), min=0.0)
        h = torch.clamp(torch.clamp(y2[idx], max=y2[i]) - torch.clamp(y1[idx], min=y1[i]), min=0.0)
        inter = w * h
        union = (torch.index_select(area, 0, idx) - inter) + area[i]
        idx = idx[(inter / union).le(overlap)]
    return keep, count


torch.manual_seed(1)
priors = torch.Tensor([[(j + 0.5) / 4, (i + 0.5) / 4, s, s] for i in range(4) for j in range(4) for s in (0.3, 0.5)])
priors.clamp_(max=1, min=0)
loc_t, conf_t = torch.Tensor(2, len(priors), 4), torch.LongTensor(2, len(priors))
targets = [torch.Tensor([[0.1, 0.1, 0.4, 0.45, 0], [0.5, 0.5, 0.9, 0.95, 1]]), torch.Tensor([[0.2, 0.3, 0.7, 0.8, 1]])]
for idx in range(2):
    match(targets[idx][:, :-1], targets[idx][:, -1], priors, loc_t, conf_t, idx)
conf_t, loc_t = Variable(conf_t), Variable(loc_t)
conf = Variable(torch.randn(2, len(priors), 3), requires_grad=True)
loc = Variable(torch.randn(2, len(priors), 4), requires_grad=True)

pos = conf_t > 0
pos_idx = pos.unsqueeze(pos.dim()).expand_as(loc)
loss_l = F.smooth_l1_loss(loc[pos_idx].view(-1, 4), loc_t[pos_idx].view(-1, 4), size_average=False)
flat = conf.view(-1, 3)
x_max = flat.data.max()
loss_c = torch.log(torch.sum(torch.exp(flat - x_max), 1, keepdim=True)) + x_max - flat.gather(1, conf_t.view(-1, 1))
loss_c[pos.view(-1, 1)] = 0
_, loss_idx = loss_c.view(2, -1).sort(1, descending=True)
_, idx_rank = loss_idx.sort(1)
num_pos = pos.long().sum(1, keepdim=True)
num_neg = torch.clamp(3 * num_pos, max=pos.size(1) - 1)
neg = idx_rank < num_neg.expand_as(idx_rank)
both = (pos.unsqueeze(2).expand_as(conf) + neg.unsqueeze(2).expand_as(conf)).gt(0)
loss_c = F.cross_entropy(conf[both].view(-1, 3), conf_t[(pos + neg).gt(0)], size_average=False)
N = num_pos.data.sum()
loss = (loss_l + loss_c) / N
loss.backward()
print('%.4f %.4f' % (loss_l.data[0] / N, loss_c.data[0] / N), num_pos.data.view(-1).tolist())
print(conf_t.data.sum(), (conf.grad.data.abs().sum(2) > 0).sum(), 4 * N)
keep, count = nms(point_form(priors), torch.rand(len(priors)))
print(count, keep[:count].size() == torch.Size([count]))
