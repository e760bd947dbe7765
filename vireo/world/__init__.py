"""The studio: scenes as data, rendered by MuJoCo, and edits of them with exact truth.

scene.py       a clip as data                        palette.py       exact values of colours, sizes, places, lights
sampling.py    a scene from a seed                   appearance.py    shades, materials that show, typed random draws
shapes.py      extents, meshes, orientations         symmetry.py      rotations of an object that cannot be seen
textures.py    floors, backdrops, patterns           mujoco_model.py  the MuJoCo model of a scene
physics.py     simulated or replayed motion          camera.py        the camera of every frame, projection
gl.py          the only door to MuJoCo and EGL       render.py        scene -> frames, masks, depth
styles.py      styles as functions of the picture    film.py          lens, film grain, watermarks
footage.py     clips that are not of the studio      canvases.py      the pictures that they are filmed from
families/      the edit families, a file each        language.py      changes into words, by the families' templates
naming.py      names that fit one object             vocabulary.py    words of floors, backdrops, lights and styles
visibility.py  what is seen where in a frame         captions.py      what a scene shows, in one sentence
produce.py     the pairs of one scene                generate.py      whole pair sets, in parallel and resumable
studiobench.py 1,000 fixed pairs
"""
