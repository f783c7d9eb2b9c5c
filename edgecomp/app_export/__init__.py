"""A bundle as what an app's developer adds to a project: the model with standard metadata, a class, and a README.

`source` opens the bundle, `metadata` writes TFLite's own metadata and `embed` puts it into the file, `render` fills the
templates of Kotlin and Swift, `web` gathers the page of `edgecomp phone` for any web host.
"""
