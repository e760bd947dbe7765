"""Networks and their weights. `editors`: what edits a window. `instructor`: the frozen vision-language model.
`backbones`: networks that measures see with. vae, latents: the video autoencoder, and any other's latents.
transformer: the velocity network and its widening into an editor. tokenizer, clip: language and vision. presets: names
of models. weights: their checks.
"""
