import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { CHAT } from "./binary.ts";
import type { Home } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const server = new SharedServer();

/** Runs a script in which `chat` shares its standard input with the lines before and after it. */
async function run(home: Home, script: string, path: string): Promise<string> {
  const chat = `chat() { "${CHAT}" "$@" >/dev/null; }`;
  const child = Bun.spawn(["sh", "-c", `${chat}; { ${script}; } < "$0"`, path], {
    env: { ...home.environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const out = await child.stdout.text();
  expect(await child.exited).toBe(0);
  return out;
}

server.test("a file on standard input is read from where it stands", async (sandbox) => {
  const home = sandbox.home("script").with({ CHAT_USER: "script" });
  await home.json(["register"]);
  const path = sandbox.path("lines");
  writeFileSync(path, "a secret of the script\none\ntwo\n");
  const rest = await run(home, "read -r taken; chat send; echo rest:; cat", path);
  expect(rest).toBe("rest:\n");
  await run(home, 'while read -r line; do chat send -- "$line"; chat send; done', path);
  await run(home, "read -r taken; chat send-file - --name two.txt", path);
  const posted = await home.json(["history"]);
  const texts = posted.filter(({ kind }) => kind === "text").map(({ text }) => text);
  expect(texts).toEqual(["one", "two", "a secret of the script", "one", "two"]);
  const [file] = posted.filter(({ kind }) => kind === "file");
  expect(file).toMatchObject({ files: [{ name: "two.txt", sizeBytes: 8 }] });
});
