"""CTC models: whatever `AutoModelForCTC` of transformers opens."""
