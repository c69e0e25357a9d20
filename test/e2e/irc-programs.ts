import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { until } from "../event.ts";
import type { Sandbox } from "./program.ts";
import { Screen } from "./tmux.ts";

export interface IrcAccount {
  readonly name: string;
  readonly password: string;
  readonly port: number;
  /** SHA-256 of the certificate, in hex with colons. */
  readonly fingerprint: string;
}

/** WeeChat without a screen: commands go through its FIFO, and each buffer has a log. */
export class WeeChat implements AsyncDisposable {
  readonly #program: Bun.Subprocess<"ignore", "ignore", "ignore">;
  readonly #fifo: string;
  readonly #logs: string;

  private constructor(program: Bun.Subprocess<"ignore", "ignore", "ignore">, folder: string) {
    this.#program = program;
    this.#fifo = join(folder, "fifo");
    this.#logs = join(folder, "logs");
  }

  static async open(sandbox: Sandbox, account: IrcAccount): Promise<WeeChat> {
    const folder = sandbox.path("weechat");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    rmSync(join(folder, "fifo"), { force: true });
    // Version 4 renamed the options of TLS.
    const tls = ["ssl", "tls"].flatMap((word) => [
      `/set irc.server.chat.${word} on`,
      `/set irc.server.chat.${word}_fingerprint "${account.fingerprint.replaceAll(":", "")}"`,
    ]);
    const start = [
      `/set fifo.file.path "${join(folder, "fifo")}"`,
      "/fifo disable",
      "/fifo enable",
      "/set logger.file.flush_delay 0",
      `/set logger.file.path "${join(folder, "logs")}"`,
      '/set logger.file.mask "$plugin.$name.log"',
      `/server add chat 127.0.0.1/${account.port}`,
      ...tls,
      `/set irc.server.chat.nicks "${account.name}"`,
      "/set irc.server.chat.sasl_mechanism plain",
      `/set irc.server.chat.sasl_username "${account.name}"`,
      `/set irc.server.chat.sasl_password "${account.password}"`,
      '/set irc.server.chat.capabilities "server-time,message-tags,away-notify,extended-join"',
      "/set irc.server.chat.autoreconnect_delay 1",
      "/set irc.look.smart_filter off",
      "/connect chat",
    ];
    const runs = start.flatMap((command) => ["--run-command", command]);
    const program = Bun.spawn(["weechat-headless", "--dir", folder, ...runs], {
      env: { ...sandbox.env, LC_ALL: "C.UTF-8", TERM: "xterm" },
      cwd: sandbox.folder,
      stdio: ["ignore", "ignore", "ignore"],
    });
    const weechat = new WeeChat(program, folder);
    await until("WeeChat's FIFO", () => existsSync(weechat.#fifo));
    return weechat;
  }

  /** @param buffer `#lab`, or `chat` for the server's */
  log(buffer: string): string {
    const name = buffer.startsWith("#") ? `irc.chat.${buffer}.log` : `irc.server.${buffer}.log`;
    const file = join(this.#logs, name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  logs(): ReadonlyMap<string, string> {
    return logsIn(this.#logs);
  }

  async shows(buffer: string, text: string | RegExp): Promise<void> {
    await until(`${text} in ${buffer} of WeeChat`, () => new RegExp(text).test(this.log(buffer)));
  }

  /** Enters a line in a buffer. */
  line(buffer: string, text: string): void {
    const name = buffer.startsWith("#") ? `irc.chat.${buffer}` : `irc.server.${buffer}`;
    appendFileSync(this.#fifo, `${name} *${text}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#program.kill("SIGKILL");
    await this.#program.exited;
  }
}

function logsIn(folder: string): ReadonlyMap<string, string> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

/** Opens irssi, which connects at its start. */
export async function openIrssi(
  sandbox: Sandbox,
  window: string,
  { name, password, port, fingerprint }: IrcAccount,
): Promise<Screen> {
  const folder = sandbox.path("irssi");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(
    join(folder, "config"),
    `servers = ({ address = "127.0.0.1"; chatnet = "chat"; port = "${port}"; use_tls = "yes";
       tls_verify = "no"; tls_pinned_cert = "${fingerprint}"; autoconnect = "yes"; });
     chatnets = { chat = { type = "IRC"; nick = "${name}"; sasl_mechanism = "PLAIN";
       sasl_username = "${name}"; sasl_password = "${password}"; }; };
     settings = { core = { server_reconnect_time = "10s"; };
       "fe-common/core" = { autolog = "yes";
         autolog_path = "${join(folder, "logs", "$0.log")}"; }; };
    `,
  );
  const screen = await Screen.open(sandbox, window);
  screen.line(`exec irssi --home='${folder}'`);
  return screen;
}
