"""Page and API of a project: REST described by OpenAPI, on uvicorn beside the engine.

`serve.Serving` listens; `closing`, `security` and `intake` stand at the door; `app.make_app` wires the routers of
`api/`, one file a noun; whatever goes wrong is answered as `problem` says.
"""
