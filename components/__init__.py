"""Extensions of Rasa, each at one of Rasa's own extension points."""
