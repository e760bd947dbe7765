"""The networks of mini, all of diffusers' and transformers' classes, and how weights are found and checked.

vae: the video autoencoder. transformer: the velocity network and its widening into an editor. tokenizer,
clip, instructor: language and vision. presets: names of shipped models. weights: checks before loading.
"""
