# SPDX-License-Identifier: Apache-2.0
"""The hot loops, on NumPy arrays alone. Each runs on one thread, or spread over all for a job."""
