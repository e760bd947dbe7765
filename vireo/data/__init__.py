"""What training and evaluation read: pair sets on disk (`pairs`), their caches (`frames`, `latents`, `states`), which
of them an editor's step sees (`mixture`), other people's sets (`layouts`, `imports`), and what the instructor learns of
a pair set (`lessons`, in batches by `curriculum`).
"""
