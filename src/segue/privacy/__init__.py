# SPDX-License-Identifier: Apache-2.0
"""What may be known of a listener: the door out of the log, consent, and erasure."""
