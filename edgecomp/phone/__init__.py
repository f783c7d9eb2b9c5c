"""A bundle in a phone's own browser: the page, what serves it, and what becomes of the results that come back.

`litert_js` has the runtime, `checks` says what cannot run there, `site` gathers the files of the page, `server` hands
them out and takes results, `result` reads those with as little trust as they deserve, `keeping` files them.
"""
