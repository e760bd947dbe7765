"""Numbers about videos and nothing else: `truth` (an edit against its exact result), `image_quality` (PSNR, SSIM),
`shadow` (what a removal leaves behind), `consistency` (how steady a clip is), `significance` (intervals and tests),
`ranking` (who beats whom): arrays in, floats out.
"""
