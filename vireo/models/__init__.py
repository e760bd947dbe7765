"""The networks of mini, all of diffusers' and transformers' classes, and how weights are found and checked.

vae, codec: the video autoencoder, and any other's latents. transformer: the velocity network and its widening into an
editor. tokenizer, clip, instructor, chat: language and vision. presets: names of models. weights: their checks.
"""
