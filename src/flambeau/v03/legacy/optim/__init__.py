"""torch.legacy.optim"""
