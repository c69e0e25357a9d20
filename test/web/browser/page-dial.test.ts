import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { Link } from "../../../src/io/link/link.ts";
import { PageDialer } from "../../../src/web/browser/browser.ts";
import { dialHttp } from "../../../src/web/browser/http-link.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { rejection } from "../../rejection.ts";

const unreachable = new Fault("unreachable", "refused");
const linkOf = (transport: string, receivedMessages = 1) =>
  ({ transport, counters: () => ({ receivedMessages }) }) as unknown as Link;

function dialer({ refusals = 99, health = "ok\n", http = linkOf("http") as Link | Fault }) {
  const dialled: string[] = [];
  const page = new PageDialer({
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
      return new Response(health);
    },
  });
  return { dialled, dial: page.dial };
}

test("uses HTTP after two refusals, and then at once", async () => {
  const { dialled, dial } = dialer({});
  expect((await dial()).transport).toBe("http");
  expect((await dial()).transport).toBe("http");
  expect(dialled).toEqual(["socket", "socket", "http", "http"]);
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

test.each([
  ["GET", "answersRefused"],
  ["POST", "postsRefused"],
])("a link whose %s requests all fail names them", async (refused, text) => {
  const clock = new VirtualClock();
  const faults: unknown[] = [];
  const link = await dialHttp({
    fetch: async (url, { method = "GET" }) => {
      if (url.endsWith("/link")) return new Response("0".repeat(32));
      if (method === refused) throw new TypeError("no network");
      return method === "GET" ? new Promise(() => {}) : new Response(null, { status: 204 });
    },
    origin: "",
    host: "there",
    clock,
    channelsMax: 1,
    network: { isBuffering: true },
  });
  link.receive({ message: () => {}, closed: (fault) => void faults.push(fault) });
  link.send(new Uint8Array(1));
  await clock.advance(7_900);
  expect(faults).toEqual([]);
  await clock.advance(1_000);
  expect(faults).toEqual([expect.objectContaining({ code: "unreachable", text })]);
});

test("opens a data channel after the previous one has closed", async () => {
  const clock = new VirtualClock();
  let opened = 0;
  const link = await dialHttp({
    fetch: async (url, { method = "GET" }) => {
      if (url.endsWith("/link")) opened += 1;
      if (url.endsWith("/link")) return new Response("0".repeat(32));
      return method === "GET" ? new Promise(() => {}) : new Response(null, { status: 204 });
    },
    origin: "",
    host: "there",
    clock,
    channelsMax: 1,
    network: { isBuffering: true },
  });
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
