"""Numbers about videos and nothing else: `truth` (an edit against its exact result), `frames` (PSNR, SSIM),
`shadow` (what a removal leaves behind), `consistency` (how steady a clip is), `bootstrap` (means with intervals),
`significance` (differences and chance), `ranking` (who beats whom): arrays in, floats out. `backbones` and `viclip`
are the networks that some measures see with, `structure` and `lpips` how far two pictures are apart in one of them.
"""
