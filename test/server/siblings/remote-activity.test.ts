import { expect, test } from "bun:test";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import {
  SIBLING_CANCEL_TIMEOUT_MS,
  SIBLING_CONSOLE_INTERVAL_MS,
  SIBLING_FORGET_MS,
  SIBLINGS_MAX,
} from "../../../src/base/limits-cluster.ts";
import { RemoteActivity } from "../../../src/server/siblings/remote-activity.ts";
import type { Answer } from "../../../src/wire/messages.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { MemoryContent } from "../../io/cluster/memory-content.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import type { Site } from "../site.ts";
import { Sites } from "./sites.ts";

const TOKEN = "the token of the data folder";

type Clients = Answer<"clients">["clients"];

test("lists the clients and statistics of all servers", async () => {
  const sites = await Sites.open(3, { operatorToken: "the token of the data folder" });
  const { time } = sites.site(0);
  const olga = await sites.site(0).member("olga");
  await sites.site(1).member("ben");
  await sites.site(2).member("cleo");
  await time.advance(5_000);
  await olga.request("operate", { token: "the token of the data folder" });
  const users = (clients: Clients) => clients.map(({ user }) => user);
  const first = await olga.request("clients", {});
  expect(users(first.clients)).toEqual(["olga"]);
  await time.advance(SIBLING_CONSOLE_INTERVAL_MS);
  const { clients } = await olga.request("clients", {});
  expect(users(clients).toSorted()).toEqual(["ben", "cleo", "olga"]);
  expect(new Set(clients.map(({ client }) => client)).size).toBe(3);
  const [own, second, third] = clients;
  const rest = await olga.request("clients", { after: own?.client ?? 0 });
  expect(users(rest.clients)).toEqual([second?.user, third?.user]);
  const last = await olga.request("clients", { after: second?.client ?? 0 });
  expect(users(last.clients)).toEqual([third?.user]);
  const { servers = [] } = await olga.request("stats", {});
  expect(servers.map(({ sessions }) => sessions)).toEqual([1, 1, 1]);
  await time.advance(SIBLING_FORGET_MS);
  expect(users((await olga.request("clients", {})).clients)).toEqual(["olga"]);
});

test("cancels exactly one transfer at another server", async () => {
  const sites = await Sites.open(2, { operatorToken: TOKEN });
  const olga = await sites.site(0).member("olga");
  const ben = await sites.site(1).member("ben");
  await olga.request("operate", { token: TOKEN });
  const file = new TestFile("far", 3 * CHUNK_BYTES);
  const lane = await channelOf(ben);
  await lane.request("offer", file.offer());
  file.sendAll(lane, 0, 1);
  await lane.until("ack");
  await olga.request("transfers", {});
  await sites.site(0).time.advance(SIBLING_CONSOLE_INTERVAL_MS);
  const { transfers } = await olga.request("transfers", {});
  expect(transfers).toMatchObject([{ file: file.id, user: "ben", direction: "up" }]);
  expect(transfers[0]?.server).toBeDefined();
  await olga.request("cancel", { file: file.id, user: "ben", direction: "up" });
  expect((await lane.untilEnded()).fault?.code).toBe("not-allowed");
  for (const at of [0, 1]) {
    const cancelled = sites.site(at).events.filter(({ kind }) => kind === "cancelled");
    expect(cancelled).toMatchObject([{ by: "olga", user: "ben", file: file.id }]);
  }
  const refused = olga.refused("cancel", { file: file.id, user: "ben", direction: "up" });
  await sites.site(0).time.advance(SIBLING_CANCEL_TIMEOUT_MS);
  expect((await refused).code).toBe("not-found");
  expect(ben.ended).toBeUndefined();
});

