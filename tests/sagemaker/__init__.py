"""A job on SageMaker as a person says it and sees it, from end to end."""
