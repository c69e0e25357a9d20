import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { systemClock } from "../../src/io/clock.ts";
import { openJetStream } from "../../src/io/nats/jetstream.ts";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { serveNodes } from "./cluster-nodes.ts";
import { WordSearch } from "./memory.ts";
import { type Program, Sandbox, type Served } from "./program.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start();
});

afterAll(() => nats.stop());

/** Waits until the servers have key packages of the device; then others can add it. */
async function keyPackages(
  { fingerprint: own }: Served,
  devices: number,
  cluster = "chat",
): Promise<void> {
  const stream = await openJetStream({
    servers: nats.urls,
    cluster,
    isUnsafe: true,
    clock: systemClock(),
    identity: { own, make: () => Promise.resolve(own) },
  });
  const { manager } = stream.clusterConnection;
  await until(`key packages of ${devices} devices`, async () => {
    const query = { subjects_filter: `chat.${cluster}.kept.keys.>` };
    const { state } = await manager.streams.info(`CHATKEPT_${cluster}`, query);
    return Object.keys(state.subjects ?? {}).length >= devices;
  });
  await stream.close();
}

async function letsIn(by: Program, name: string): Promise<void> {
  by.type(`/invite ${name}`);
  expect(await by.json("let-in", { user: name })).toMatchObject({ added: 1, missing: 0 });
}

test("devices at another server receive earlier messages", async () => {
  await using sandbox = new Sandbox();
  const cluster = "handed";
  const [a, b] = (await serveNodes(sandbox, nats, ["a", "b"], { cluster })) as [Served, Served];
  const laptop = sandbox.home("laptop");
  const ana = await laptop.join([a.invite, "--user", "ana"]);
  ana.type("/join vault --sealed --history");
  await ana.json("joined", { room: "vault", created: true });
  ana.type("an earlier text");
  await ana.json("text", { text: "an earlier text" });
  const offering = laptop.start(["link-device", "--no-wait", "--json", a.invite]);
  const { code } = await offering.json("link-code");
  const phone = sandbox.home("phone").with({ CHAT_LINK_CODE: String(code) });
  await phone.json(["link-device", "--no-wait", "--join", a.invite]);
  await offering.ended();
  const other = await phone.join([b.invite]);
  expect(await other.json("handover", { step: "read" })).toMatchObject({ messages: 1 });
  await ana.json("handover", { step: "sent" });
  const ben = await sandbox.home("ben").join([b.invite, "--user", "ben"]);
  await keyPackages(a, 3, cluster);
  await letsIn(ana, "ben");
  await ben.json("may-join", { room: "vault" });
  ben.type("/join vault");
  expect(await ben.json("handover", { step: "read" })).toMatchObject({ messages: 1 });
});

test("a sealed room with users at different servers survives the loss of a server", async () => {
  await using sandbox = new Sandbox();
  const [a, b, c] = (await serveNodes(sandbox, nats, ["a", "b", "c"])) as [Served, Served, Served];
  const join = (name: string, { invite }: Served) =>
    sandbox.home(name).join([invite, "--user", name]);
  const ana = await join("ana", a);
  const ben = await join("ben", b);
  const eve = await join("eve", c);
  const words = Array.from({ length: 8 }, (_, i) => `canary-${i}-${crypto.randomUUID()}`);
  const [first = "", second = "", third = "", fourth = "", fifth = "", last = "", ...files] = words;
  const [name = "", content = ""] = files;

  ana.type("/join vault --sealed");
  await ana.json("joined", { room: "vault", created: true });
  await keyPackages(a, 3);
  await letsIn(ana, "ben");
  await ben.json("may-join", { room: "vault", by: "ana" });
  ben.type("/join vault");
  await ana.json("join", { from: "ben", room: "vault" });
  ana.type(first);
  await ben.json("text", { from: "ana", text: first, sealed: true });
  ben.type(second);
  await ana.json("text", { from: "ben", text: second, sealed: true });

  ana.type("/grant ben");
  await ben.json("group", { from: "ana", added: 0 });
  await letsIn(ben, "eve");
  await eve.json("may-join", { room: "vault", by: "ben" });
  eve.type("/join vault");
  await ana.json("join", { from: "eve", room: "vault" });
  eve.type(third);
  for (const one of [ana, ben]) await one.json("text", { from: "eve", text: third });
  ben.type("/kick eve");
  await eve.json("leave", { from: "eve" });
  ana.type(fourth);
  await ben.json("text", { from: "ana", text: fourth });

  const dan = await join("dan", a);
  await keyPackages(a, 4);
  await letsIn(ben, "dan");
  await dan.json("may-join", { room: "vault", by: "ben" });
  dan.type("/quit");
  await dan.ended();

  const file = sandbox.write(name, `${content}\n`.repeat(50));
  ana.type(`/send "${file}"`);
  const shown = await ben.file({ name });

  await a.program.signal("SIGKILL");
  ana.type(fifth);
  await ben.json("text", { from: "ana", text: fifth });
  const dans = await join("dan", c);
  await dans.json("may-join", { room: "vault" });
  dans.type("/join vault");
  await ana.json("join", { from: "dan", room: "vault" });
  dans.type(last);
  for (const one of [ana, ben]) await one.json("text", { from: "dan", text: last });
  ben.type(`/get ${shown["id"]} "${sandbox.path("tmp")}"`);
  const got = await ben.json("got", { id: shown["id"] });
  expect(readFileSync(String(got["path"]), "utf8")).toBe(readFileSync(file, "utf8"));
  ana.type("/sealed");
  const members = ["ana", "ben", "dan"].map((user) => expect.objectContaining({ user }));
  expect(await ana.json("sealing")).toMatchObject({ status: "in", members });
  for (const word of [fourth, fifth, last]) expect(eve.out.text).not.toContain(word);

  const search = new WordSearch(words);
  for (const { data, program } of [a, b, c]) {
    search.folder(data);
    search.look(Buffer.from(program.out.text + program.err.text), "output");
  }
  search.folder(nats.folder);
  expect(search.found).toEqual([]);
  const names = new WordSearch(["vault"]);
  names.folder(nats.folder);
  expect(names.found).not.toEqual([]);
});
