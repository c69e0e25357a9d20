/** Transfers with the compiled program: `chat send-file` and `chat get-file`. */
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ServerProcess, startServer } from "./server-process.ts";
import { ChatReceiver } from "./transfer-chat-receiver.ts";
import type { Content } from "./transfer-content.ts";
import {
  type ReceivedContent,
  type TransferContestant,
  type TransferRun,
  type TransferTool,
  Unavailable,
} from "./transfer-contestant.ts";
import { type CommandOptions, runCommand, usageDuring } from "./transfer-usage.ts";

const BINARY = join(import.meta.dir, "..", "dist", "chat");
const COMMAND = process.env["CHAT_CLIENT_COMMAND"]?.split(" ") ?? [BINARY];

export const chatUpload: TransferContestant = {
  name: "chat send-file",
  start: async (folder) => new Upload(await ChatSite.open(folder)),
};

export const chatRelay: TransferContestant = {
  name: "chat send + follow",
  start: async (folder) => {
    const site = await ChatSite.open(folder);
    return new Relay(site, await ChatReceiver.follow(site.command("get-file"), folder));
  },
};

export const chatDownload: TransferContestant = {
  name: "chat get-file",
  start: async (folder) => new Download(await ChatSite.open(folder)),
};

export class ChatSite {
  readonly server: ServerProcess;
  readonly target: string;
  readonly #options: CommandOptions;

  private constructor(server: ServerProcess, folder: string) {
    this.server = server;
    this.target = join(folder, "arrived");
    this.#options = { env: { CHAT_HOME: join(folder, "home"), XDG_RUNTIME_DIR: folder } };
    mkdirSync(this.target);
  }

  static async open(folder: string): Promise<ChatSite> {
    const [program = ""] = COMMAND;
    const help = Bun.spawnSync([...COMMAND, "send-file", "--help"]);
    if (!help.success) throw new Unavailable(`${program} has no send-file: run bun build.ts`);
    const site = new ChatSite(await startServer(), folder);
    for (const user of ["ana", "bob"]) await site.run("register", user, []);
    // The receiver must be in the room. `join` ends at the end of its input.
    await site.run("join", "bob", ["--json"]);
    return site;
  }

  run(verb: string, user: string, args: readonly string[]) {
    return runCommand(this.command(verb, user, args).argv, this.#options);
  }

  command(verb: string, user = "bob", args: readonly string[] = []): ChatCommand {
    const connection = ["--server", `127.0.0.1:${this.server.port}`, "--user", user];
    return { argv: [...COMMAND, verb, ...connection, ...args], env: this.#options.env ?? {} };
  }

  async send(path: string) {
    const { usage, stdout } = await this.run("send-file", "ana", ["--json", path]);
    return { usage, file: sentFile(stdout) };
  }

  storedPath(id: string): string {
    return join(this.server.folder, "data", "files", id, "content");
  }

  forget(): void {
    rmSync(this.target, { recursive: true });
    mkdirSync(this.target);
  }
}

export interface ChatCommand {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

class Upload implements TransferTool {
  readonly #site: ChatSite;
  #path = "";

  constructor(site: ChatSite) {
    this.#site = site;
  }

  async transfer(content: Content): Promise<TransferRun> {
    const site = this.#site;
    const [done, receiver] = await usageDuring(site.server.pid, async () => {
      const started = performance.now();
      const { usage, file } = await site.send(content.path);
      return { sender: usage, seconds: (performance.now() - started) / 1000, file };
    });
    this.#path = site.storedPath(done.file.id);
    return { ...done, receiver, received: storedArrival(this.#path, content) };
  }

  removeReceived(): void {
    rmSync(this.#path, { force: true });
  }

  stop(): Promise<void> {
    return this.#site.server.stop();
  }
}

class Relay implements TransferTool {
  readonly #site: ChatSite;
  readonly #receiver: ChatReceiver;
  #path = "";

  constructor(site: ChatSite, receiver: ChatReceiver) {
    this.#site = site;
    this.#receiver = receiver;
  }

  async transfer(content: Content): Promise<TransferRun> {
    const site = this.#site;
    const [[done, receiver], server] = await usageDuring(site.server.pid, () =>
      usageDuring(this.#receiver.pid, async () => {
        const started = performance.now();
        const sending = site.send(content.path);
        const got = await this.#receiver.next();
        const { usage, file } = await sending;
        if (got.id !== file.id) throw new Error(`received ${got.id} instead of ${file.id}`);
        const seconds = (performance.now() - started) / 1000;
        return { sender: usage, seconds, file, path: got.path };
      }),
    );
    this.#path = site.storedPath(done.file.id);
    return { ...done, receiver, server, received: { path: done.path } };
  }

  removeReceived(): void {
    rmSync(this.#path, { force: true });
    this.#receiver.removeReceived();
  }

  async stop(): Promise<void> {
    await this.#receiver.stop();
    await this.#site.server.stop();
  }
}

class Download implements TransferTool {
  readonly #site: ChatSite;
  #id = "";

  constructor(site: ChatSite) {
    this.#site = site;
  }

  async prepare(content: Content): Promise<void> {
    this.#id = (await this.#site.send(content.path)).file.id;
  }

  async transfer(): Promise<TransferRun> {
    const site = this.#site;
    const [done, sender] = await usageDuring(site.server.pid, async () => {
      const started = performance.now();
      const args = ["--json", "--out", site.target, this.#id];
      const { usage, stdout } = await site.run("get-file", "bob", args);
      const seconds = (performance.now() - started) / 1000;
      return { receiver: usage, seconds, path: gotPath(stdout) };
    });
    return { ...done, sender, received: { path: done.path } };
  }

  removeReceived(): void {
    rmSync(this.#site.storedPath(this.#id), { force: true });
    this.#site.forget();
  }

  stop(): Promise<void> {
    return this.#site.server.stop();
  }
}

/** The server stores a folder as one file: a manifest followed by the contents. */
function storedArrival(path: string, content: Content): ReceivedContent {
  return { path, skipBytes: statSync(path).size - content.sizeBytes };
}

function sentFile(stdout: string): { id: string; sizeBytes: number } {
  return lineOf(stdout, "file") as { id: string; sizeBytes: number };
}

function gotPath(stdout: string): string {
  return (lineOf(stdout, "got") as { path: string }).path;
}

function lineOf(stdout: string, kind: string): object {
  const lines = stdout.trim().split("\n");
  const found = lines.map((line) => JSON.parse(line)).find((line) => line.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} line in: ${stdout.slice(0, 500)}`);
  return found;
}
