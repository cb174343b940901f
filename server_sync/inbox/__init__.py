"""The coach's side: verifies what arrives, answers with signed receipts, keeps the library, joins films."""
