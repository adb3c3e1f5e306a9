"""GET /metrics: the server's figures in Prometheus' text format.

exposition     figures to text
gauges         what is so now: phones, processes, queues, Redis, disk
route          the path, and who may read it
"""
