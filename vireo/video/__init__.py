"""Videos as files and as arrays.

io        the only package that imports PyAV: frames as a stream, files with their source's times and sound
geometry  between the size of a clip and the size of a model
windows   a stream of any length in windows of the model's length, and back
alpha     where an edit is: the share of the model's result that each pixel gets
color_transform  an edit made at a model's size, applied to a frame of any size
mask      a user's own region
operations  edits that are exact functions of the pixels, and the words that ask for them
before_after  a picture of both
"""
