"""The same job beyond one machine, on Apache Spark: the local kernels, dealt out (see docs/scale.md)."""
