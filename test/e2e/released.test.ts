import { expect } from "bun:test";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "./program.ts";
import { sandboxTest } from "./shared-server.ts";
import { Tab } from "./tab.ts";

const RELEASED = join(import.meta.dir, "..", "released");
const PICTURE = "57d67575cd4d84dd2089e6e5e3d63fbe92518495302242d987b958f9c068d4d6";
const UNSENT = "a word said while the server was away";

const TEXTS = [
  "Hello, this is the first word",
  "waves",
  "a word in the locked room",
  "an edited wrod",
  "an edited word",
  "a private word",
  "bob answers @ana",
  "bob to ana",
  "a word in the locked room",
  "hello back",
];

/** Copy the folder, because a server may upgrade the folder that it opens. */
function restore(
  sandbox: Sandbox,
  version: string,
): { readonly data: string; readonly home: string } {
  const [data, home] = [sandbox.path("data"), sandbox.path("ana")];
  cpSync(join(RELEASED, version, "data"), data, { recursive: true });
  cpSync(join(RELEASED, version, "home"), home, { recursive: true });
  return { data, home };
}

const NEWER_TEXTS = [
  "Hello, this is the first word",
  "bob answers @ana",
  "an edited wrod",
  "an edited word",
  "a private word",
  "kept for a hundred years",
  "after the new key",
  "a pinned word",
  "words with the plan",
  "better words with the plan",
  "a new word of 0.2.0",
  "reads",
  "a word of the study",
  "a reply in the study",
];
const NEWER_KINDS = ["group", "unreadable", "action", "grant", "mute", "leave", "rename"];
const PINNED_SEQ = 22;
const SEALED_TEXT = "a sealed word";

const textsOf = (records: readonly { readonly [key: string]: unknown }[]) =>
  records.flatMap(({ text }) => (typeof text === "string" ? [text] : []));

sandboxTest("continues with a data folder and a home of 0.1.0", async (sandbox) => {
  restore(sandbox, "0.1.0");
  const { listening, address, data } = await sandbox.serve({ data: "data" });
  expect(listening["fingerprint"]).toBe("SHA256:ACtWfqkwIywscJV0ni4wY_UngpXsgKuf2Qf_XHueZ8M");
  const server = ["--server", address];

  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const joined = await ana.join([address]);
  await joined.json("text", { text: UNSENT, from: "ana" });
  await joined.finish();
  expect(textsOf(await ana.json(["history", ...server, "--last", "1000"])).toSorted()).toEqual(
    [...TEXTS, UNSENT].toSorted(),
  );

  const bob = sandbox.home("bob").with({ CHAT_USER: "bob", CHAT_PASSWORD: "bob-password-1" });
  expect((await bob.run(["login", address])).exitCode).toBe(0);
  const wrong = sandbox.home("other").with({ CHAT_USER: "bob", CHAT_PASSWORD: "guess-1234" });
  expect((await wrong.run(["login", address])).exitCode).toBe(3);
  const carol = sandbox.home("carol").with({ CHAT_USER: "carol", CHAT_PASSWORD: "carol-pw-12345" });
  expect((await carol.run(["login", address])).exitCode).toBe(3);
  const library = await bob.run(["join", address], { stdin: "/join library guess-1234\n" });
  expect(library.err).toContain("wrong password for this room");
  const entered = await bob.run(["join", address], { stdin: "/join library booksandsilence\n" });
  expect(entered.exitCode).toBe(0);
  const rooms = await bob.json(["rooms", ...server]);
  expect(rooms).toContainEqual(expect.objectContaining({ room: "library", joined: true }));
  const got = await bob.json(["get-file", "fT6eiLjyN1vs", ...server, "--out", sandbox.path()]);
  expect(got.at(-1)).toMatchObject({ kind: "got", name: "picture.bin", sizeBytes: 700_000 });
  const bytes = await Bun.file(sandbox.path("picture.bin")).bytes();
  expect(new Bun.CryptoHasher("sha256").update(bytes).digest("hex")).toBe(PICTURE);

  const stored = await bob.json(["history", "--data", data, "--last", "1000"]);
  expect(textsOf(stored).filter((text) => text === UNSENT)).toHaveLength(1);
});

