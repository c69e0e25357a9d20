import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FILES = {
  LICENSE: "MIT\n",
  "THIRD-PARTY.txt": "none\n",
  "completions/chat.bash": "found=$(chat complete -- x)\n",
  "completions/_chat": "#compdef chat\n",
  "completions/chat.fish": "complete -c chat\n",
  "guides/index.html": "<!doctype html>\n",
  "man/man1/chat.1": ".TH CHAT 1\n",
  "man/man1/chat-serve.1": ".TH CHAT-SERVE 1\n",
};
export const EPOCH = 1_700_000_000;

export function standInFiles(folder: string, mtime = EPOCH): string {
  for (const [path, text] of Object.entries(FILES)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    utimesSync(file, mtime, mtime);
  }
  return folder;
}

export function standInPrograms(folder: string, targets: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  for (const target of targets) {
    const name = `chat-${target}${target.startsWith("windows") ? ".exe" : ""}`;
    writeFileSync(join(folder, name), "#!/bin/sh\necho 'chat 0.2.0'\n", { mode: 0o755 });
  }
  return folder;
}
