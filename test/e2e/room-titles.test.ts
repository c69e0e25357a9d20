import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ndjson } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const server = new SharedServer();

server.test("shows the display name of a room", async (sandbox) => {
  const ida = sandbox.home("ida").with({ CHAT_USER: "ida" });
  const jon = sandbox.home("jon").with({ CHAT_USER: "jon" });
  await jon.run(["join", "--room", "lobby"]);
  const made = await ida.run(["join"], {
    stdin: "/join year-7-blue\n/title  Year 7  Blue\n@jon homework until Friday\n/rooms\n",
  });
  expect(made.err).toContain("year-7-blue is now called Year 7 Blue");
  expect(made.err).toContain("Year 7 Blue (year-7-blue, 1, joined)");
  const refused = await jon.run(["join", "--json"], {
    stdin: "/join Year7Blue\n/join year-7-blue\n/title Ours\n",
  });
  expect(ndjson(refused.out).filter(({ kind }) => kind === "fault")).toMatchObject([
    { code: "name-taken", remedy: "to join it: /join year-7-blue; or choose another name" },
    { code: "not-allowed", message: "you are not a moderator of 'year-7-blue'" },
  ]);
  expect((await jon.json(["rooms"])).find(({ room }) => room === "year-7-blue")).toMatchObject({
    title: "Year 7 Blue",
  });
  const lines = (await jon.run(["rooms"])).out.split("\n");
  expect(lines.find((line) => line.startsWith("year-7-blue\t"))).toEndWith("\tYear 7 Blue");
  const history = await jon.json(["history", "--room", "year-7-blue"]);
  const place = { room: "year-7-blue", title: "Year 7 Blue" };
  expect(history.filter(({ kind }) => kind === "profile" || kind === "text")).toMatchObject([
    { kind: "profile", ...place, from: "ida" },
    { kind: "text", ...place, text: "@jon homework until Friday" },
  ]);
  const plain = (await jon.run(["history", "--room", "year-7-blue"])).out;
  expect(plain).toContain("\tyear-7-blue\tida\tset the display name: Year 7 Blue\t");
  await ida.run(["send", "--to", "year-7-blue", "@jon and the drawing"]);
  expect((await jon.json(["inbox"])).find(({ kind }) => kind === "unread")).toMatchObject(place);
  const data = ["--data", server.served.data];
  expect(await jon.json(["history", "--room", "year-7-blue", ...data])).toContainEqual(
    expect.objectContaining({ ...place, kind: "text" }),
  );
  for (const [folder, source] of [
    ["live", []],
    ["data", data],
  ] as const) {
    const out = sandbox.path(folder);
    await jon.run(["export", "--room", "year-7-blue", "--out", out, "--html", ...source]);
    expect(readFileSync(join(out, "year-7-blue.html"), "utf8")).toContain("<h1>Year 7 Blue</h1>");
  }
  const named = await ida.json(["admin", "room", "title", "year-7-blue", "Klasse 7b", ...data]);
  expect(named).toMatchObject([{ kind: "title", room: "year-7-blue", title: "Klasse 7b" }]);
  const kept = await ida.run(["admin", "room", "rename", "year-7-blue", "8b", ...data]);
  expect(kept.err).toContain(
    "renamed year-7-blue to 8b, still shown as Klasse 7b; to change that: chat admin room title 8b",
  );
  const back = await ida.run(["admin", "room", "rename", "8b", "year-7-blue", "--json", ...data]);
  expect(ndjson(back.out)).toMatchObject([{ name: "year-7-blue", title: "Klasse 7b" }]);
  await ida.run(["admin", "room", "title", "year-7-blue", ...data]);
  expect((await jon.json(["rooms"])).find(({ room }) => room === "year-7-blue")?.["title"]).toBe(
    undefined,
  );
});

server.test("makes rooms of a list's classes, and names them in a dry run", async (sandbox) => {
  const olga = sandbox.home("olga");
  const list = sandbox.path("list.csv");
  writeFileSync(list, 'name,class\nzara,"VII A, XI IPA 2"\n');
  const args = ["admin", "accounts", "import", list, "--data", server.served.data];
  const dry = await olga.run([...args, "--dry-run"]);
  expect(dry.err).toContain("new room 'VII A' as vii-a; new room 'XI IPA 2' as xi-ipa-2");
  expect(await olga.json([...args, "--cards", sandbox.path("cards.html")])).toContainEqual(
    expect.objectContaining({ kind: "create-room", room: "vii-a", title: "VII A" }),
  );
  const rooms = await olga.json(["admin", "rooms", "--data", server.served.data]);
  expect(rooms).toContainEqual(expect.objectContaining({ room: "vii-a", title: "VII A" }));
  expect((await olga.run([...args, "--dry-run"])).err).toContain("nothing to change");
});

server.test("refuses to post by a former name", async (sandbox) => {
  const kim = sandbox.home("kim").with({ CHAT_USER: "kim" });
  await kim.run(["join", "--room", "7a"]);
  const data = ["--data", server.served.data];
  await kim.run(["admin", "room", "rename", "7a", "8a", ...data]);
  writeFileSync(sandbox.path("work.txt"), "work");
  for (const args of [
    ["send", "--to", "7a", "early"],
    ["send", "--to", "#7A"],
    ["send-file", sandbox.path("work.txt"), "--to", "7a"],
  ]) {
    const { exitCode, err } = await kim.run(args, { stdin: "a line\n" });
    expect([args, exitCode, err]).toEqual([
      args,
      4,
      expect.stringMatching(/'7a' is now called '8a'; write 8a if you mean this room/i),
    ]);
  }
  expect((await kim.run(["send", "--to", "8a", "late"])).exitCode).toBe(0);
  const kinds = (await kim.json(["history", "--room", "8a"])).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "text" || kind === "file")).toEqual(["text"]);
});
