import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { Glob } from "bun";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { file, largeFile, MIB, noise, sha256 } from "./couriers.ts";
import { type Home, ndjson, Sandbox } from "./program.ts";
import { halted, wired } from "./wired.ts";

/** Files of sealed rooms with the compiled program. */

const CANARY = "a canary that sings";
const PLAIN = CHUNK_BYTES - 16;
const PLACE = 3 * TRANSFER_SYNC_BYTES;

/** A sealed room with both in it. */
async function sealed(ana: Home, bob: Home): Promise<void> {
  const [one, other] = [await ana.join([]), await bob.join([])];
  one.type("/join vault --sealed");
  await one.json("joined", { room: "vault" });
  // He can be let in as soon as his program has given keys for that.
  for (let isIn = false; !isIn; ) {
    one.type("/invite bob", "/sealed");
    const { members } = await one.json("sealing");
    isIn = (members as readonly { readonly user: string }[]).some(({ user }) => user === "bob");
  }
  await other.json("may-join", { room: "vault" });
  other.type("/join vault");
  await one.json("join", { from: "bob", room: "vault" });
  for (const program of [one, other]) {
    program.type("/quit");
    await program.ended(30_000);
  }
}

function send(home: Home, path: string, ...more: string[]) {
  return home.start(["send-file", path, "--to", "vault", "--json", ...more]);
}

const SAID = ["--caption", "words with it"];

/** Rows of files in the room, as it is listed. */
async function listed(home: Home): Promise<unknown[]> {
  const rows = await home.json(["history", "--room", "vault"]);
  return rows.filter(({ kind }) => kind === "file").map(({ name }) => name);
}

async function scene(act: (sandbox: Sandbox, ana: Home, bob: Home) => Promise<void>) {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const [ana, bob] = ["ana", "bob"].map((name) => sandbox.home(name).with({ CHAT_USER: name }));
  if (ana === undefined || bob === undefined) throw new Error("two");
  await sealed(ana, bob);
  await act(sandbox, ana, bob);
}

test(
  "of all sizes arrive as they were; the server's folder has neither words nor names",
  () =>
    scene(async (sandbox, ana, bob) => {
      const inbox = sandbox.path("inbox");
      const sizes = [0, 1, PLAIN - 1, PLAIN, PLAIN + 1, 5 * MIB];
      for (const size of sizes) {
        const path = file(sandbox, `${CANARY} ${size}.txt`, noise(size));
        const [sent] = ndjson((await send(ana, path).ended(60_000)).out).filter(
          ({ kind }) => kind === "file",
        );
        expect(sent).toMatchObject({ name: `${CANARY} ${size}.txt`, sizeBytes: size });
        const args = ["get-file", String(sent?.["id"]), "--out", inbox];
        const got = (await bob.json(args)).find(({ kind }) => kind === "got");
        expect(got).toMatchObject({ from: "ana", digest: sent?.["digest"], sizeBytes: size });
        expect(sha256(`${inbox}/${CANARY} ${size}.txt`)).toBe(sha256(path));
      }
      const words = file(sandbox, "words.txt", Buffer.from(`${CANARY}\n`.repeat(50_000)));
      await send(ana, words, "--name", "../../etc/passwd".replaceAll("/", "\u202e")).ended(60_000);
      const piped = ana.start(["send-file", "-", "--to", "vault", "--name", "stdin", "--json"]);
      piped.type(CANARY);
      expect((await piped.finish()).exitCode).toBe(0);
      const names = await listed(bob);
      expect(names).toHaveLength(sizes.length + 2);
      const files = await bob.json(["files"]);
      expect(files.map(({ name }) => name)).toEqual(names);
      const [, , , , , , hostile] = files;
      const args = ["get-file", String(hostile?.["id"]), "--out", sandbox.path("safe")];
      expect((await bob.run(args)).exitCode).toBe(0);
      const [safe = ""] = readdirSync(sandbox.path("safe"));
      expect(safe).not.toMatch(/[\u202e/]/u);
      expect(readFileSync(sandbox.path("safe", safe), "utf8")).toContain(CANARY);
      for await (const path of new Glob("**/*").scan({ cwd: sandbox.path("data"), dot: true })) {
        expect(path).not.toContain("canary");
        const bytes = readFileSync(sandbox.path("data", path));
        expect([path, bytes.includes("canary"), bytes.includes("words.txt")]).toEqual([
          path,
          false,
          false,
        ]);
      }
    }),
  120_000,
);

