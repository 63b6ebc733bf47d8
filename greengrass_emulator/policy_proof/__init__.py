"""The proof of ``infra_policies``: a release with permissions enforced, and every call held against the policies."""
