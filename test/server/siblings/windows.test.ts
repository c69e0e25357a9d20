import { expect, test } from "bun:test";
import { SIBLING_FORGET_MS, SIBLING_WINDOW_EVERY_MS } from "../../../src/base/limits-cluster.ts";
import type { SiblingNews } from "../../../src/server/siblings/siblings.ts";
import { RemoteWindows } from "../../../src/server/siblings/windows.ts";
import type { Answer } from "../../../src/wire/messages.ts";
import type { ServerWindow } from "../../../src/wire/messages-admin.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { Sites } from "./sites.ts";

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
