# SPDX-License-Identifier: Apache-2.0
"""Where candidates come from, and which of them may be shown at all."""
