"""The sentence encoder: pre-trained weights, the int8 graph made of them, and its runtime."""
