import { expect } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { Sandbox } from "./program.ts";
import { expectAll, files, lineOf } from "./shared-files.ts";
import { Screen } from "./tmux.ts";

requires("tmux").test(
  "receive prompts for the line, and downloads after confirmation",
  async () => {
    await using sandbox = new Sandbox();
    const sharing = sandbox.home("ana").start(["share", ...files(sandbox), "--user", "ana"]);
    const line = await lineOf(sharing);
    await using bob = await Screen.open(sandbox, "bob", { CHAT_HOME: sandbox.path("bob"), CHAT });
    mkdirSync(sandbox.path("inbox"));
    bob.line("cd inbox; clear; $CHAT receive; echo ended $?");
    for (const answer of ["n", "y"]) {
      await bob.prompts(/^Code or line from chat share:/);
      bob.paste(line);
      bob.press("Enter");
      await bob.shows("chat: photo.jpg (65.5 kB) from ana");
      await bob.shows(/chat: notes \(folder of 3, .*\) from ana/);
      await bob.prompts(/^Accept all \(.*\)\? \[y\/N\]:/);
      expect(readdirSync(sandbox.path("inbox"))).toEqual([]);
      bob.line(answer);
      if (answer === "y") break;
      await bob.shows("nothing was downloaded");
      await bob.shows("ended 130");
      bob.line("clear; $CHAT receive; echo ended $?");
    }
    await bob.shows("ended 0");
    expectAll(sandbox, "inbox");
    expect((await sharing.ended()).exitCode).toBe(0);
  },
);
