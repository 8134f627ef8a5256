# SPDX-License-Identifier: Apache-2.0
"""Which stages, in which order, make which kind of list. The only place that puts stages in a row."""
