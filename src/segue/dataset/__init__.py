# SPDX-License-Identifier: Apache-2.0
"""What models learn from: one vocabulary of items and up to three matrices over it, frozen and fingerprinted."""
