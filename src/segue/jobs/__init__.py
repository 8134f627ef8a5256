# SPDX-License-Identifier: Apache-2.0
"""Long work: one module each, plain functions that report their progress and can be run again."""
