"""Paired edits on disk: the pair set (`format`), what training keeps of it (`frame_cache`, `latent_cache`,
`conditioning_cache`), which pairs a step sees (`mixture`), a sheet to look at it (`contact_sheet`), and other people's
sets (`layouts`, `imports`).
"""
