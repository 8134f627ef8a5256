# SPDX-License-Identifier: Apache-2.0
"""The shapes that flow from a question to an answer, as columns over many rows, and what a step between them is."""
