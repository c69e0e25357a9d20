import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { Sandbox } from "./program.ts";
import { Screen } from "./tmux.ts";

const MEAN_FILE = `it's "q" $(touch EVALUATED) ; touch EVALUATED #.txt`;
const INSTALLING = join(import.meta.dir, "../../docs/install.md");
const READY = /^\$$/;

/** Start files of each shell; they load the script from the folder that `--help` recommends. */
const STARTS: Readonly<Record<string, readonly (readonly [file: string, text: string])[]>> = {
  bash: [
    [".inputrc", "set show-all-if-ambiguous on\nset bell-style none\n"],
    // Loads the script as the package bash-completion does.
    [".bashrc", "PS1='$ '\n. ~/.local/share/bash-completion/completions/chat\n"],
  ],
  zsh: [[".zshrc", "fpath=(~/.zfunc $fpath)\nautoload -Uz compinit && compinit -u\nPS1='$ '\n"]],
  fish: [
    [
      ".config/fish/config.fish",
      "function fish_prompt; echo '$ '; end\nfunction fish_greeting; end\n",
    ],
  ],
};

const sandbox = new Sandbox();
const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
const bin = sandbox.path("bin");
const place = { port: 0, files: [] as string[] };

beforeAll(async () => {
  mkdirSync(bin);
  symlinkSync(CHAT, join(bin, "chat"));
  const { port, invite } = await sandbox.serve({ args: ["--name", "$(touch EVALUATED)"] });
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob", CHAT_INVITE: invite });
  await ana.run(["join", invite], { stdin: "/join lab\nhi\n/join physics\nhi\n" });
  mkdirSync(sandbox.path("here"));
  writeFileSync(sandbox.path("here", MEAN_FILE), "x");
  writeFileSync(sandbox.path("here", "two words.txt"), "y");
  const sent = await bob.json(["send-file", "--to", "@ana", MEAN_FILE, "two words.txt"], {
    cwd: sandbox.path("here"),
  });
  place.port = port;
  place.files = sent.filter(({ kind }) => kind === "file").map(({ id }) => String(id));
  await ana.run(["history"]);
  await ana.run(["files"]);
});

afterAll(() => sandbox[Symbol.asyncDispose]());

async function shellWithScript(shell: string): Promise<Screen> {
  const env = { ...ana.environment, PATH: `${bin}:${sandbox.env["PATH"]}` };
  const help = (await ana.run(["completions", "--help"])).out;
  const [line = ""] = help.match(new RegExp(`mkdir .*chat completions ${shell} .*`)) ?? [];
  expect(await Bun.file(INSTALLING).text()).toContain(`\n${line}\n`);
  const installed = Bun.spawnSync(["sh", "-c", line], { env });
  expect(installed.exitCode).toBe(0);
  for (const [file, text] of STARTS[shell] ?? []) {
    const path = sandbox.path("home", file);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
  }
  const screen = await Screen.open(sandbox, shell, { ...env, BIN: bin });
  // tmux keeps the PATH of its start.
  screen.line(`cd here && PATH="$BIN:$PATH" exec ${shell} -i`);
  await screen.showsOver(`exec ${shell}`, READY);
  return screen;
}

describe.each(["bash", "zsh", "fish"])("%s", (shell) => {
  requires("tmux", shell).test(
    "completes commands, flags, values and names, and evaluates nothing",
    async () => {
      await using screen = await shellWithScript(shell);
      const server = `127.0.0.1:${place.port}`;
      const id = place.files[0] ?? "";
      // The mark shows the cursor. A space before it means that the word is complete.
      const whole = [
        ["chat hist", "chat history ^"],
        ["chat send --to=la", "chat send --to=lab ^"],
        ['chat history --with "@b', 'chat history --with "@bob" ^'],
        ['chat rooms "127.0.0.1:', `chat rooms "${server}" ^`],
        [`chat get-file ${id.slice(0, 6)}`, `chat get-file ${id} ^`],
        ["chat send --to '$(touch EVALUATED)' --to ph", "EVALUATED)' --to physics ^"],
        ['chat send --user "`touch EVALUATED`" --to ph', 'EVALUATED`" --to physics ^'],
        ["chat history --server $(touch EVALUATED) --room ph", "EVALUATED) --room ph^"],
        ["chat history --room two", "chat history --room two^"],
        ["chat send-file two", "chat send-file two\\ words.txt ^"],
        ["chat send-file it", "\\ \\;\\ touch\\ EVALUATED\\ #.txt ^"],
        ["chat receive 7-tig", "chat receive 7-tiger-^"],
        ["chat receive 7-tiger-can", "chat receive 7-tiger-canoe ^"],
        ["chat join --password-file=two", "--password-file=two\\ words.txt ^"],
      ] as const;
      for (const [typed, shown] of whole) {
        screen.type(typed);
        screen.press("Tab");
        screen.type("^");
        await screen.until(`${typed} becomes ${shown}`, (rows) =>
          rows.join("").replaceAll("\\#", "#").includes(shown),
        );
        screen.press("C-u");
        screen.line("clear");
        await screen.until("an empty screen", (rows) => rows.length === 1 && rows[0] === "$");
      }
      screen.type("chat get-file ");
      screen.press("Tab", "Tab");
      for (const one of place.files) await screen.shows(one);
      if (shell !== "bash") await screen.shows("EVALUATED");
      screen.press("C-c");
      expect(readdirSync(sandbox.path("here")).sort()).toEqual([MEAN_FILE, "two words.txt"]);
    },
  );
});
