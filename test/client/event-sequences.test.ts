import { expect, test } from "bun:test";
import { type ClientEvent, modelEventOf } from "../../src/client/event.ts";
import type { ModelEvent } from "../../src/core/model/event.ts";
import { ClientFixture, clientTest, screenModel, type Watched } from "./client-fixture.ts";

const FILE = "f".repeat(12);
const RECONNECTED = "connection(connecting) greeted";

type Scenario = (fixture: ClientFixture) => Promise<void>;

async function sequences(scenario: Scenario): Promise<{ read: string[]; pushed: string[] }> {
  const read = await run(scenario, (fixture) =>
    fixture.connect({ model: screenModel(fixture.clock) }),
  );
  const pushed: ModelEvent[] = [];
  const receive = (event: ClientEvent) => {
    const change = modelEventOf(event, 0);
    if (change !== undefined) pushed.push(change);
  };
  await run(scenario, (fixture) => fixture.connect({}, receive));
  return { read: summarize(read.events), pushed: summarize(pushed) };
}

async function run(
  scenario: Scenario,
  connect: (fixture: ClientFixture) => Promise<Watched>,
): Promise<Watched> {
  const fixture = new ClientFixture();
  fixture.server.addRecord({ text: "before" }, "bob");
  const watched = await connect(fixture);
  await fixture.clock.advance(0);
  await scenario(fixture);
  await fixture.outcome(watched.client.close());
  return watched;
}

function summarize(events: readonly { readonly kind: string }[]): string[] {
  const words = events.map((event) => {
    const { kind, user, isRenamed, connection, record, rooms, fault } = event as {
      kind: string;
      user?: string;
      isRenamed?: boolean;
      connection?: { kind: string };
      record?: { n: number };
      rooms?: readonly { name: string }[];
      fault?: { code: string };
    };
    const names = kind === "connected" ? rooms?.map(({ name }) => name) : [];
    const about = [
      user,
      isRenamed === true ? "renamed" : undefined,
      connection?.kind,
      record?.n,
      fault?.code,
      ...(names ?? []),
    ];
    const reports = about.filter((one) => one !== undefined).join(" ");
    return reports === "" ? kind : `${kind}(${reports})`;
  });
  return words.join(" ").split(/ (?=lost|connection\(offline)|(?<=caught-up) /);
}

test("lists the rooms again after a reconnection, without repeating records", async () => {
  const { read, pushed } = await sequences(async ({ network, server, clock }) => {
    network.cut();
    server.addRecord({ text: "missed" }, "bob");
    server.misbehaviour.onRecord = ({ record }) => {
      server.misbehaviour = {};
      server.notify({ kind: "announced", text: "soon", by: "op", time: 1 });
      server.notify({ kind: "majority", on: true });
      return record;
    };
    await clock.advance(1_000);
    server.addRecord({ text: "live" }, "bob");
    await clock.advance(0);
  });
  const before = "pinned connected(ana lobby) record(1) caught-up";
  const after = "lost(link-closed) announced connected(ana lobby) majority record(2) caught-up";
  const listing = "entered(ana) listing room announced majority record(2) caught-up";
  expect(read).toEqual([before, after, "record(3) closed"]);
  expect(pushed).toEqual([
    "connection(entering) greeted entered(ana) listing room record(1) caught-up",
    `connection(offline) ${RECONNECTED} ${listing}`,
    "record(3)",
  ]);
});

test("reads an announcement once that the server repeats after each connection", async () => {
  const { read } = await sequences(async ({ network, server, clock }) => {
    const announce = (text: string) =>
      server.notify({ kind: "announced", text, by: "op", time: 1 });
    announce("soon");
    await clock.advance(0);
    network.cut();
    await clock.advance(1_000);
    for (const text of ["soon", "", "soon"]) announce(text);
    await clock.advance(0);
  });
  const before = "pinned connected(ana lobby) record(1) caught-up";
  const lost = "lost(link-closed) connected(ana lobby) caught-up";
  expect(read).toEqual([before, "announced", lost, "announced announced closed"]);
});

test("continues as the same user after a rename on the server", async () => {
  const { read, pushed } = await sequences(async ({ network, server, clock }) => {
    const account = server.accounts.get("ana");
    if (account !== undefined) server.accounts.set("ana", { ...account, user: "anna" });
    network.cut();
    await clock.advance(1_000);
  });
  const before = "pinned connected(ana lobby) record(1) caught-up";
  expect(read).toEqual([before, "lost(link-closed) connected(anna lobby) caught-up", "closed"]);
  expect(pushed).toEqual([
    "connection(entering) greeted entered(ana) listing room record(1) caught-up",
    `connection(offline) ${RECONNECTED} entered(anna renamed) listing room caught-up`,
  ]);
});

test("delivers notices about rooms and the account in the server's order", async () => {
  const { read, pushed } = await sequences(async ({ server, clock }) => {
    server.notify({ kind: "room", room: "r2", name: "hall", n: 1, skipped: 3 });
    server.addRecord({}, "bob", "room", "r2");
    server.addRecord({ text: "hello" }, "bob", "text", "r2");
    server.notify({ kind: "presences", room: "r2", online: ["bob"], offline: [] });
    server.notify({ kind: "typing", room: "r2", users: ["bob"] });
    server.notify({ kind: "offered", room: "r2", file: FILE, from: "bob", name: "a", size: 1 });
    for (const n of [2, 2]) server.notify({ kind: "read", room: "r2", n });
    server.notify({ kind: "majority", on: false });
    server.notify({ kind: "room-gone", room: "r2" });
    await clock.advance(0);
  });
  expect(read.at(-1)).toBe("room record(2) presence(bob) offered read majority room-gone closed");
  const first = "room record(1) record(2) presence(bob) typing";
  expect(pushed.at(-1)).toBe(`${first} offered read read majority room-gone`);
});

clientTest("ignores people before it reads their next record", async (fixture) => {
  const { server, clock } = fixture;
  const { client } = fixture.client({ hasReader: false, model: screenModel(clock) });
  expect(await fixture.code(client.connect())).toBe("fine");
  const ignored: string[] = [];
  client.subscribe(({ kind }) => {
    if (kind === "record") ignored.push([...client.model.ignored].join());
  });
  server.notify({ kind: "ignored", users: ["Bob"] });
  server.addRecord({ text: "hello" }, "bob");
  await clock.advance(0);
  expect(ignored).toEqual(["bob"]);
});

clientTest("starts from the room list and the stored cursor with a model", async (fixture) => {
  const { fingerprint } = fixture.server.identity;
  for (const seq of [1, 2]) {
    const { client } = await fixture.connect({}, () => undefined);
    fixture.server.addRecord({ text: "read" }, "bob");
    await fixture.clock.advance(1_000);
    expect(fixture.state.cursor(fingerprint, "ana")).toBe(seq);
    await fixture.outcome(client.close());
  }
  const logins = fixture.server.requests.filter(({ kind }) => kind === "login");
  expect(logins.map((request) => "after" in request)).toEqual([false]);
});
