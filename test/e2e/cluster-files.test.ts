import { expect } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { systemClock } from "../../src/io/clock.ts";
import { openContentStore } from "../../src/io/nats/content.ts";
import { connectNats } from "../../src/io/nats/jetstream.ts";
import { requires } from "../installed.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { ServedCluster } from "./cluster-nodes.ts";
import { file, gets, MIB, noise, sends, sha256 } from "./couriers.ts";
import { until } from "./deadline.ts";
import type { Home } from "./program.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

/** Files of three servers as one, on three nats-servers. */

let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start();
}, 60_000);

afterAll(() => nats.stop());

class Cluster extends ServedCluster {
  static async of(name: string): Promise<Cluster> {
    const cluster = new Cluster(nats, name);
    await cluster.start();
    return cluster;
  }

  /** A user who comes to that node. */
  async user(name: string, index: number): Promise<Home> {
    const { invite } = this.node(index);
    const home = this.sandbox
      .home(name)
      .with({ CHAT_USER: name, CHAT_PASSWORD: "xxxxxxxx", CHAT_SERVER: invite });
    await home.json(["register"]);
    return home;
  }

  /** The folder of a file at a node. */
  content(index: number, id: unknown): string {
    return join(this.node(index).data, "files", String(id));
  }

  store() {
    const at = { servers: nats.urls, cluster: this.name, isUnsafe: true, clock: systemClock() };
    return openContentStore(at);
  }

  /** The nats-server that leads the stream of contents. */
  async leader() {
    const connection = await connectNats({ servers: nats.urls });
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const { cluster } = await manager.streams.info(`CHATFILES_${this.name}`);
    await connection.close();
    return nats.servers[Number(cluster?.leader?.slice(1))];
  }
}

test("sent to one server, got from all, without the first too, and erased from all", async () => {
  await using cluster = await Cluster.of("files");
  const { sandbox } = cluster;
  const [ana, ben, cid] = [
    await cluster.user("ana", 0),
    await cluster.user("ben", 1),
    await cluster.user("cid", 2),
  ];
  const path = file(sandbox, "photo.jpg", noise(3 * CHUNK_BYTES + 1));
  const sent = await sends(ana, path);
  await gets(ben, sent["id"], sandbox.path("ben-inbox"));
  expect(sha256(sandbox.path("ben-inbox", "photo.jpg"))).toBe(sha256(path));
  expect(existsSync(cluster.content(2, sent["id"]))).toBe(false);

  await cluster.kill(0);
  await gets(cid, sent["id"], sandbox.path("cid-inbox"));
  expect(sha256(sandbox.path("cid-inbox", "photo.jpg"))).toBe(sha256(path));
  const content = readFileSync(path);
  for (const node of [0, 1, 2]) {
    expect(readFileSync(join(cluster.content(node, sent["id"]), "content"))).toEqual(content);
  }

  // One server is down while it is erased.
  const { id, seq } = sent;
  const admin = ["--data", cluster.node(1).data, "--server", cluster.node(1).address];
  await ben.json(["admin", "erase", String(seq), ...admin]);
  await until("it is gone", () => !existsSync(cluster.content(1, id)));
  await until("it is gone", () => !existsSync(cluster.content(2, id)));
  const store = await cluster.store();
  expect(await store.parts(id as never)).toEqual([]);
  await store.close();
  expect(existsSync(cluster.content(0, id))).toBe(true);
  await cluster.restart(0);
  await until("it is gone", () => !existsSync(cluster.content(0, id)));
}, 60_000);

test("an upload and a fetch outlive kill -9 of their server, and of NATS' leader", async () => {
  await using cluster = await Cluster.of("kills");
  const { sandbox } = cluster;
  const [ana, ben] = [await cluster.user("ana", 0), await cluster.user("ben", 1)];
  const path = file(sandbox, "large.bin", noise(3 * TRANSFER_SYNC_BYTES));
  const upload = ana.start(["send-file", path, "--json"]);
  const begun = await upload.json("progress");
  const at = (index: number) => {
    const content = join(cluster.content(index, begun["id"]), "content");
    return existsSync(content) ? statSync(content).size : 0;
  };
  await until("some of it is there", () => at(0) > 4 * MIB);
  await cluster.kill(0);
  await cluster.restart(0);
  const { exitCode } = await upload.finish(60_000);
  expect([exitCode, upload.jsonLines.filter(({ kind }) => kind === "fault")]).toEqual([0, []]);

  const fetch = ben.start(["get-file", String(begun["id"]), "--out", sandbox.path("in"), "--json"]);
  await until("some of it is there", () => at(1) > 4 * MIB);
  await cluster.kill(1);
  const leader = await cluster.leader();
  await leader?.kill();
  await cluster.restart(1);
  const got = await fetch.finish(60_000);
  expect([got.exitCode, fetch.jsonLines.filter(({ kind }) => kind === "fault")]).toEqual([0, []]);
  expect(sha256(sandbox.path("in", "large.bin"))).toBe(sha256(path));
  // What was cut off there is gone on with.
  await gets(ben, begun["id"], sandbox.path("again"));
  expect(sha256(sandbox.path("again", "large.bin"))).toBe(sha256(path));
  leader?.start();
}, 90_000);

test("what is sealed takes the same way, and no server has the words", async () => {
  await using cluster = await Cluster.of("sealed");
  const { sandbox } = cluster;
  const [ana, ben] = [await cluster.user("ana", 0), await cluster.user("ben", 1)];
  const [one, other] = [await ana.join([]), await ben.join([])];
  one.type("/join vault --sealed");
  await one.json("joined", { room: "vault" });
  // He can be let in as soon as the servers have keys of his program.
  for (let isIn = false; !isIn; ) {
    one.type("/invite ben", "/sealed");
    const { members } = await one.json("sealing");
    isIn = (members as readonly { readonly user: string }[]).some(({ user }) => user === "ben");
  }
  await other.json("may-join", { room: "vault" });
  other.type("/join vault");
  await one.json("join", { from: "ben", room: "vault" });
  for (const program of [one, other]) {
    program.type("/quit");
    await program.ended(30_000);
  }
  const words = "a canary that sings";
  const path = file(sandbox, "song.txt", `${words}\n`.repeat(20_000));
  const sent = await sends(ana, path, "--to", "vault");
  await gets(ben, sent["id"], sandbox.path("in"));
  expect(sha256(sandbox.path("in", "song.txt"))).toBe(sha256(path));
  for (const node of [0, 1]) {
    const content = readFileSync(join(cluster.content(node, sent["id"]), "content"));
    expect(content.includes(words)).toBe(false);
  }
}, 60_000);
