import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Json, ndjson, Sandbox } from "./program.ts";

/** Records of one room by number. A live `erased` has the time of the erasure. */
/** Without joins, which the history prints only when asked. */
function recordsOf(lines: readonly Json[]): Map<unknown, Json> {
  const isListed = ({ room, time, kind }: Json) =>
    room === "den" && time !== undefined && kind !== "join";
  const rows = lines.filter(isListed);
  const timeless = rows.map((row) => (row.kind === "erased" ? { ...row, time: "" } : row));
  return new Map(timeless.map((row) => [row["seq"], row]));
}

/** Posts each kind of message between two members, and reads the room as a program can. */
async function readEverywhere(sandbox: Sandbox, isSealed: boolean) {
  const served = await sandbox.serve();
  const [ana, ben] = ["ana", "ben"].map((name) => sandbox.home(name).with({ CHAT_USER: name }));
  if (ana === undefined || ben === undefined) return expect.unreachable();
  const reader = await ben.join([served.invite]);
  const writer = await ana.join([served.invite]);
  writer.type(...(isSealed ? ["/join den --sealed", "/invite ben"] : ["/join den"]));
  await (isSealed ? reader.json("may-join") : writer.json("joined"));
  reader.type("/join den");
  await writer.json("join", { room: "den", from: "ben" });
  const follower = ben.start(["history", "--follow", "--room", "den", "--json"]);
  writer.type("first <b>text</b>\u2028end");
  const { seq = 0 } = await writer.json("ack");
  await follower.json("text");
  await ana.json(["send-file", "-", "--name", "a b.txt", "--to", "den"], { stdin: "content" });
  writer.type("/me waves", `/reply ${seq} an answer to @ben`, `/thread ${seq} below`);
  writer.type(`/edit ${seq} edited`, `/react 👍 ${seq}`, "wrong", "/erase");
  if (!isSealed) writer.type("/poll Tea? | yes | no", "/vote 1", "/topic Waves");
  writer.type(`/pin ${seq}`);
  const pinned = { room: "den", of: seq };
  await Promise.all([reader.json("pin", pinned), follower.json("pin", pinned)]);
  const history = ["history", "--room", "den"];
  const [past, last] = [await ben.json(history), await ben.json([...history, "--last", "99"])];
  await ben.json(["export", "--out", sandbox.path("out"), "--room", "den"]);
  const exported = ndjson(readFileSync(join(sandbox.path("out"), "den.ndjson"), "utf8"));
  const live = { "join --json": reader.jsonLines, "--follow": follower.jsonLines };
  return { served, ben, past, ways: { last, exported, ...live } };
}

const KINDS = "action edited erased file pin reaction text text text";

test("programs read the same facts live, later, from a folder, an export and HTTP", async () => {
  await using sandbox = new Sandbox();
  const { served, ben, past, ways } = await readEverywhere(sandbox, false);
  const stored = await ben.json(["history", "--room", "den", "--data", served.data]);
  const [invited] = await ben.json(["admin", "invite", "--read", "den"]);
  const http = await fetch(`${served.listening["web"]}rooms/den`, {
    headers: { authorization: `Bearer ${invited?.["token"]}` },
    tls: { rejectUnauthorized: false },
  });
  const wanted = recordsOf(past);
  const kinds = [...wanted.values()].map(({ kind }) => kind).toSorted();
  expect(kinds).toEqual([...KINDS.split(" "), "text", "topic", "vote"]);
  for (const [way, lines] of Object.entries({ ...ways, stored, http: ndjson(await http.text()) })) {
    expect({ way, records: recordsOf(lines) }).toEqual({ way, records: wanted });
  }
});

test("programs read the same facts of an encrypted room on each way of a member", async () => {
  await using sandbox = new Sandbox();
  const { past, ways } = await readEverywhere(sandbox, true);
  const wanted = recordsOf(past);
  const kinds = [...wanted.values()].map(({ kind }) => kind).filter((kind) => kind !== "group");
  expect(kinds.toSorted()).toEqual(KINDS.split(" "));
  for (const [way, lines] of Object.entries(ways)) {
    expect({ way, records: recordsOf(lines) }).toEqual({ way, records: wanted });
  }
});
