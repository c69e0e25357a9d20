import { expect, test } from "bun:test";
import type { Home, Json } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

/** Compares one-shot with slash commands; test/ui/parity.test.ts compares the interfaces. */

interface Pair {
  /** Slash commands of ana before it. */
  readonly before?: readonly string[];
  /** ROOM is the room, SEQ the number of ben's message there. */
  readonly slash: string;
  readonly command: readonly string[];
  readonly fault?: string;
}

const PAIRS: Readonly<Record<string, Pair>> = {
  "a post": { slash: "hello @ben", command: ["send", "--to", "ROOM", "hello @ben"] },
  "a direct message": { slash: "/msg ben psst", command: ["send", "--to", "@ben", "psst"] },
  "a message to an unknown user": {
    slash: "/msg nobody hi",
    command: ["send", "--to", "@nobody", "hi"],
    fault: "user-unknown",
  },
  "a file": {
    slash: "/send FILE --caption two lines",
    command: ["send-file", "FILE", "--to", "ROOM", "--caption", "two lines"],
  },
  "a kick": {
    slash: "/kick ben too loud",
    command: ["admin", "kick", "ben", "--room", "ROOM", "--reason", "too loud"],
  },
  "a kick of an unknown user": {
    slash: "/kick nobody",
    command: ["admin", "kick", "nobody", "--room", "ROOM"],
    fault: "user-unknown",
  },
  "a mute": { slash: "/mute ben", command: ["admin", "mute", "ben", "--room", "ROOM"] },
  "the end of a mute": {
    before: ["/mute ben"],
    slash: "/unmute ben",
    command: ["admin", "unmute", "ben", "--room", "ROOM"],
  },
  "a grant": { slash: "/grant ben", command: ["admin", "grant", "ben", "--room", "ROOM"] },
  "the end of a grant": {
    before: ["/grant ben"],
    slash: "/revoke ben",
    command: ["admin", "revoke", "ben", "--room", "ROOM"],
  },
  "an erasure": { slash: "/erase SEQ", command: ["admin", "erase", "SEQ"] },
  "an erasure of nothing": {
    slash: "/erase 999999",
    command: ["admin", "erase", "999999"],
    fault: "not-found",
  },
};

const server = new SharedServer();

test("one-shot commands have the effect of slash commands", async () => {
  const { sandbox, served } = server;
  const [ana, ben] = [sandbox.home("ana"), sandbox.home("ben")];
  const caption = sandbox.write("notes.txt", "one\ntwo\n");
  await ana.json(["register", served.invite, "--user", "ana"]);
  await ben.json(["register", served.invite, "--user", "ben"]);
  await ana.json(["admin", "grant", "ana", "--user", "ana"]);
  const pairs = Object.values(PAIRS);
  const roomsOf = (variant: string) => pairs.map((_, i) => `${variant}-${i}`);
  const [slashRooms, commandRooms] = [roomsOf("slash"), roomsOf("command")];
  const typed = (home: Home, lines: readonly string[]) =>
    home.run(["join", "--json"], { stdin: lines.map((line) => `${line}\n`).join("") });
  const rooms = [...slashRooms, ...commandRooms];
  await typed(
    ana,
    rooms.map((room) => `/join ${room}`),
  );
  await typed(
    ben,
    rooms.flatMap((room) => [`/join ${room}`, `first in ${room}`]),
  );
  await typed(
    ana,
    rooms.flatMap((room, i) => [`/join ${room}`, ...(pairs[i % pairs.length]?.before ?? [])]),
  );
  const before = await ana.json(["history"]);
  const seqIn = (room: string) =>
    String(before.find(({ text }) => text === `first in ${room}`)?.["seq"]);
  const filled = (text: string, room: string) =>
    text.replace("FILE", caption).replace("ROOM", room).replace("SEQ", seqIn(room));

  const slashes = slashRooms.map((room, i) => [
    `/join ${room}`,
    filled(pairs[i]?.slash ?? "", room),
  ]);
  const slashRun = await typed(ana, slashes.flat());
  const last = Number((await ana.json(["history"])).at(-1)?.["seq"]);
  const commandFaults: (string | undefined)[] = [];
  for (const [i, room] of commandRooms.entries()) {
    const command = pairs[i]?.command.map((text) => filled(text, room)) ?? [];
    commandFaults.push(faultsIn((await ana.run([...command, "--json"])).out)[0]);
  }
  expect(commandFaults).toEqual(pairs.map(({ fault }) => fault));
  expect(faultsIn(slashRun.out)).toEqual(pairs.flatMap(({ fault }) => fault ?? []));

  const start = Number(before.at(-1)?.["seq"]);
  const after = await ana.json(["history"]);
  const effects = (room: string, isOf: (seq: number) => boolean) =>
    after
      .filter((record) => {
        const isHere = record["room"] === room || record["to"] === "ben";
        return isHere && (isOf(Number(record["seq"])) || record["kind"] === "erased");
      })
      .map(({ seq: _, time: _time, room: _room, files, ...facts }) => ({
        ...facts,
        files: Array.isArray(files) ? files.map(({ id: _id, ...file }: Json) => file) : [],
      }));
  for (const [i, room] of commandRooms.entries()) {
    const asSlash = effects(slashRooms[i] ?? "", (seq) => seq > start && seq <= last);
    expect(effects(room, (seq) => seq > last)).toEqual(asSlash);
    if (pairs[i]?.fault === undefined) expect(asSlash).not.toEqual([]);
  }
});

function faultsIn(out: string): string[] {
  return [...out.matchAll(/"kind":"fault","code":"([^"]+)"/g)].map(([, code = ""]) => code);
}
