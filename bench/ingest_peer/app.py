"""The peer of ./dev bench ingest: FastAPI under uvicorn, which appends each event to a file and syncs it before it answers.

It checks what the contract of the benchmark checks, with a pydantic model, and writes the body as it came.
"""
import os

import fastapi
import pydantic


class Event(pydantic.BaseModel):
    event_id: str
    event_type: str
    user_id: int
    product_id: int
    price: float
    event_time: str
    store_id: str
    note: str


app = fastapi.FastAPI()
log = os.open(os.environ["PEER_LOG"], os.O_CREAT | os.O_APPEND | os.O_WRONLY)


@app.post("/orders", status_code=202)
async def take(request: fastapi.Request):
    body = await request.body()
    if os.environ.get("PEER_CHECKS") == "1":
        Event.model_validate_json(body)
    os.write(log, body + b"\n")
    os.fdatasync(log)
    return {"ack": "durable"}
