# SPDX-License-Identifier: Apache-2.0
"""Answers: the one way in for CLI, batch, weekly and HTTP alike. Knows no HTTP."""
