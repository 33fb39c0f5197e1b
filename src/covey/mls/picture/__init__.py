"""Pictures of what RFC 9420 describes: trees as text and SVG, structs and groups as HTML.

May import the rules and all below them, and knows nothing of secrets: what is drawn is what
every member, and every observer, can see (§4, §7). Pure: values in, text out.
"""
