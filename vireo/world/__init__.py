"""The studio: scenes as data, rendered by MuJoCo, and edits of them with exact truth.

scene.py     a clip as data                       palette.py   canonical values of words
sampling.py  a scene from a seed                  shapes.py    extents, meshes, standard orientations
textures.py  floors, backdrops, patterns          mujoco_model.py  the model of a scene
physics.py   simulated or replayed motion         camera.py    where it is at every frame, projection
gl.py        the only door to MuJoCo and EGL      render.py    scene -> frames, masks, depth, trajectories
styles.py    canonical picture functions          film.py      lens, film, watermarks
edits.py     the kinds of edits                   naming.py    names that fit one object
language.py  instruction templates                captions.py  what a scene shows, in words
visibility.py  what is seen where      portrait.py  reference pictures
produce.py   the pairs of one scene               generate.py  whole pair sets, in parallel and resumable
"""
