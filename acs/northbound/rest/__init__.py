"""The REST API: a table of routes (`routes`), one file of handlers a noun, and what carries them.

`site.make_site` is the way in for the composition root. A request goes: `bodies` (body to memory or disk),
`site` (path as it was written), `application` (Klein: route, token, role, query, body), the noun's handler,
`acs.operations`; what an operation refuses becomes a problem in `problems`.
"""
