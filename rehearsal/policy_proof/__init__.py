"""The proof of ``infra_policies``: a release with enforced permissions, and every call checked against the policies."""
