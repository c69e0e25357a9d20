import { afterAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import type { StreamInfo } from "@nats-io/jetstream";
import { silentServers } from "../../../src/io/nats/greeting.ts";
import { quorumAgeMs } from "../../../src/io/nats/stream-lookup.ts";

const servers: Server[] = [];

afterAll(() => {
  for (const server of servers) server.close();
});

/** A server on loopback that says this to whoever connects. */
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

test("a NATS server that is gone, and one that has frozen, do not answer", async () => {
  const well = `nats://127.0.0.1:${await speaking('INFO {"server_id":"x"} \r\n')}`;
  const frozen = `nats://127.0.0.1:${await speaking("")}`;
  const secure = `tls://127.0.0.1:${await speaking("")}`;
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const address = closed.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  await new Promise((resolve) => closed.close(resolve));
  const gone = `nats://127.0.0.1:${port}`;
  expect(await silentServers([gone, well, frozen, secure])).toEqual([gone, frozen]);
  expect(await silentServers([])).toEqual([]);
});

/** A stream of three; milliseconds since its leader has heard each of the two others. */
function streamOf(leader: string | undefined, ...activeMs: readonly number[]): StreamInfo {
  const replicas = activeMs.map((ms, i) => ({ name: `n${i}`, current: true, active: ms * 1e6 }));
  const cluster = { name: "c", leader, replicas };
  return { config: { num_replicas: 3 }, cluster } as unknown as StreamInfo;
}

test("a leader counts as long as it hears one of the two others", () => {
  expect(quorumAgeMs(streamOf("n0", 5, 90_000))).toBe(5);
  expect(quorumAgeMs(streamOf("n0", 80_000, 900))).toBe(900);
  expect(quorumAgeMs(streamOf("n0", 9_000, 8_000))).toBe(8_000);
  expect(quorumAgeMs(streamOf("n0"))).toBe(Number.POSITIVE_INFINITY);
  // The remaining one of three answers, without a leader.
  expect(quorumAgeMs(streamOf(undefined, 5, 5))).toBe(Number.POSITIVE_INFINITY);
  const alone = { config: { num_replicas: 1 } } as unknown as StreamInfo;
  expect(quorumAgeMs(alone)).toBe(0);
});