sandboxTest("verifies and continues with a data folder and a home of 0.2.0", async (sandbox) => {
  const { data } = restore(sandbox, "0.2.0");
  const reader = sandbox.home("reader");
  const verified = await reader.json(["verify", "--data", data]);
  expect(verified.at(-1)).toMatchObject({ kind: "verify", ok: true, size: 49 });
  const records = await reader.json(["history", "--data", data, "--last", "1000"]);
  expect(textsOf(records).toSorted()).toEqual(NEWER_TEXTS.toSorted());
  const kinds = new Set(records.map(({ kind }) => kind));
  const wanted = ["erased", "edited", "reaction", "file", "retention", "pin", "receipts", "topic"];
  for (const kind of [...wanted, ...NEWER_KINDS]) expect(kinds).toContain(kind);

  const { listening, address } = await sandbox.serve({ data: "data" });
  // Second key of this server, signed by the first.
  expect(listening["fingerprint"]).toBe("SHA256:BHi9tSNq7SRDRz69ZSizjXzgihZI2841lweU77uoJRw");
  const server = ["--server", address];
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const online = await ana.json(["history", ...server, "--last", "1000"]);
  expect(textsOf(online).toSorted()).toEqual([...NEWER_TEXTS, SEALED_TEXT].toSorted());
  const held = await ana.run(["verify", address, "--all"]);
  expect([held.exitCode, held.out]).toEqual([0, expect.stringMatching(/^ok: 49 records of chat/)]);
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob", CHAT_PASSWORD: "bob-password-1" });
  expect((await bob.run(["login", address])).exitCode).toBe(0);
  await bob.json(["get-file", "fUv6nbvADnoM", ...server, "--out", sandbox.path()]);
  expect(await Bun.file(sandbox.path("small.txt")).text()).toBe("a small file\n");
  await ana.json(["send", "and on", ...server]);
  await ana.json(["send", "and on", "--to", "vault", ...server]);

  const joined = await ana.join([address]);
  expect(await joined.json("announced")).toMatchObject({ text: "the house moves on Friday" });
  joined.type("/join den", "/pins");
  expect(await joined.json("text", { text: "a pinned word", room: "den" })).toBeDefined();
  joined.type("/saved");
  expect(await joined.json("text", { text: "a pinned word", room: "den" })).toBeDefined();
  joined.type("/join vault", SEALED_TEXT);
  expect(await joined.json("text", { text: SEALED_TEXT, room: "vault" })).toBeDefined();
  await joined.finish();
  const ca = readFileSync(join(data, "tls.crt"), "utf8");
  const tab = new Tab(String(listening["web"]), { ca });
  await tab.notice("welcome");
  const deviceKey = tab.device.publicKey;
  await tab.ask("login", { user: "bob", deviceKey, password: "bob-password-1" });
  const { rooms, saved } = await tab.ask("prefs", {});
  const room = rooms[0]?.room ?? "";
  expect(rooms).toEqual([{ room, muted: 0, favourite: true }]);
  expect(saved).toEqual([{ room, seq: PINNED_SEQ }]);
  tab.close();
});

sandboxTest("converts a folder at the first use of a new function, not before", async (sandbox) => {
  const { data } = restore(sandbox, "0.2.0");
  const formatNow = () => JSON.parse(readFileSync(join(data, "format.json"), "utf8"));
  const released = { format: 2, minReader: 2 };
  const other = await sandbox.serve({ data: "other" });
  const failed = await sandbox
    .home("operator")
    .run(["serve", "--data", data, "--host", "127.0.0.1", "--port", String(other.port)]);
  expect([failed.exitCode, formatNow()]).toEqual([1, released]);

  const { address, program } = await sandbox.serve({ data: "data" });
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  await ana.json(["send", "as before", "--server", address]);
  expect(formatNow()).toEqual(released);
  const joined = await ana.join([address]);
  joined.type("/poll Lunch? | yes | no");
  await joined.json("text", { text: "Lunch?\n1. yes\n2. no" });
  await joined.finish();
  expect(formatNow()).toEqual({ format: 3, minReader: 3 });
  const kept = JSON.parse(readFileSync(join(data, "format-2.json"), "utf8"));
  const records = await ana.json(["history", "--data", data, "--last", "1000"]);
  const poll = records.find(({ poll }) => poll !== undefined);
  expect(kept).toMatchObject({ ...released, history: Number(poll?.["seq"]) - 1 });
  expect(program.err.all.filter((line) => line.includes("format 3 (was 2)"))).toHaveLength(1);
});
