import { expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { Sandbox } from "./program.ts";

type Change = (data: string) => void;

const moved = (data: string) => `${data}.moved`;
const CHANGES: readonly (readonly [string, Change])[] = [
  ["removed", (data) => rmSync(data, { recursive: true })],
  ["moved", (data) => renameSync(data, moved(data))],
  [
    "replaced by an empty folder",
    (data) => {
      renameSync(data, moved(data));
      mkdirSync(data);
    },
  ],
  [
    "replaced by a copy",
    (data) => {
      cpSync(data, moved(data), { recursive: true, preserveTimestamps: true });
      rmSync(data, { recursive: true });
      renameSync(moved(data), data);
    },
  ],
];

test.each(CHANGES)(
  "a server whose data folder was %s confirms nothing and ends",
  async (_, change) => {
    await using sandbox = new Sandbox();
    const { program } = await sandbox.serve({ args: ["--open"] });
    const data = sandbox.path("data");
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
    await ana.json(["send", "one"]);
    change(data);
    const names = () => (existsSync(data) ? readdirSync(data) : undefined);
    const before = names();
    const sent = await ana.run(["send", "two"]);
    expect([1, 5]).toContain(sent.exitCode); // 5 if the server has ended before.
    const ended = await program.finish();
    expect(ended.exitCode).toBe(1);
    expect(ended.err).toContain("was removed or replaced while in use");
    expect(names()).toEqual(before);
  },
);

test("an idle server ends when its data folder was removed", async () => {
  await using sandbox = new Sandbox();
  const { program } = await sandbox.serve({ args: ["--open"] });
  rmSync(sandbox.path("data"), { recursive: true });
  expect((await program.finish()).exitCode).toBe(1);
});
