"""The console: pages for people, served on the web port by the same process as REST.

    application   from the table of pages to answers; what goes wrong becomes a page too
    visits        one request of a browser: who, what was asked, what was filled in
    templating    the templates, and how times, sizes and numbers are written
    charts        drawings of counts over time
    live          what changes, told to open pages
    …             a page, or a family of pages, a file

A page calls `acs.operations` and nothing below it.
"""
