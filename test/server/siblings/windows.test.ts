import { expect, test } from "bun:test";
import type { FileId, UserId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import {
  SIBLING_CANCEL_MS,
  SIBLING_CANCELS_MAX,
  SIBLING_FORGET_MS,
  SIBLING_WINDOW_EVERY_MS,
} from "../../../src/base/limits-cluster.ts";
import { RemoteCancels } from "../../../src/server/siblings/cancels.ts";
import type { SiblingNews } from "../../../src/server/siblings/siblings.ts";
import { RemoteWindows } from "../../../src/server/siblings/windows.ts";
import type { Answer } from "../../../src/wire/messages.ts";
import type { ServerWindow } from "../../../src/wire/messages-admin.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import { Sites } from "./sites.ts";

const TOKEN = "the token of the data folder";

type Clients = Answer<"clients">["clients"];

const NUMBERS = { memoryBytes: 1, links: 1, sessions: 1, lanes: 0, sentBytes: 2, receivedBytes: 3 };

function windowOf(server: string, clients: readonly number[]): ServerWindow {
  const client = {
    ...{ program: "p", address: "10.0.0.9:5", transport: "tcp", since: 1, lane: false },
    ...{ operator: false, sentMessages: 0, sentBytes: 0, receivedMessages: 0, receivedBytes: 0 },
    ...{ queuedBytes: 0, acknowledged: 0 },
  };
  return {
    server: { server, version: "1", since: 1, ...NUMBERS },
    clients: clients.map((number) => ({ ...client, client: number })),
    transfers: [],
  };
}

test("an operator sees who is connected to any server, and how each of them is", async () => {
  const sites = await Sites.open(3, { operatorToken: "the token of the data folder" });
  const { time } = sites.site(0);
  const olga = await sites.site(0).member("olga");
  await sites.site(1).member("ben");
  await sites.site(2).member("cleo");
  await time.advance(5_000);
  await olga.ask("operate", { token: "the token of the data folder" });
  const users = (clients: Clients) => clients.map(({ user }) => user);
  const first = await olga.ask("clients", {});
  expect(users(first.clients)).toEqual(["olga"]);
  await time.advance(SIBLING_WINDOW_EVERY_MS);
  const { clients } = await olga.ask("clients", {});
  expect(users(clients).toSorted()).toEqual(["ben", "cleo", "olga"]);
  expect(new Set(clients.map(({ client }) => client)).size).toBe(3);
  // From a page to the next, too.
  const [own, second, third] = clients;
  const rest = await olga.ask("clients", { after: own?.client ?? 0 });
  expect(users(rest.clients)).toEqual([second?.user, third?.user]);
  const { servers = [] } = await olga.ask("stats", {});
  expect(servers.map(({ sessions }) => sessions)).toEqual([1, 1, 1]);
  // Nobody looks: what was seen is not shown for long.
  await time.advance(SIBLING_FORGET_MS);
  expect(users((await olga.ask("clients", {})).clients)).toEqual(["olga"]);
  await sites.stop();
});

test("one look and one showing in a while, however many operators ask", () => {
  const clock = new VirtualClock();
  const told: SiblingNews[] = [];
  const own = () => windowOf("here:1", []);
  const windows = new RemoteWindows({ clock, own, siblings: { tell: (news) => told.push(news) } });
  for (let i = 0; i < 50; i++) {
    windows.look();
    windows.looked();
  }
  expect(told.map(({ kind }) => kind)).toEqual(["look", "window"]);
});

test("numbers of connections stay apart, also those that no server has", () => {
  const clock = new VirtualClock();
  const windows = new RemoteWindows({
    clock,
    own: () => windowOf("", []),
    siblings: { tell: () => {} },
  });
  windows.heard("b", windowOf("b:1", [1, 2 ** 32, 2 ** 53 - 1]));
  windows.heard("a", windowOf("a:1", [1, 7]));
  const numbers = windows.all.flatMap(({ clients }) => clients.map(({ client }) => client));
  expect(numbers).toEqual([2 ** 32 + 1, 2 * 2 ** 32 + 1, 2 * 2 ** 32 + 7]);
  expect(windows.all[0]?.clients[0]?.server).toBe("b:1");
});

test("an operator cancels what is under way at another server, and only that", async () => {
  const sites = await Sites.open(2, { operatorToken: TOKEN });
  const olga = await sites.site(0).member("olga");
  const ben = await sites.site(1).member("ben");
  await olga.ask("operate", { token: TOKEN });
  const file = new TestFile("far", 3 * CHUNK_BYTES);
  const lane = await channelOf(ben);
  await lane.ask("offer", file.offer());
  file.sendAll(lane, 0, 1);
  await lane.until("ack");
  await olga.ask("transfers", {});
  await sites.site(0).time.advance(SIBLING_WINDOW_EVERY_MS);
  const { transfers } = await olga.ask("transfers", {});
  expect(transfers).toMatchObject([{ file: file.id, user: "ben", direction: "up" }]);
  expect(transfers[0]?.server).toBeDefined();
  await olga.ask("cancel", { file: file.id, user: "ben", direction: "up" });
  expect((await lane.untilEnded()).fault?.code).toBe("not-allowed");
  for (const at of [0, 1]) {
    const told = sites.site(at).events.filter(({ kind }) => kind === "cancelled");
    expect(told).toMatchObject([{ by: "olga", user: "ben", file: file.id }]);
  }
  // It is over, and nobody has it: one hears so after a while.
  const refused = olga.refused("cancel", { file: file.id, user: "ben", direction: "up" });
  await sites.site(0).time.advance(SIBLING_CANCEL_MS);
  expect((await refused).code).toBe("not-found");
  expect(ben.ended).toBeUndefined();
  await sites.stop();
});

test("a user is signed out at whichever server they are", async () => {
  const sites = await Sites.open(2, { operatorToken: TOKEN });
  const olga = await sites.site(0).member("olga");
  const ben = await sites.site(1).member("ben");
  await ben.ask("passwd", { password: "secret" });
  await olga.ask("operate", { token: TOKEN });
  await olga.ask("sign-out", { user: "ben" });
  expect((await ben.untilEnded()).fault?.code).toBe("login-refused");
  await sites.stop();
});

test("answers of servers that nobody asked, or come late, are nothing", async () => {
  const clock = new VirtualClock();
  const told: SiblingNews[] = [];
  let isHere = false;
  let number = 0;
  const cancels = new RemoteCancels({
    clock,
    entropy: (size) => new Uint8Array(size).fill(number++),
    siblings: { tell: (news) => told.push(news) },
    here: async () => isHere,
  });
  const cancel = { file: "f1" as FileId, user: "u1" as UserId, by: "u2" as UserId } as const;
  const asked = cancels.ask({ ...cancel, direction: "up" });
  const [news] = told;
  if (news?.kind !== "cancel") throw new Error("nobody was asked");
  cancels.answered("another");
  await clock.advance(SIBLING_CANCEL_MS);
  expect(await asked).toBe(false);
  cancels.answered(news.ask);
  const second = cancels.ask({ ...cancel, direction: "down" });
  const last = told.at(-1);
  if (last?.kind === "cancel") cancels.answered(last.ask);
  expect(await second).toBe(true);
  const before = told.length;
  await cancels.asked(news);
  expect(told).toHaveLength(before); // Who has nothing of it says nothing.
  isHere = true;
  await cancels.asked(news);
  expect(told.at(-1)).toEqual({ kind: "cancelled", ask: news.ask });
  for (let i = 0; i < SIBLING_CANCELS_MAX; i++) void cancels.ask({ ...cancel, direction: "up" });
  expect(() => cancels.ask({ ...cancel, direction: "up" })).toThrow("too many");
});
