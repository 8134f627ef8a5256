# SPDX-License-Identifier: Apache-2.0
"""Quality on public data sets, by the protocols of published figures, beside those figures."""
