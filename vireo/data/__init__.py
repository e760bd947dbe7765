"""What training and evaluation read.

pairs: the pair set on disk. frames, latents, states: caches of its clips, of their latents, of instructor states.
tensors: frames to pixels and back. mixture: which pairs an editor's step sees.

Understanding: pictures (single frames and what is known of them), patches (what each patch shows), negatives
(captions wrong in one thing), questions (about one picture), plans (what an edit does), riddles (reasoned
wordings), sayings (right and faulty wordings), verdicts (candidates for the critic and what is true of them),
turns and dialogues (tokens, packed), lessons (all of it for a pair set), curriculum (batches), jitter.
"""
