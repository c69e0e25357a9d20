import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { Link } from "../../../src/io/link/link.ts";
import { PageDialer } from "../../../src/web/browser/browser.ts";
import { dialHttp, type HttpDialOptions } from "../../../src/web/browser/http-link.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { rejection } from "../../rejection.ts";

const unreachable = new Fault("unreachable", "refused");
const linkOf = (transport: string, receivedMessages = 1) =>
  ({ transport, counters: () => ({ receivedMessages }) }) as unknown as Link;

function dialer({
  refusals = 99,
  health = "ok\n",
  status = 200,
  http = linkOf("http") as Link | Fault,
}) {
  const dialled: string[] = [];
  const clock = new VirtualClock();
  const page = new PageDialer({
    clock,
    dialSocket: async () => {
      dialled.push("socket");
      if (dialled.length <= refusals) throw unreachable;
      return linkOf("tcp");
    },
    dialHttp: async () => {
      dialled.push("http");
      if (http instanceof Fault) throw http;
      return http;
    },
    fetch: async () => {
      if (health === "") throw new TypeError("no network");
      return new Response(health, { status });
    },
  });
  return { dialled, dial: page.dial, clock };
}

test("uses HTTP after two refusals, then at once, and WebSocket ten minutes later", async () => {
  const { dialled, dial, clock } = dialer({});
  expect((await dial()).transport).toBe("http");
  await clock.advance(599_999);
  expect((await dial()).transport).toBe("http");
  expect(dialled).toEqual(["socket", "socket", "http", "http"]);
  await clock.advance(1);
  await dial();
  expect(dialled.slice(4)).toEqual(["socket", "socket", "http"]);
});

test("uses WebSocket if it works at the second attempt", async () => {
  const { dialled, dial } = dialer({ refusals: 1 });
  expect((await dial()).transport).toBe("tcp");
  expect(dialled).toEqual(["socket", "socket"]);
});

test.each(["", "<html>Log in to the Wi-Fi</html>"])(
  "does not use HTTP while the server does not answer: %j",
  async (health) => {
    const { dialled, dial } = dialer({ health });
    expect(await rejection(dial())).toBe(unreachable);
    expect(dialled).toEqual(["socket"]);
  },
);

test("names the missing function, and tries WebSocket again", async () => {
  const { dialled, dial } = dialer({ http: unreachable });
  expect(await rejection(dial())).toMatchObject({ code: "unreachable", text: "postsRefused" });
  expect(await rejection(dial())).toMatchObject({ text: "postsRefused" });
  expect(dialled).toEqual(["socket", "socket", "http", "socket", "socket", "http"]);
});

test("tries WebSocket again after an HTTP link that received nothing", async () => {
  const { dialled, dial } = dialer({ http: linkOf("http", 0) });
  await dial();
  await dial();
  expect(dialled).toEqual(["socket", "socket", "http", "socket", "socket", "http"]);
});

const POLLING = { pollsUntil: Number.POSITIVE_INFINITY };

/** @param answer `undefined` if the request never ends */
async function httpLink(
  answer: (method: string, url: string) => Response | undefined,
  { clock = new VirtualClock(), network = POLLING, ...options }: Partial<LinkOptions> = {},
): Promise<Link> {
  const fetch: HttpDialOptions["fetch"] = async (url, { method = "GET", signal }) => {
    if (url.endsWith("/link")) return new Response("0".repeat(32));
    const response = answer(method, url);
    if (response !== undefined) return response;
    return new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(new Error("aborted")));
    });
  };
  const fixed = { origin: "", host: "there", channelsMax: 1 };
  return dialHttp({ ...fixed, fetch, clock, network, ...options });
}

interface LinkOptions extends HttpDialOptions {
  readonly clock: VirtualClock;
}

test.each([
  ["GET", "answersRefused"],
  ["POST", "postsRefused"],
])("a link whose %s requests all fail names them", async (refused, text) => {
  const clock = new VirtualClock();
  const faults: unknown[] = [];
  const answer = (method: string) => {
    if (method === refused) throw new TypeError("no network");
    return method === "GET" ? undefined : new Response(null, { status: 204 });
  };
  const link = await httpLink(answer, { clock });
  link.receive({ message: () => {}, closed: (fault) => void faults.push(fault) });
  link.send(new Uint8Array(1));
  await clock.advance(7_900);
  expect(faults).toEqual([]);
  await clock.advance(1_000);
  expect(faults).toEqual([expect.objectContaining({ code: "unreachable", text })]);
});

