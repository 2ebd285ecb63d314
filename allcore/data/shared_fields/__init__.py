"""Shared fields: images that show the same region of a slide, shifted, turned, mirrored or in another size.

`landmarks` finds and describes places that any view of a field shows alike, `meetings` finds those that are alike,
`candidates` brings together the images whose landmarks agree on one placement, `verification` looks at the pixels,
`search` puts them together.
"""
