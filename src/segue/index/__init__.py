# SPDX-License-Identifier: Apache-2.0
"""Nearest vectors by inner product: exactly, or by an index whose recall was measured."""
