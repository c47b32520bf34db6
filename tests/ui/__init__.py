"""JupyterLab in a real Chromium: what a person sees and does. Pictures are kept in `test-artefacts/ui`."""