test(
  "go on after kill -9 at both ends, and are told of once",
  () =>
    wired(async ({ sandbox, relay, ana, bob }) => {
      await sealed(ana, bob);
      const path = largeFile(sandbox, "large.img");
      const sending = await halted(relay, "up", PLACE, () => send(ana, path, ...SAID));
      await sending.signal("SIGKILL");
      relay.release();
      const again = await send(ana, path, ...SAID).ended(60_000);
      const [sent] = ndjson(again.out).filter(({ kind }) => kind === "file");
      expect(Number(sent?.["resumedBytes"])).toBeGreaterThanOrEqual(TRANSFER_SYNC_BYTES);
      expect(await listed(bob)).toEqual(["large.img"]);
      const [file] = await bob.json(["history", "--room", "vault", "--files"]);
      expect(file?.["text"]).toBe("words with it");
      const inbox = sandbox.path("inbox");
      const args = ["get-file", String(sent?.["id"]), "--out", inbox, "--json"];
      const getting = await halted(relay, "down", PLACE, () => bob.start(args));
      await getting.signal("SIGKILL");
      relay.release();
      expect(readdirSync(inbox)).toContain("large.img.part");
      expect(readdirSync(inbox)).not.toContain("large.img");
      const [got] = ndjson((await bob.run(args)).out).filter(({ kind }) => kind === "got");
      expect(Number(got?.["resumedBytes"])).toBeGreaterThanOrEqual(TRANSFER_SYNC_BYTES);
      expect(readdirSync(inbox)).toEqual(["large.img"]);
      expect(sha256(`${inbox}/large.img`)).toBe(sha256(path));
    }),
  120_000,
);

test(
  "go on after kill -9 of the server",
  () =>
    wired(async ({ sandbox, served, relay, ana, bob }) => {
      await sealed(ana, bob);
      const path = largeFile(sandbox, "large.img");
      const sending = await halted(relay, "up", PLACE, () => send(ana, path));
      await served.program.signal("SIGKILL");
      relay.drop();
      await sandbox.serve({ port: served.port });
      const sent = await sending.json("file", {}, 60_000);
      expect((await sending.ended()).exitCode).toBe(0);
      const args = ["get-file", String(sent["id"]), "--out", sandbox.path("inbox"), "--json"];
      expect((await bob.run(args)).exitCode).toBe(0);
      expect(sha256(sandbox.path("inbox", "large.img"))).toBe(sha256(path));
      expect(await listed(bob)).toEqual(["large.img"]);
    }),
  120_000,
);

test("a file is taken by its name, and a line says who came in meanwhile", () =>
  scene(async (sandbox, ana, bob) => {
    const path = sandbox.write("the plan.txt", "of a sealed room\n");
    expect(await send(ana, path).ended(30_000)).toMatchObject({ exitCode: 0 });
    const eve = await sandbox.home("eve").join(["--user", "eve"]);
    const talking = await ana.join(["--room", "vault"]);
    talking.type("/invite eve");
    await talking.json("let-in", { user: "eve", added: 1 });
    await eve.json("may-join", { room: "vault" });
    const out = sandbox.path("taken");
    const got = await bob.run(["get-file", "the plan.txt", "--out", out, "--json"]);
    expect(got.err).toContain("eve came into the sealed room 'vault'");
    expect(got.exitCode).toBe(0);
    expect(ndjson(got.out).filter(({ kind }) => kind === "got")).toMatchObject([
      { name: "the plan.txt" },
    ]);
    expect(readFileSync(`${out}/the plan.txt`, "utf8")).toBe("of a sealed room\n");
    const none = await bob.run(["get-file", "no plan.txt", "--out", out]);
    expect(none.exitCode).toBe(4);
    expect(none.err).toContain("there is no file 'no plan.txt'");
  }));