test("deletes the part of an upload that another server has", async () => {
  const store = new MemoryContent();
  const contents = { store, waitUntilCurrent: () => Promise.resolve(true) };
  const sites = await Sites.open(2, { operatorToken: TOKEN, contents });
  const [one, two] = [sites.site(0), sites.site(1)];
  store.unixMs = () => one.clock.unixMs();
  const [anas, anaAway] = [await one.member("ana"), await one.member("ben")];
  const [first, second] = [new TestFile("first", 3 * CHUNK_BYTES), new TestFile("second", 1)];
  for (const [guest, file] of [
    [anas, first],
    [anaAway, second],
  ] as const) {
    const lane = await channelOf(guest);
    await lane.request("offer", file.offer());
    file.sendAll(lane, 0, 1);
    await lane.until("ack");
    lane.hangUp();
  }
  await one.quiet();
  const stored = () => one.disk.list("/d/files").filter((name) => name.startsWith("f"));
  expect(stored()).toHaveLength(2);
  const anaAtTwo = await two.again(anas, "ana");
  await (await channelOf(anaAtTwo)).request("withdraw", { file: first.id });
  await one.quiet();
  expect(stored()).toEqual([second.id]);
  await anaAtTwo.request("operate", { token: TOKEN });
  await anaAtTwo.request("erase-all", { user: "ben" });
  await one.quiet();
  expect(stored()).toEqual([]);
});

async function ircClient(site: Site, password: string): Promise<Guest> {
  const guest = await site.connect();
  Object.defineProperty(site.farEnd(guest), "transport", { value: "irc" });
  await guest.greet();
  await guest.request("login", guest.passwordLogin("ben", password));
  await guest.until("caught-up");
  return guest;
}

test.each([true, false])(
  "signs IRC clients out at every server, devices: %p",
  async (hasDevice) => {
    const sites = await Sites.open(2, { operatorToken: TOKEN });
    const olga = await sites.site(0).member("olga");
    await olga.request("operate", { token: TOKEN });
    const ben = await sites.site(1).member("ben", "secret");
    const [first, second] = [
      await ben.request("irc-password", {}),
      await ben.request("irc-password", {}),
    ];
    if (!hasDevice) await ben.request("logout", { forget: true });
    const clients: Guest[] = [];
    for (const secret of [first.password, second.password, "secret"]) {
      clients.push(await ircClient(sites.site(1), secret));
    }
    await olga.request("irc-password-revoke", { user: "ben", id: first.id });
    expect((await clients[0]?.untilEnded())?.fault?.code).toBe("login-refused");
    expect(clients[1]?.ended).toBeUndefined();
    if (hasDevice) expect(clients[2]?.ended).toBeUndefined();
    await olga.request("sign-out", { user: "ben" });
    for (const client of clients) {
      expect((await client.untilEnded()).fault?.code).toBe("login-refused");
    }
  },
);

test("signs a user out at every server", async () => {
  const sites = await Sites.open(2, { operatorToken: TOKEN });
  const olga = await sites.site(0).member("olga");
  const ben = await sites.site(1).member("ben");
  await ben.request("passwd", { password: "secret" });
  await olga.request("operate", { token: TOKEN });
  await olga.request("sign-out", { user: "ben" });
  expect((await ben.untilEnded()).fault?.code).toBe("login-refused");
});

test("lists new servers after any number of former ones", async () => {
  const clock = new VirtualClock();
  const activity = new RemoteActivity({ clock } as never);
  const client = { client: 7 };
  const receive = (name: string) =>
    activity.receive(name, { server: { server: name }, clients: [client], transfers: [] } as never);
  for (let i = 0; i < SIBLINGS_MAX; i++) receive(`former${i}`);
  receive("beyond the limit");
  expect(activity.all).toHaveLength(SIBLINGS_MAX);
  const numbers = activity.all.map(({ clients }) => clients[0]?.client);
  await clock.advance(SIBLING_FORGET_MS);
  receive("new");
  expect(activity.all.map(({ server }) => server.server)).toEqual(["new"]);
  expect(numbers).not.toContain(activity.all[0]?.clients[0]?.client);
});
