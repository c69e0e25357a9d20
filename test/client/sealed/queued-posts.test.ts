import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nativeSealPrimitives } from "../../../src/cli/connect/keys.ts";
import type { SealedHome } from "../../../src/client/sealed/sealing.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { replacePosts, type WireMessage } from "./liar.ts";
import { type Device, type Person, SealedSite } from "./sealed-site.ts";

const CANARY = "canary in a coal mine";

function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => readFileSync(path).includes(text));
}

function opened(device: Device): Device {
  return { ...device, state: ClientState.open(device.folder) };
}

interface Scene {
  readonly world: SealedSite;
  readonly device: Device;
  readonly ana: Person;
  readonly ben: Person;
}

function vaultOnDisk(title: string, run: (scene: Scene) => Promise<unknown>): void {
  test(title, async () => {
    await using world = await SealedSite.open();
    const device = opened(world.device());
    const ana = await world.join("ana", device);
    const ben = await world.join("ben");
    await ana.createSealedRoom("vault");
    await ana.addMember(ben);
    await ana.postText("first");
    await run({ world, device, ana, ben });
  });
}

async function end(person: Person): Promise<void> {
  await person.quit();
  person.device.state.close();
}

async function queue(ana: Person, text: string): Promise<void> {
  ana.tamperingLink.tampering = replacePosts(() => undefined);
  const posted = ana.client.post("vault", { text }).catch(() => undefined);
  await ana.world.pass(100);
  expect(filesWith(ana.device.folder, text)).toEqual([]);
  await end(ana);
  await posted;
}

vaultOnDisk("is encrypted, and sent by the next run", async ({ world, device, ana, ben }) => {
  await queue(ana, CANARY);
  expect(filesWith(device.folder, CANARY)).toEqual([]);
  const next = await world.join("ana", opened(device));
  await ben.waitForText(CANARY);
  await next.waitForText(CANARY);
  expect(filesWith(device.folder, CANARY)).toEqual([]);
  await end(next);
});

for (const [change, key, target] of [
  ["another key of the device", new Uint8Array(32), "vault"],
  ["another target, set by somebody else,", undefined, "lobby"],
] as const) {
  vaultOnDisk(`with ${change} it is reported and not sent`, async ({ world, device, ana }) => {
    await queue(ana, CANARY);
    const database = new Database(join(device.folder, "state.sqlite"));
    database.run("UPDATE outbox SET target = ?", [target]);
    database.close();
    const between = (home: SealedHome): SealedHome =>
      key === undefined ? home : { ...home, stateKey: () => nativeSealPrimitives.aesGcm(key) };
    const next = world.person("ana", { ...opened(device), between });
    const posts: WireMessage[] = [];
    next.tamperingLink.tampering = replacePosts((post) => {
      posts.push(post);
      return post;
    });
    await next.enter();
    const adopted = await next.until("its end", () =>
      next.events.find((event) => event.kind === "settled"),
    );
    const post = { to: target, body: { text: "" } };
    expect(adopted).toMatchObject({ adopted: post, outcome: { fault: { code: "seal-state" } } });
    expect(posts).toEqual([]);
    await end(next);
  });
}
