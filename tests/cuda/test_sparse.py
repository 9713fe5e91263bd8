"""Sparse tensors on a device: moved, typed, made there, and as gradients."""

import flambeau as fb

INDEX, VALUES = [[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0]


def test_sparse_tensors_move(gpu):
    host = fb.sparse_coo_tensor(INDEX, VALUES, (2, 3))
    s = host.cuda()
    assert s.is_cuda and s._indices().is_cuda and s._values().is_cuda and s.get_device() == 0
    assert s.type() == "torch.cuda.sparse.FloatTensor" and "device='cuda:0'" in repr(s)
    assert isinstance(s, fb.cuda.sparse.FloatTensor) and not isinstance(s, fb.sparse.FloatTensor)
    assert isinstance(s.type(fb.sparse.DoubleTensor), fb.sparse.DoubleTensor)
    assert isinstance(host.type(fb.cuda.sparse.HalfTensor), fb.cuda.sparse.HalfTensor)
    assert s.cpu().to_dense().tolist() == host.to_dense().tolist()
    assert fb.cuda.sparse.FloatTensor(2, 3).is_cuda
    assert fb.cuda.sparse.FloatTensor(s._indices(), s._values(), (2, 3)).is_cuda
    assert fb.sparse_coo_tensor(INDEX, VALUES, (2, 3), device="cuda").is_cuda


def test_sparse_gradients(gpu):
    fb.manual_seed(0)
    table = fb.nn.Embedding(5, 2, sparse=True).cuda()
    before = table.weight.detach().clone()
    table(fb.tensor([1, 3, 1]).cuda()).sum().backward()
    assert table.weight.grad.is_sparse and table.weight.grad.is_cuda
    fb.optim.SGD(table.parameters(), lr=0.5).step()
    assert (
        (before - table.weight)
        .detach()
        .cpu()
        .allclose(fb.tensor([[0.0] * 2, [1.0] * 2, [0.0] * 2, [0.5] * 2, [0.0] * 2]))
    )
