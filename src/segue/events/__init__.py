# SPDX-License-Identifier: Apache-2.0
"""What listeners did: the schema of an event, the log that keeps them in order, and what a play says of a taste."""
