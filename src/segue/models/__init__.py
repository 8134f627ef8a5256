# SPDX-License-Identifier: Apache-2.0
"""Models fit a dataset and score histories. What they learn is keyed by items alone, never by a listener."""
