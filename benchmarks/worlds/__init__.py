"""Worlds to test the detector on: API logs whose every parameter is drawn at random.

Written without regard to how the detector works. Only texts and the small grammar of `demo`
are shared with the rest of the project.
"""