test("halves a request that a proxy refuses as too large, and names a limit below", async () => {
  const clock = new VirtualClock();
  const faults: unknown[] = [];
  const posted: number[] = [];
  let limit = 150_000;
  const fetch: HttpDialOptions["fetch"] = async (url, { method, body, signal }) => {
    if (url.endsWith("/link")) return new Response("0".repeat(32));
    if (method === "POST") {
      const { length } = body as Uint8Array;
      if (length > limit) return new Response(null, { status: 413 });
      posted.push(length);
      return new Response(null, { status: 204 });
    }
    return new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(new Error("aborted")));
    });
  };
  const fixed = { origin: "", host: "there", channelsMax: 1, network: POLLING };
  const link = await dialHttp({ ...fixed, fetch, clock });
  link.receive({ message: () => {}, closed: (fault) => void faults.push(fault) });
  for (let i = 0; i < 8; i++) link.send(new Uint8Array(100_000));
  await clock.advance(100);
  expect(posted.reduce((sum, length) => sum + Math.floor(length / 100_000), 0)).toBe(8);
  limit = 50_000;
  link.send(new Uint8Array(100_000));
  await clock.advance(100);
  expect(faults).toEqual([expect.objectContaining({ code: "too-large", text: "postsLimited" })]);
});

test.each([
  [503, "no more connections\n", "connectionsFull"],
  [502, "<html>Bad Gateway</html>", "serverRestarts"],
  [503, "<html>Service Unavailable</html>", "serverRestarts"],
])("names the cause of status %i: %j", async (status, body, text) => {
  const fetch: HttpDialOptions["fetch"] = async () => new Response(body, { status });
  const clock = new VirtualClock();
  const fixed = { origin: "", host: "there", channelsMax: 1, network: POLLING };
  const dialled = dialHttp({ ...fixed, fetch, clock });
  expect(await rejection(dialled)).toMatchObject({ code: "unreachable", text });
});

test("a proxy without its server is named", async () => {
  const { dial } = dialer({ health: "<html>Bad Gateway</html>", status: 502 });
  expect(await rejection(dial())).toMatchObject({ text: "serverRestarts" });
});

test("opens a data channel after the previous one has closed", async () => {
  const clock = new VirtualClock();
  let opened = 0;
  const link = await httpLink(
    (method) => (method === "GET" ? void opened++ : new Response(null, { status: 204 })),
    { clock },
  );
  const first = await link.openChannel();
  const second = link.openChannel();
  const third = rejection(link.openChannel());
  await clock.advance(100);
  expect(opened).toBe(2);
  first.destroy();
  await second;
  expect(opened).toBe(3);
  link.destroy();
  expect(await third).toMatchObject({ code: "unreachable" });
});

test("polls after a withheld response, and streams again ten minutes later", async () => {
  const clock = new VirtualClock();
  const requests: string[] = [];
  const network = { pollsUntil: 0 };
  const answer = (method: string, url: string) =>
    method === "GET" ? void requests.push(url.includes("poll") ? "poll" : "stream") : undefined;
  const link = await httpLink(answer, { clock, network });
  await clock.advance(3_250);
  link.destroy();
  (await httpLink(answer, { clock, network })).destroy();
  await clock.advance(600_000);
  (await httpLink(answer, { clock, network })).destroy();
  expect(requests).toEqual(["stream", "poll", "poll", "stream"]);
});

test("destroys the link when the page is closed", async () => {
  const page = new EventTarget();
  const requests: string[] = [];
  const answer = (method: string) => void requests.push(method);
  const onPageHide: HttpDialOptions["onPageHide"] = (callback, signal) =>
    page.addEventListener("pagehide", callback, { signal });
  const link = await httpLink(answer, { onPageHide });
  page.dispatchEvent(new Event("pagehide"));
  expect([requests, link.send(new Uint8Array(1))]).toEqual([["GET", "DELETE"], false]);
  page.dispatchEvent(new Event("pagehide"));
  expect(requests).toHaveLength(2);
});
