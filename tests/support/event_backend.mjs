// Where Janus's sample event handler posts its events: what the plugin said, in the order in which it came.
//
//   const backend = await startEventBackend();      startStack({ event_backend: backend.url })
//   backend.told                                    the plugin's events so far; grows
import { createServer } from 'node:http';

export async function startEventBackend() {
  const told = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    for (const { event } of [JSON.parse(body)].flat()) {
      if (event?.plugin === 'janus.plugin.callroom') told.push(event.data);
    }
    response.end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { told, url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
