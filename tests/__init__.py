"""Tests: helpers in support/, what holds everywhere in test_contract/, a folder per package."""
