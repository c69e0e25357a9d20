import { expect, test } from "bun:test";
import {
  HTTP_REQUESTS_BURST,
  HTTP_REQUESTS_PER_SECOND,
  HTTP_REQUESTS_PER_TURN_MAX,
  HTTP_REQUESTS_PIPELINED_MAX,
} from "../../../src/base/limits.ts";
import { RequestRateLimiter } from "../../../src/server/session/connection-limits.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const HOST = "192.0.2.1";

test("refuses pipelined requests beyond the limit until the next turn", async () => {
  const clock = new VirtualClock();
  const pace = new RequestRateLimiter(clock);
  const remote = { host: "127.0.0.1", port: 1 };
  for (let i = 0; i < HTTP_REQUESTS_PIPELINED_MAX; i++) expect(pace.allows(remote)).toBe(true);
  expect(pace.allows(remote)).toBe(false);
  expect(pace.allows({ ...remote, port: 2 })).toBe(true);
  await clock.advance(0);
  expect(pace.allows(remote)).toBe(true);
});

test("answers a limited number of requests in one turn", async () => {
  const clock = new VirtualClock();
  const pace = new RequestRateLimiter(clock);
  for (let port = 1; port <= HTTP_REQUESTS_PER_TURN_MAX; port++) {
    expect(pace.allows({ host: "127.0.0.1", port })).toBe(true);
  }
  expect(pace.allows({ host: "127.0.0.1", port: 60_000 })).toBe(false);
  await clock.advance(0);
  expect(pace.allows({ host: "127.0.0.1", port: 60_000 })).toBe(true);
});

test("limits requests per address and second, except from loopback", async () => {
  const clock = new VirtualClock();
  const pace = new RequestRateLimiter(clock);
  const allowed = async (host: string, count: number) => {
    let sum = 0;
    for (let port = 1; port <= count; port++) {
      if (pace.allows({ host, port })) sum++;
      await clock.advance(0);
    }
    return sum;
  };
  const count = HTTP_REQUESTS_BURST + 100;
  expect(await allowed(HOST, count)).toBe(HTTP_REQUESTS_BURST);
  expect(await allowed("192.0.2.2", 100)).toBe(100);
  expect(await allowed("127.0.0.1", count)).toBe(count);
  await clock.advance(1_000);
  expect(await allowed(HOST, HTTP_REQUESTS_PER_SECOND + 100)).toBe(HTTP_REQUESTS_PER_SECOND);
});
