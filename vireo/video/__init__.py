"""Videos as files and as arrays.

io        the only package that imports PyAV: frames as a stream, files with their source's times and sound
geometry  between the size of a clip and the size of a model
windows   a stream of any length in windows of the model's length, and back
region    where an edit is; source and edit put together
change    what of a model's result is the edit
mask      a user's own region
before_after  a picture of both
"""
