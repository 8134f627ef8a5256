# SPDX-License-Identifier: Apache-2.0
"""Other people's files into events and tracks. Each importer streams, and says what it took, dropped and why."""
