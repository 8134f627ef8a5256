# SPDX-License-Identifier: Apache-2.0
"""A listening world whose truth is known: music, listeners, what they heard, and how they answer."""
