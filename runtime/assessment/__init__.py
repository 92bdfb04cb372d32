"""What a finished run says of itself beside its metrics: how sure they are, what they are worth
against free baselines, which inputs they rest on, and where the time goes."""
