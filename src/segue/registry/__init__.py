# SPDX-License-Identifier: Apache-2.0
"""Trained models on disk, immutable and checked; and the one pointer that says which of them serve."""
