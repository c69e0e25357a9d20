import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { outboxId } from "../../../src/base/ids.ts";
import { nativeSealPrimitives } from "../../../src/cli/connect/seal-primitives.ts";
import type { SealedHome } from "../../../src/client/sealed/sealing.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { type Device, type Person, SealedSite } from "./sealed-site.ts";

/** What waits to be sent to sealed rooms is on the writer's disk, and nowhere in the clear. */

const CANARY = "canary in a coal mine";

/** Files of the folder, side files too, in which the words are. */
function holding(folder: string, words: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => readFileSync(path).includes(words));
}

/** With all that it keeps on the disk. */
function onDisk(world: SealedSite): Device {
  const device = world.device();
  return { ...device, state: ClientState.open(device.folder) };
}

function again(device: Device): Device {
  return { ...device, state: ClientState.open(device.folder) };
}

/** In the sealed room with ben. */
async function enters(world: SealedSite, device: Device): Promise<[Person, Person]> {
  const ana = await world.join("ana", device);
  const ben = await world.join("ben");
  await ana.makes("vault");
  await ana.letsIn(ben, "vault");
  await ana.say("vault", "first");
  return [ana, ben];
}

/** The server hears no post. */
function mute(person: Person): void {
  person.liar.lies = { asks: (question) => (question.kind === "post" ? undefined : question) };
}

async function writes(ana: Person, text: string): Promise<void> {
  mute(ana);
  const posted = ana.client.post("vault", { text }).catch(() => undefined);
  await ana.world.site.time.advance(100);
  expect(holding(ana.device.folder, text)).toEqual([]);
  await ana.world.wait(ana.leave());
  await posted;
  ana.device.state.close();
}

test("it is encrypted, and the next run sends it", async () => {
  await using world = await SealedSite.open();
  const device = onDisk(world);
  const [ana, ben] = await enters(world, device);
  await writes(ana, CANARY);
  expect(holding(device.folder, CANARY)).toEqual([]);
  const next = await world.join("ana", again(device));
  await ben.hears("vault", CANARY);
  await next.hears("vault", CANARY);
  expect(holding(device.folder, CANARY)).toEqual([]);
  await world.wait(next.leave());
  next.device.state.close();
});

test("also where nobody knows yet that the room is sealed", async () => {
  await using world = await SealedSite.open();
  const first = onDisk(world);
  const [ana, ben] = await enters(world, first);
  const linked = await world.link(ana);
  const other = again(linked);
  const { fingerprint = "" } = ana.client;
  other.state.setAccountKey(
    fingerprint,
    "ana",
    linked.state.accountKey(fingerprint, "ana", () => ""),
  );
  other.state.enrol(fingerprint, "ana", linked.state.enrolment(fingerprint, "ana") ?? "");
  const script = world.person("ana", other, "10.0.1.77", "none");
  // In the tick in which it is in: the server has not told of a room.
  await world.wait(script.client.connect());
  await world.wait(script.client.post("vault", { text: CANARY }));
  expect(holding(other.folder, CANARY)).toEqual([]);
  await ben.hears("vault", CANARY);
  await world.wait(script.leave());
  other.state.close();
  await world.wait(ana.leave());
  first.state.close();
});

test("what an earlier program has left in the clear is encrypted first", async () => {
  await using world = await SealedSite.open();
  const device = onDisk(world);
  const [ana, ben] = await enters(world, device);
  const { fingerprint = "" } = ana.client;
  await world.wait(ana.leave());
  const id = outboxId(new Uint8Array(8).fill(5));
  const body = JSON.stringify({ text: CANARY, meant: "sealed" });
  const post = { counter: 1, target: "vault", body, createdUnixMs: world.site.clock.unixMs() };
  const owner = { fingerprint, user: "ana" };
  device.state.outboxes.write(id, { ...owner, added: [post], settled: [] });
  device.state.close();
  expect(holding(device.folder, CANARY)).not.toEqual([]);
  const silent = world.person("ana", again(device));
  mute(silent);
  await silent.enter();
  await world.site.time.advance(1_000);
  await world.wait(silent.leave());
  silent.device.state.close();
  expect(holding(device.folder, CANARY)).toEqual([]);
  const next = await world.join("ana", again(device));
  await ben.hears("vault", CANARY);
  await world.wait(next.leave());
  next.device.state.close();
});

test.each([
  ["another key of the device", { key: new Uint8Array(32), target: "vault" }],
  ["another target, set by another hand", { key: undefined, target: "lobby" }],
])("with %s it is not sent, and that is said", async (_, { key, target }) => {
  await using world = await SealedSite.open();
  const device = onDisk(world);
  const [ana] = await enters(world, device);
  await writes(ana, CANARY);
  const database = new Database(join(device.folder, "state.sqlite"));
  database.run("UPDATE outbox SET target = ?", [target]);
  database.close();
  const between = (home: SealedHome): SealedHome =>
    key === undefined ? home : { ...home, stateKey: () => nativeSealPrimitives.aesGcm(key) };
  const next = world.person("ana", { ...again(device), between });
  const posts: unknown[] = [];
  next.liar.lies = {
    asks: (question) => {
      if (question.kind === "post") posts.push(question);
      return question;
    },
  };
  await next.enter();
  const adopted = await next.until("its end", () =>
    next.events.find((event) => event.kind === "adopted"),
  );
  expect(adopted).toMatchObject({ target, text: "", outcome: { fault: { code: "seal-state" } } });
  expect(posts).toEqual([]);
  await world.wait(next.leave());
  next.device.state.close();
});
