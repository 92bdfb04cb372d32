"""The network and what must agree with it: shapes, label, loss, optimizer, metrics."""
