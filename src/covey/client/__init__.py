"""The client: groups as an application uses them, kept in an encrypted store, in step by flows.

From below: `words` is what members say and read; `events` what happens; `roles` who may do what;
`sync` the flows that keep in step; `network` carries them; `running` keeps them going, in a store
that is open; `conversing` is one group as an application has it. `client` is the face of all, and
`blocking` the same with plain calls.
"""
