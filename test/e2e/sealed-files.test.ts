import { beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { file, gets, largeFile, lineOf, MIB, noise, sha256 } from "./couriers.ts";
import { filesOf, type Home, ndjson } from "./program.ts";
import { holding, openVault } from "./sealed-server.ts";
import { halted, WiredCouriers } from "./wired.ts";

const CANARY = "a canary that sings";
const PLAIN = CHUNK_BYTES - 16;
const STALL_BYTES = 2 * TRANSFER_SYNC_BYTES;

const couriers = new WiredCouriers();

beforeAll(async () => {
  const [ana, bob] = [await couriers.ana.join([]), await couriers.bob.join([])];
  await openVault(couriers.served.data, ana, { bob });
  for (const program of [ana, bob]) expect((await program.finish()).exitCode).toBe(0);
});

function send(home: Home, ...args: readonly string[]) {
  return home.start(["send-file", ...args, "--to", "vault", "--json"]);
}

async function listed(home: Home): Promise<unknown[]> {
  const rows = await home.json(["history", "--room", "vault"]);
  return filesOf(rows).map(({ name }) => name);
}

test("delivers files of all sizes without revealing content or names", async () => {
  const { sandbox, ana, bob, served } = couriers;
  const sizes = [0, PLAIN, PLAIN + 1, 2 * MIB];
  const paths = sizes.map((size) => file(sandbox, `${CANARY} ${size}.txt`, noise(size)));
  const ran = await send(ana, ...paths).ended(60_000);
  const sent = ndjson(ran.out).filter(({ kind }) => kind === "file");
  expect(sent.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual(
    sizes.map((size) => [`${CANARY} ${size}.txt`, size]),
  );
  const inbox = couriers.inbox();
  const ids = sent.map(({ id }) => String(id));
  const lines = await bob.json(["get-file", ...ids, "--out", inbox]);
  const got = lines.filter(({ kind }) => kind === "got");
  for (const [i, path] of paths.entries()) {
    const wanted = { from: "ana", digest: sent[i]?.["digest"], sizeBytes: sizes[i] };
    expect(got).toContainEqual(expect.objectContaining(wanted));
    expect(sha256(join(inbox, basename(path)))).toBe(sha256(path));
  }
  const words = file(sandbox, "words.txt", `${CANARY}\n`.repeat(50_000));
  const hostile = "../../etc/passwd".replaceAll("/", "\u202e");
  const { id } = lineOf((await send(ana, words, "--name", hostile).ended(60_000)).out, "file");
  const piped = ana.start(["send-file", "-", "--to", "vault", "--name", "stdin", "--json"]);
  piped.type(CANARY);
  expect((await piped.finish()).exitCode).toBe(0);
  const names = await listed(bob);
  expect(names).toHaveLength(sizes.length + 2);
  expect((await bob.json(["files"])).map(({ name }) => name)).toEqual(names);
  const out = couriers.inbox();
  await gets(bob, id, out);
  const [safe = ""] = readdirSync(out);
  expect(safe).not.toMatch(/[\u202e/]/u);
  expect(readFileSync(join(out, safe), "utf8")).toContain(CANARY);
  for (const word of ["canary", "words.txt"]) expect(await holding(served.data, word)).toEqual([]);
});

test(
  "transfers resume after kill -9 at both ends, and are announced once",
  () =>
    couriers.wired(async ({ sandbox, relay, ana, bob }) => {
      const path = largeFile(sandbox, "ends.img");
      const captionArgs = ["--caption", "words with it"];
      const sending = await halted(relay, "up", STALL_BYTES, () => send(ana, path, ...captionArgs));
      await sending.signal("SIGKILL");
      relay.release();
      const sent = lineOf((await send(ana, path, ...captionArgs).ended(60_000)).out, "file");
      expect(Number(sent["resumedBytes"])).toBeGreaterThanOrEqual(TRANSFER_SYNC_BYTES);
      const files = await bob.json(["history", "--room", "vault", "--files"]);
      const own = filesOf(files).filter(({ name }) => name === "ends.img");
      expect(own).toMatchObject([{ text: "words with it" }]);
      const inbox = couriers.inbox();
      const args = ["get-file", String(sent["id"]), "--out", inbox, "--json"];
      const getting = await halted(relay, "down", STALL_BYTES, () => bob.start(args));
      await getting.signal("SIGKILL");
      relay.release();
      expect(readdirSync(inbox)).toContain("ends.img.part");
      expect(readdirSync(inbox)).not.toContain("ends.img");
      const got = lineOf((await bob.run(args)).out, "got");
      // The sync counts encrypted bytes, which are more than the content's bytes.
      const syncedBytes = TRANSFER_SYNC_BYTES - 2 * CHUNK_BYTES;
      expect(Number(got["resumedBytes"])).toBeGreaterThanOrEqual(syncedBytes);
      expect(readdirSync(inbox)).toEqual(["ends.img"]);
      expect(sha256(join(inbox, "ends.img"))).toBe(sha256(path));
    }),
  180_000,
);
