"""Answers: what is said about a photo, in words that cannot lose their referral."""
