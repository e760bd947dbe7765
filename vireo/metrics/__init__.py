"""Numbers about videos and nothing else: `truth` (an edit against its exact result), `image_quality` (PSNR, SSIM),
`shadow` (what a removal leaves behind), `consistency` (how steady a clip is), `bootstrap` (means with intervals),
`significance` (differences and chance), `ranking` (who beats whom), `structure` (FiVE): arrays in, floats out.
"""
