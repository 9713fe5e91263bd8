"""What programs for `torchrun` import from `torch.distributed.elastic`. Nothing is restarted here."""
