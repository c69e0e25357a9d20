import { afterAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { unresponsiveServers } from "../../../src/io/nats/monitor.ts";

const servers: Server[] = [];

afterAll(() => {
  for (const server of servers) server.close();
});

async function speaking(words: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    if (words !== "") socket.write(words);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it has no port");
  return address.port;
}

test("detects missing and frozen NATS servers", async () => {
  const well = `nats://127.0.0.1:${await speaking('INFO {"server_id":"x"} \r\n')}`;
  const frozen = `nats://127.0.0.1:${await speaking("")}`;
  const secure = `tls://127.0.0.1:${await speaking("")}`;
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const address = closed.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  await new Promise((resolve) => closed.close(resolve));
  const gone = `nats://127.0.0.1:${port}`;
  expect(await unresponsiveServers([gone, well, frozen, secure])).toEqual([gone, frozen]);
  expect(await unresponsiveServers([])).toEqual([]);
});
