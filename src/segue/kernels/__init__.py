# SPDX-License-Identifier: Apache-2.0
"""The hot loops, on NumPy arrays alone. Each has a serial form for requests and a parallel one for jobs."""
