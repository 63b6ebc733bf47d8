"""Stands for the agent."""
