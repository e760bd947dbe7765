"""What the instructor learns from: `phrasings` of each pair, `visual_questions` about its pictures, `critic_candidates`
to judge, all collected in `corpus` and drawn as packed sequences by `batches` and `critic_dialogues`. What a model then
knows is declared by `studio_vocabulary`.
"""
