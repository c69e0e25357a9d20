import { expect, test } from "bun:test";
import { toBase64Url } from "../../../src/base/bytes.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { TreeDisk } from "../../../src/io/disk/disk.ts";
import { sealedFolder } from "../../../src/server/sealed/buckets.ts";
import { GroupInfoStore } from "../../../src/server/sealed/service.ts";
import { type DiskCall, type DiskFailure, SimDisk } from "../../io/disk/sim.ts";
import { rejection } from "../../rejection.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { commit, commitFields, groupOf, INFO, sealedLab } from "./sealed-lab.ts";

const ROOM = "rRRRRRRRRRRR" as RoomId;
const nameOf = (info: Uint8Array) => `${ROOM}.${toBase64Url(sha256(info))}.group`;
const hashOf = (info: Uint8Array) => toBase64Url(sha256(info));

function open(disk: TreeDisk): GroupInfoStore {
  return new GroupInfoStore(sealedFolder({ disk, folder: "/d/sealed" }).groups);
}

class Folder {
  trouble: (call: DiskCall) => DiskFailure | undefined = () => undefined;
  readonly disk: SimDisk;
  readonly at: TreeDisk;
  readonly store: GroupInfoStore;

  constructor(random = () => 0.5) {
    this.disk = new SimDisk({ random, failure: (call) => this.trouble(call) });
    this.disk.makeFolder("/d");
    this.at = this.disk.boot();
    this.store = open(this.at);
  }

  get names(): string[] {
    return this.at.list("/d/sealed");
  }
}

const [one, two] = [Uint8Array.of(1), Uint8Array.of(2)];

test("replaces the previous GroupInfo when its commit is recorded", async () => {
  const folder = new Folder();
  const { store } = folder;
  store.accept(ROOM, await store.propose(ROOM, one));
  const next = await store.propose(ROOM, two);
  expect(await store.read(ROOM, hashOf(one))).toEqual(one);
  store.accept(ROOM, next);
  expect(await store.read(ROOM, hashOf(two))).toEqual(two);
  expect(await store.read(ROOM, hashOf(one))).toBeUndefined();
  expect(folder.names).toEqual([nameOf(two)]);
});

test("survives a power loss after its commit is recorded", async () => {
  for (let seed = 0; seed < 30; seed++) {
    const folder = new Folder(randomOf(seed));
    const { store } = folder;
    store.accept(ROOM, await store.propose(ROOM, one));
    store.accept(ROOM, await store.propose(ROOM, two));
    store.withdraw(ROOM, await store.propose(ROOM, two));
    folder.disk.losePower();
    const again = open(folder.disk.boot());
    await again.sweep(() => hashOf(two));
    expect(await again.read(ROOM, hashOf(two))).toEqual(two);
  }
});

test("removes the GroupInfo of a refused commit, after a crash too", async () => {
  const folder = new Folder();
  const { store } = folder;
  store.accept(ROOM, await store.propose(ROOM, one));
  store.withdraw(ROOM, await store.propose(ROOM, two));
  expect(folder.names).toEqual([nameOf(one)]);
  const hash = await store.propose(ROOM, two);
  expect(await store.read(ROOM, hashOf(two))).toEqual(two);
  await store.sweep(() => hash);
  expect(folder.names).toEqual([nameOf(two)]);
  expect(await store.read(ROOM, hashOf(two))).toEqual(two);
  await store.propose(ROOM, one);
  await store.sweep(() => hash);
  expect(folder.names).toEqual([nameOf(two)]);
});

test("refuses the commit if the disk fails, and keeps the GroupInfo", async () => {
  const folder = new Folder();
  const { store } = folder;
  store.accept(ROOM, await store.propose(ROOM, one));
  folder.trouble = (call) => (call === "sync" ? "EIO" : undefined);
  expect(await rejection(store.propose(ROOM, two))).toMatchObject({ code: "store-failed" });
  expect(await store.read(ROOM, hashOf(one))).toEqual(one);
});

test("serves the GroupInfo of its epoch after a crash", async () => {
  const { site, ana } = await sealedLab();
  ana.send("group-commit", commitFields({ epoch: 0, info: "perhaps" })).catch(() => undefined);
  await site.time.advance(2);
  await site.restartAfterCrash();
  const again = await site.again(ana, "ana");
  const { epoch, info } = await groupOf(again);
  expect(new TextDecoder().decode(info)).toBe(
    epoch === 0 ? new TextDecoder().decode(INFO) : "perhaps",
  );
  await commit(again, { epoch });
  expect((await groupOf(again)).epoch).toBe(epoch + 1);
});
