"""A proxy that passes requests on and hangs up once the server has answered."""

import asyncio
import threading
from contextlib import contextmanager

CHUNK = 65536  # bytes


async def pass_on(reader, writer):
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()


async def lose_answer(client_reader, client_writer, server_port, answered):
    """Pass on one request; read the whole answer and drop it."""
    server_reader, server_writer = await asyncio.open_connection("127.0.0.1", server_port)
    sending = asyncio.create_task(pass_on(client_reader, server_writer))
    await server_reader.read()  # requests say "Connection: close", so the answer ends with the connection
    sending.cancel()
    answered.set()
    server_writer.close()
    client_writer.transport.abort()


@contextmanager
def losing_answers(server_port):
    """Run the proxy; yield its port and an event that is set once the server has answered."""
    loop, answered = asyncio.new_event_loop(), threading.Event()

    async def on_client(reader, writer):
        await lose_answer(reader, writer, server_port, answered)

    server = loop.run_until_complete(asyncio.start_server(on_client, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], answered
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
