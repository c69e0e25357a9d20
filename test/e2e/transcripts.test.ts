import { test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expectGolden } from "../golden.ts";
import { Sandbox } from "./program.ts";
import { stepsIn, Transcript } from "./transcript.ts";

/** Output that scripts read: NDJSON, columns, HTTP. CHAT_GOLDEN=write records it again. */

const FOLDER = join(import.meta.dir, "transcripts");

test.each(readdirSync(FOLDER))("the transcript %s is unchanged", async (name) => {
  await using sandbox = new Sandbox();
  const path = join(FOLDER, name);
  const text = readFileSync(path, "utf8");
  for (const [file, content] of Object.entries(FILES)) sandbox.write(file, content);
  const served = await sandbox.serve({ args: ["--name", "the lab"] });
  const now = await new Transcript(sandbox, served).run(stepsIn(text));
  expectGolden(path, now);
});

const FILES: Readonly<Record<string, string>> = {
  "notes.txt": "one\ntwo\n",
  password: "correct horse\n",
  "new-password": "battery staple\n",
  "import.ndjson": [
    '{"kind":"text","time":"2026-01-02T03:04:05.678Z","room":"old","from":"zoe","text":"imported"}',
    '{"kind":"action","time":"2026-01-02T03:04:06.000Z","room":"old","from":"zoe","text":"waves"}',
    "",
  ].join("\n"),
};
